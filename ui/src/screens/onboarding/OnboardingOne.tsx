import { Anchor, Button, Group, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Fragment, useState } from "react";
import { api, body } from "../../api/client";
import type { Onboarding, Signature, Step } from "../../api/shapes";
import { Page, Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Query } from "../../components/States";
import { Tag } from "../../components/Tags";
import { plural } from "../../lib/time";
import { sentence } from "../../lib/words";
import { useTime } from "../../lib/zone";
import { TONE, comingName } from "./Onboardings";

/** Steps in their order: what signing one says, who signs it, and under which name its signature stands. */
const STEPS: [step: Step, says: string, who: string, signed: string][] = [
  ["approve", "It may come.", "Administrator, IT security or clinical lead, and not who filed it", "approved"],
  ["match", "This device on the network is it.", "Medwarden by MAC address or serial number, else clinical engineering or IT security", "matched"],
  ["configure", "It is configured as the checklist asks.", "Clinical engineering or IT security", "configured"],
  ["check", "What it does on the network was looked at.", "IT security", "checked"],
  ["release", "It may be used.", "Clinical engineering or clinical lead", "released"],
];
const BY: Record<string, string> = { mac: "by its MAC address", serial: "by its serial number", model_and_place: "by model and place", model: "by its model", person: "by hand" };

/** The papers of one device: what was filed, who signed what, and what comes next. */
export function OnboardingScreen() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery<Onboarding>({ queryKey: ["onboarding", id], queryFn: () => body(api.GET("/api/onboarding/{id}", { params: { path: { id } } })) });
  return <Query query={query} what="the papers">{(one) => <Shown one={one} />}</Query>;
}

function Shown({ one }: { one: Onboarding }) {
  const { record, needs, expected_on } = one.coming;
  const facts: [string, string | null | undefined][] = [["Maker", record.maker], ["Model", record.model], ["Serial number", record.serial], ["MAC addresses", record.macs?.join(", ")], ["Unit", record.unit], ["Room", record.room], ["Clinical engineering owner", record.clinical_owner], ["IT owner", record.it_owner], ["Vendor", record.vendor], ["Expected on", expected_on], ["Needs of the network", needs]];
  return (
    <Page title={comingName(one.coming)} lead={<Tag tone={TONE[one.papers.state]}>{sentence(one.papers.state)}</Tag>} actions={<Button variant="default" size="xs" onClick={() => window.print()}>Print</Button>}>
      <Section title="What is to come">
        <dl className="facts">
          {facts.map(([name, value]) => <Fragment key={name}><dt>{name}</dt><dd style={{ whiteSpace: "pre-wrap" }}>{value || <Tag>Unknown</Tag>}</dd></Fragment>)}
          {one.device && <><dt>Device</dt><dd><Anchor component={Link} to="/devices/$id" params={{ id: one.device } as never}>{one.device}</Anchor>{"matched_by" in one.papers ? ` (${BY[one.papers.matched_by]})` : ""}</dd></>}
        </dl>
      </Section>
      <Section title="Steps"><Steps one={one} /></Section>
    </Page>
  );
}

function Steps({ one }: { one: Onboarding }) {
  const time = useTime();
  const signatures = one.papers as unknown as Record<string, Signature | undefined>;
  const line = (signature: Signature) => `${signature.name}, ${time.full(signature.at)}${signature.note ? `: ${signature.note}` : ""}`;
  return (
    <Stack gap="sm">
      <ol className="timeline">
        <li><Text fw={600} size="sm">Filed</Text><Text size="sm">{line(one.papers.filed)}</Text></li>
        {STEPS.map(([step, says, who, name]) => {
          const signature = signatures[name];
          return (
            <li key={step} aria-current={one.next === step ? "step" : undefined}>
              <Text fw={600} size="sm">{sentence(step)}: {says}</Text>
              {signature ? <Text size="sm">{line(signature)}</Text> : <Text size="sm" c="dimmed">Open. Signed by: {who}.</Text>}
              {step === "configure" && !signature && typeof one.open_items === "number" && one.open_items > 0 && (
                <Text size="sm">{plural(one.open_items, "required item")} of the checklist {one.open_items === 1 ? "is" : "are"} open. {one.device && <Anchor component={Link} to="/devices/$id" params={{ id: one.device } as never} search={{ part: "checklist" } as never} size="sm">To the checklist</Anchor>}</Text>
              )}
            </li>
          );
        })}
        {signatures.withdrawn && <li><Text fw={600} size="sm">Withdrawn</Text><Text size="sm">{line(signatures.withdrawn)}</Text></li>}
      </ol>
      {one.next && !one.may_sign.includes(one.next) && <Text size="sm">The next step is signed by somebody else: {STEPS.find(([step]) => step === one.next)?.[2]}.</Text>}
      {one.may_sign.length > 0 && <Sign one={one} step={one.next && one.may_sign.includes(one.next) ? one.next : undefined} />}
    </Stack>
  );
}

/** The next step where the caller may sign it, and withdrawing. */
function Sign({ one, step }: { one: Onboarding; step: Step | undefined }) {
  const queries = useQueryClient();
  const [note, setNote] = useState("");
  const [device, setDevice] = useState(one.candidates[0]?.device ?? "");
  const [asks, setAsks] = useState(false);
  const sign = useMutation({
    mutationFn: (signed: Step) => body<Onboarding>(api.POST("/api/onboarding/{id}/steps/{step}", { params: { path: { id: one.id, step: signed }, header: { "If-Match": one.etag } }, body: { note: note.trim() || null, device: signed === "match" && device ? device : null } })),
    onSuccess: (saved) => {
      setNote("");
      queries.setQueryData(["onboarding", one.id], saved);
      for (const key of ["onboarding", "devices", "device"]) void queries.invalidateQueries({ queryKey: [key] });
      notifications.show({ message: "Signed." });
    },
  });
  return (
    <Stack gap="xs" className="no-print">
      {step === "match" && (one.candidates.length > 0 ? <NativeSelect size="xs" maw={420} label="Device on the network" value={device} onChange={(event) => setDevice(event.currentTarget.value)} data={one.candidates.map((found) => ({ value: found.device, label: `${found.device} (${BY[found.by]})` }))} /> : <TextInput size="xs" maw={420} label="Device on the network" description="None that was seen so far fits; give the id of the device if you know it" value={device} onChange={(event) => setDevice(event.currentTarget.value)} />)}
      <TextInput size="xs" maw={420} label="Note" maxLength={2000} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
      {sign.error && <ProblemView error={sign.error} />}
      <Group gap="xs">
        {step && <Button size="xs" loading={sign.isPending} onClick={() => sign.mutate(step)}>Sign: {STEPS.find(([id]) => id === step)?.[1]}</Button>}
        {one.may_sign.includes("withdraw") && !asks && <Button size="xs" variant="default" onClick={() => setAsks(true)}>Withdraw</Button>}
        {asks && <Button size="xs" color="red.9" loading={sign.isPending} onClick={() => sign.mutate("withdraw")}>Withdraw the papers now</Button>}
        {asks && <Button size="xs" variant="subtle" onClick={() => setAsks(false)}>Keep them</Button>}
      </Group>
    </Stack>
  );
}
