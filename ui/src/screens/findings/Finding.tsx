import { Alert, Anchor, Button, Group, NativeSelect, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, body, withTag } from "../../api/client";
import type { WorkedFinding } from "../../api/shapes";
import { EvidenceList } from "../../components/Evidence";
import { Page, Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Query } from "../../components/States";
import { ImpactTag, SeverityTag, Tag } from "../../components/Tags";
import { changes } from "../../lib/merge";
import { sentence } from "../../lib/words";
import { useTime } from "../../lib/zone";
import { useWho } from "../../session";

interface Loaded {
  data: WorkedFinding;
  tag: string | undefined;
}

export function FindingScreen() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery<Loaded>({ queryKey: ["finding", id], queryFn: () => withTag<WorkedFinding>(api.GET("/api/findings/{id}", { params: { path: { id } } })) });
  return (
    <Query query={query} what="the finding">
      {(loaded) => <Shown loaded={loaded} />}
    </Query>
  );
}

function Shown({ loaded }: { loaded: Loaded }) {
  const { finding, state, assignee, holds } = loaded.data;
  const time = useTime();
  const { may } = useWho();
  const lead = (
    <Group gap="xs" mt={4}>
      <SeverityTag severity={finding.severity} />
      <ImpactTag impact={finding.clinical_impact} />
      <Tag>{sentence(state)}</Tag>
      {!holds && <Tag tone="good">Its evidence is gone</Tag>}
      <Text component="span" size="sm">First seen {time.full(finding.first_seen)}, last {time.full(finding.last_seen)}</Text>
    </Group>
  );
  return (
    <Page title={finding.title} lead={lead} actions={<Button variant="default" size="xs" onClick={() => window.print()}>Print</Button>}>
      <Section title="Why it matters"><Text size="sm">{finding.why}</Text></Section>
      <Section title="What to do"><Text size="sm">{finding.what_to_do}</Text></Section>
      <Section title="Devices concerned">
        {finding.devices.length === 0 ? <Text size="sm">No device of ours is concerned.</Text> : (
          <ul style={{ margin: 0, paddingLeft: 18 }}>
            {finding.devices.map((id) => (
              <li key={id}>
                <Anchor component={Link} to="/devices/$id" params={{ id } as never}>{id}</Anchor>{" · "}
                <Anchor component={Link} to="/devices/$id" params={{ id } as never} search={{ part: "isolate" } as never} size="sm">if we isolate it</Anchor>
              </li>
            ))}
          </ul>
        )}
      </Section>
      <Section title="Evidence"><EvidenceList evidence={finding.evidence} /></Section>
      <Section title="Work on it">{may("work_findings") ? <Work loaded={loaded} /> : <Text size="sm">Your role reads findings and does not change them. {assignee ? `It is with ${assignee}.` : "Nobody has taken it yet."}</Text>}</Section>
    </Page>
  );
}

/** What a person fills in. */
function fieldsOf(work: WorkedFinding) {
  return { state: work.state, assignee: work.assignee ?? "", reason: work.note ?? "", until: work.accepted_until?.slice(0, 10) ?? "" };
}

function Work({ loaded }: { loaded: Loaded }) {
  const queries = useQueryClient();
  const { may } = useWho();
  // What was loaded when this form began; what others change meanwhile never overwrites what was typed.
  const [base, setBase] = useState(loaded);
  const [form, setForm] = useState(fieldsOf(loaded.data));
  const mine = changes(fieldsOf(base.data), form);
  const isTouched = Object.keys(mine).length > 0;
  const isChanged = loaded.tag !== base.tag;
  const begin = (from: Loaded, keep: Partial<typeof form> = {}) => {
    setBase(from);
    setForm({ ...fieldsOf(from.data), ...keep });
  };
  if (isChanged && !isTouched) begin(loaded);
  const { finding } = base.data;
  const set = <K extends keyof typeof form>(field: K, value: (typeof form)[K]) => setForm({ ...form, [field]: value });
  const save = useMutation({
    mutationFn: () =>
      body(api.PATCH("/api/findings/{id}", {
        params: { path: { id: finding.id }, header: { "If-Match": base.tag ?? base.data.etag } },
        body: { state: form.state, assignee: form.assignee || null, note: form.reason || null, accepted_until: form.state === "accepted" && form.until ? `${form.until}T23:59:59Z` : null },
      })),
    onSuccess: (saved) => {
      begin({ data: saved, tag: saved.etag });
      queries.setQueryData(["finding", finding.id], { data: saved, tag: saved.etag });
      for (const key of ["finding", "findings", "home"]) void queries.invalidateQueries({ queryKey: [key] });
      notifications.show({ message: "Saved." });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm" maw={520}>
        <NativeSelect label="State" value={form.state} onChange={(event) => set("state", event.currentTarget.value as typeof form.state)} data={(["open", "working", "accepted", "closed"] as const).filter((one) => one !== "accepted" || may("accept_risk") || base.data.state === "accepted").map((one) => ({ value: one, label: sentence(one) }))} />
        <TextInput label="With whom" value={form.assignee} onChange={(event) => set("assignee", event.currentTarget.value)} />
        {form.state === "accepted" && <TextInput type="date" required label="Accepted until" description="On that day, or when the evidence changes, it opens again by itself." value={form.until} onChange={(event) => set("until", event.currentTarget.value)} />}
        {(form.state === "accepted" || form.state === "closed") && <Textarea required label="Reason" description="It goes into the ledger with your name." value={form.reason} onChange={(event) => set("reason", event.currentTarget.value)} />}
        {isChanged && isTouched && <Meanwhile theirs={loaded.data} takeTheirs={() => begin(loaded)} keepMine={() => begin(loaded, mine)} />}
        {save.error && !isChanged && <ProblemView error={save.error} retry={() => void queries.invalidateQueries({ queryKey: ["finding", finding.id] })} />}
        <Group><Button type="submit" loading={save.isPending} disabled={isChanged && isTouched}>Save</Button></Group>
      </Stack>
    </form>
  );
}

/** Somebody else saved while this person was typing: what they say, and the choice. */
function Meanwhile({ theirs, takeTheirs, keepMine }: { theirs: WorkedFinding; takeTheirs: () => void; keepMine: () => void }) {
  return (
    <Alert role="alert" color="yellow" variant="outline" title={<Text c="var(--mantine-color-text)" fw={600}>Somebody else changed it in the meantime</Text>}>
      <Text size="sm">It is now {sentence(theirs.state).toLowerCase()}{theirs.assignee ? `, with ${theirs.assignee}` : ""}{theirs.note ? `: ${theirs.note}` : ""}.</Text>
      <Group mt="xs" gap="xs">
        <Button size="xs" variant="default" onClick={takeTheirs}>Take theirs</Button>
        <Button size="xs" variant="default" onClick={keepMine}>Keep what I typed</Button>
      </Group>
    </Alert>
  );
}
