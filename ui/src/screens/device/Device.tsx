import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { api, body } from "../../api/client";
import type { DeviceDetail } from "../../api/shapes";
import type { Device } from "../../api/types";
import { Page } from "../../components/Page";
import { Query } from "../../components/States";
import { ImpactTag, Sure } from "../../components/Tags";
import { product, sentence } from "../../lib/words";
import { ago } from "../../lib/time";
import { useNow, useTime } from "../../lib/zone";
import { Administered } from "./Administered";
import { ChecklistPart } from "./Checklist";
import { DeviceFindings } from "./DeviceFindings";
import { Identity } from "./Identity";
import { Isolate } from "./Isolate";
import { DeviceRecordPart } from "./Record";
import { Talks } from "./Talks";

const PARTS: [id: string, label: string][] = [
  ["who", "Who it is"],
  ["record", "Record"],
  ["talks", "Who it talks to"],
  ["administered", "Who administers it"],
  ["isolate", "If we isolate it"],
  ["checklist", "Secure configuration"],
  ["findings", "Findings"],
];

export function DeviceScreen() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery<DeviceDetail>({ queryKey: ["device", id], queryFn: () => body(api.GET("/api/devices/{id}", { params: { path: { id } } })) });
  return (
    <Query query={query} what="the device">
      {({ device }) => <Shown device={device} />}
    </Query>
  );
}

/** What a device is called: by itself, or else by an address. */
export function deviceName(device: Device): string {
  return device.name?.value || device.addresses[0]?.ip || device.interfaces[0]?.mac || device.id;
}

function Shown({ device }: { device: Device }) {
  const { part } = useSearch({ strict: false }) as { part?: string };
  const chosen = PARTS.some(([id]) => id === part) ? part : undefined;
  const time = useTime();
  const now = useNow(60_000);
  const what = product(device.maker?.value, device.model?.value);
  const lead = (
    <Group gap="xs" mt={4}>
      <Text component="span" fw={600} c="var(--mantine-color-text)">{[what, device.class && sentence(device.class.value).toLowerCase()].filter(Boolean).join(", ") || "What it is, is not known yet"}</Text>
      <ImpactTag impact={device.clinical_impact?.value} />
      <Sure confidence={device.confidence} words />
      <Text component="span" size="sm" title={time.exact(device.last_seen)}>Last seen {ago(device.last_seen, now)}</Text>
    </Group>
  );
  return (
    <Page title={deviceName(device)} lead={lead} actions={<Button variant="default" size="xs" onClick={() => window.print()}>Print</Button>}>
      <nav aria-label="Parts of this device" className="no-print">
        <Group gap="md">
          <Part id={device.id} part={undefined} label="All" current={chosen} />
          {PARTS.map(([part, label]) => (
            <Part key={part} id={device.id} part={part} label={label} current={chosen} />
          ))}
        </Group>
      </nav>
      <Stack gap="md">
        {(!chosen || chosen === "who") && <Identity device={device} />}
        {(!chosen || chosen === "record") && <DeviceRecordPart id={device.id} />}
        {(!chosen || chosen === "talks") && <Talks id={device.id} short={!chosen} />}
        {(!chosen || chosen === "administered") && <Administered device={device} />}
        {(!chosen || chosen === "isolate") && <Isolate id={device.id} />}
        {chosen === "checklist" && <ChecklistPart id={device.id} />}
        {(!chosen || chosen === "findings") && <DeviceFindings id={device.id} />}
      </Stack>
    </Page>
  );
}

function Part({ id, part, label, current }: { id: string; part: string | undefined; label: string; current: string | undefined }) {
  return (
    <Anchor component={Link} to="/devices/$id" params={{ id } as never} search={{ part } as never} size="sm" fw={part === current ? 700 : 400} aria-current={part === current ? "true" : undefined}>
      {label}
    </Anchor>
  );
}
