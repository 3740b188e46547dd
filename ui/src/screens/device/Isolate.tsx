import { Anchor, List } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, body } from "../../api/client";
import type { Isolation } from "../../api/types";
import { Section } from "../../components/Page";
import { Query } from "../../components/States";

/** What isolating the device would stop, before anybody does it. Nothing here does it. */
export function Isolate({ id }: { id: string }) {
  const query = useQuery<Isolation>({ queryKey: ["isolation", id], queryFn: () => body(api.GET("/api/devices/{id}/isolation", { params: { path: { id } } })) });
  return (
    <Section title="If we isolate it" id="isolate" lead="What care loses. This screen changes nothing on the network.">
      <Query query={query} what="what would stop">
        {(plan) => <dl className="facts">
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
        </dl>}
      </Query>
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
