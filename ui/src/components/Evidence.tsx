import { Anchor, Button, Group, Text } from "@mantine/core";
import { useId, useState } from "react";
import type { Alternative, Attribute, Evidence } from "../api/types";
import { useTime } from "../lib/zone";
import { plural } from "../lib/time";
import { Sure, Tag } from "./Tags";

/** The observations behind a statement: what said it, where, when, how often. */
export function EvidenceList({ evidence }: { evidence: Evidence[] }) {
  const time = useTime();
  if (evidence.length === 0) return <Text size="sm" c="dimmed">No observation stands behind this.</Text>;
  return (
    <ul style={{ margin: "4px 0", paddingLeft: 18 }}>
      {evidence.map((one, index) => (
        <li key={`${one.field}-${one.value}-${index}`} style={{ marginBottom: 6 }}>
          <Text size="sm" component="div">
            {one.label}: <span className="mono">{one.value}</span>
            {one.rule && <> (by the rule {one.rule})</>}
          </Text>
          <Text size="xs" c="dimmed" component="div">
            {one.protocol.toUpperCase()} · field {one.field} · input {one.frame.source + 1}, frame {one.frame.frame.toLocaleString("en-GB")} · first {time.exact(one.first_seen)}, last{" "}
            {time.exact(one.last_seen)} · noted {plural(one.count, "time")}
          </Text>
        </li>
      ))}
    </ul>
  );
}

/** One property of a device: value, how sure, evidence behind a button, and what disagrees, which is always shown. */
export function AttributeRow({ label, attribute, show = (value) => value }: { label: string; attribute: Attribute | undefined | null; show?: (value: string) => string }) {
  const [open, setOpen] = useState(false);
  const region = useId();
  return (
    <>
      <dt>{label}</dt>
      <dd>
        {attribute ? (
          <>
            <Group gap="xs">
              <Text component="span" fw={600}>{show(attribute.value)}</Text>
              <Sure confidence={attribute.confidence} />
              <Button className="no-print" size="compact-xs" variant="default" aria-expanded={open} aria-controls={region} onClick={() => setOpen(!open)}>
                {open ? "Hide evidence" : plural(attribute.evidence.length, "piece of evidence", "pieces of evidence")}
                <span className="sr"> for {label}</span>
              </Button>
            </Group>
            <div id={region} hidden={!open}>
              <EvidenceList evidence={attribute.evidence} />
            </div>
            {(attribute.disagreeing ?? []).map((other) => (
              <Disagreement key={other.value} other={other} show={show} label={label} />
            ))}
          </>
        ) : (
          <Text component="span" c="dimmed">Not known</Text>
        )}
      </dd>
    </>
  );
}

function Disagreement({ other, show, label }: { other: Alternative; show: (value: string) => string; label: string }) {
  const [open, setOpen] = useState(false);
  return (
    <div style={{ marginTop: 4 }}>
      <Group gap="xs">
        <Tag tone="medium">Disagrees</Tag>
        <Text component="span">{show(other.value)}</Text>
        <Sure confidence={other.confidence} />
        <Anchor component="button" type="button" size="sm" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Hide" : "Who says so"}
          <span className="sr"> of {label} {other.value}</span>
        </Anchor>
      </Group>
      {open && <EvidenceList evidence={other.evidence} />}
    </div>
  );
}
