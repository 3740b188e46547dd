import { Anchor, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, body } from "../../api/client";
import type { Checklist, ChecklistItem } from "../../api/shapes";
import { Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Query } from "../../components/States";
import { Tag, type Tone } from "../../components/Tags";
import { sentence } from "../../lib/words";
import { useTime } from "../../lib/zone";
import { useWho } from "../../session";

const TONE: Record<ChecklistItem["state"], Tone> = { open: "medium", done: "good", not_applicable: "info" };

/** How it should be configured: what people did, and what traffic says to it. */
export function ChecklistPart({ id }: { id: string }) {
  const query = useQuery<Checklist>({ queryKey: ["device", id, "checklist"], queryFn: () => body(api.GET("/api/devices/{id}/checklist", { params: { path: { id } } })) });
  return (
    <Query query={query} what="the checklist">
      {(list) => {
        const open = list.items.filter((one) => one.state === "open" && !one.item.optional).length;
        const contradicted = list.items.filter((one) => one.state === "done" && one.traffic.says === "contradicts").length;
        const lead = `${open === 0 ? "Nothing required is open" : `${open} required ${open === 1 ? "item is" : "items are"} open`}${contradicted > 0 ? `; traffic contradicts ${contradicted} that ${contradicted === 1 ? "was" : "were"} said to be done` : ""}.`;
        return (
          <Section title="Secure configuration" id="checklist" lead={lead}>
            <Stack gap="sm" component="ul" style={{ listStyle: "none", padding: 0, margin: 0 }}>
              {list.items.map((one) => <Item key={one.item.id} device={id} one={one} />)}
            </Stack>
          </Section>
        );
      }}
    </Query>
  );
}

function Item({ device, one }: { device: string; one: ChecklistItem }) {
  const queries = useQueryClient();
  const time = useTime();
  const { may } = useWho();
  const [note, setNote] = useState("");
  const say = useMutation({
    mutationFn: (state: ChecklistItem["state"]) => body<Checklist>(api.PUT("/api/devices/{id}/checklist/{item}", { params: { path: { id: device, item: one.item.id }, header: { "If-Match": one.etag } }, body: { state, note: note.trim() || null } })),
    onSuccess: (list) => {
      setNote("");
      queries.setQueryData(["device", device, "checklist"], list);
      void queries.invalidateQueries({ queryKey: ["onboarding"] });
    },
  });
  return (
    <li style={{ borderTop: "1px solid var(--mw-line)", paddingTop: 8 }}>
      <Group gap="xs" align="baseline">
        <Tag tone={TONE[one.state]}>{sentence(one.state)}</Tag>
        <Text size="sm" fw={600}>{one.item.title}</Text>
        {one.item.optional && <Text size="xs" c="dimmed">optional</Text>}
      </Group>
      {one.by && one.at && <Text size="xs" c="dimmed">{one.by}, {time.full(one.at)}{one.note ? `: ${one.note}` : ""}</Text>}
      <Traffic one={one} />
      <details>
        <summary><Text span size="sm">How<span className="sr"> to do: {one.item.title}</span></Text></summary>
        <Text size="sm">{one.item.how}</Text>
        <Text size="xs" c="dimmed">{one.item.source}</Text>
        {may("edit_records") && (
          <Group gap="xs" mt={6} align="flex-end" className="no-print">
            <TextInput size="xs" label="Note" w={280} maxLength={2000} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
            {one.state !== "done" && <Button size="xs" variant="default" loading={say.isPending} onClick={() => say.mutate("done")}>It is done</Button>}
            {one.state !== "not_applicable" && <Button size="xs" variant="subtle" disabled={!note.trim()} onClick={() => say.mutate("not_applicable")}>It does not apply</Button>}
            {one.state !== "open" && <Button size="xs" variant="subtle" onClick={() => say.mutate("open")}>It is open again</Button>}
          </Group>
        )}
      </details>
      {say.error && <ProblemView error={say.error} />}
    </li>
  );
}

function Traffic({ one }: { one: ChecklistItem }) {
  const { traffic } = one;
  if (traffic.says === "silent") return one.item.traffic_can_tell ? <Text size="sm" c="dimmed">Traffic shows neither this nor the contrary{one.state === "done" ? " since" : ""}.</Text> : null;
  if (traffic.says === "confirms") return <Text size="sm"><Tag tone="good">Traffic confirms it</Tag></Text>;
  return (
    <Text component="div" size="sm">
      <Tag tone={one.state === "done" ? "high" : "medium"}>Traffic contradicts it</Tag> {traffic.what}{" "}
      {traffic.findings.map((finding) => <Anchor key={finding} component={Link} to="/findings/$id" params={{ id: finding } as never} size="sm">Evidence</Anchor>)}
    </Text>
  );
}
