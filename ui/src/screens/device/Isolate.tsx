import { Anchor, List, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Device } from "../../api/types";
import { Section } from "../../components/Page";

/** What isolating the device would stop, before anybody does it. Nothing here does it. */
export function Isolate({ device }: { device: Device }) {
  const plan = device.if_isolated;
  return (
    <Section title="If we isolate it" id="isolate" lead="What care loses. This screen changes nothing on the network.">
      {!plan ? (
        <Text size="sm">Too little was seen of this device to say what would stop. Ask the unit before you cut it off.</Text>
      ) : (
        <dl className="facts">
          <dt>What stops</dt>
          <dd>{plan.stops.length ? <List size="sm">{plan.stops.map((stop) => <List.Item key={stop}>{stop}</List.Item>)}</List> : "Nothing that was seen"}</dd>
          <dt>Clinical conversations cut</dt>
          <dd>{plan.clinical_conversations.length}</dd>
          <dt>Devices that depend on it</dt>
          <dd><Devices ids={plan.dependents} none="None that was seen" /></dd>
          <dt>Could stand in</dt>
          <dd><Devices ids={plan.stand_ins} none="No device of the same kind was seen" /></dd>
          <dt>The rule that would isolate it</dt>
          <dd><code className="mono" style={{ whiteSpace: "pre-wrap" }}>{plan.rule}</code></dd>
          <dt>What can't be judged</dt>
          <dd>{plan.cannot_judge.length ? <List size="sm">{plan.cannot_judge.map((what) => <List.Item key={what}>{what}</List.Item>)}</List> : "Nothing stands in the way of judging"}</dd>
        </dl>
      )}
    </Section>
  );
}

function Devices({ ids, none }: { ids: string[]; none: string }) {
  if (ids.length === 0) return <>{none}</>;
  return (
    <>
      {ids.slice(0, 40).map((id, index) => (
        <span key={id}>
          {index > 0 && ", "}
          <Anchor component={Link} to="/devices/$id" params={{ id } as never}>{id}</Anchor>
        </span>
      ))}
      {ids.length > 40 && ` and ${ids.length - 40} more`}
    </>
  );
}
