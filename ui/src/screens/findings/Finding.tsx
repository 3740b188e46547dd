import { Anchor, Button, Group, NativeSelect, Stack, Text, Textarea, TextInput } from "@mantine/core";
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
      <Section title="Work on it">{may("work_findings") ? <Work key={loaded.tag} loaded={loaded} /> : <Text size="sm">Your role reads findings and does not change them. {assignee ? `It is with ${assignee}.` : "Nobody has taken it yet."}</Text>}</Section>
    </Page>
  );
}

function Work({ loaded }: { loaded: Loaded }) {
  const { data: work, tag } = loaded;
  const { finding } = work;
  const queries = useQueryClient();
  const { may } = useWho();
  const [state, setState] = useState(work.state);
  const [reason, setReason] = useState(work.note ?? "");
  const [until, setUntil] = useState(work.accepted_until?.slice(0, 10) ?? "");
  const [assignee, setAssignee] = useState(work.assignee ?? "");
  const save = useMutation({
    mutationFn: () =>
      body(api.PATCH("/api/findings/{id}", {
        params: { path: { id: finding.id }, header: { "If-Match": tag ?? work.etag } },
        body: { state, assignee: assignee || null, note: reason || null, accepted_until: state === "accepted" && until ? `${until}T23:59:59Z` : null },
      })),
    onSuccess: () => {
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
        <NativeSelect label="State" value={state} onChange={(event) => setState(event.currentTarget.value as typeof state)} data={(["open", "working", "accepted", "closed"] as const).filter((one) => one !== "accepted" || may("accept_risk") || work.state === "accepted").map((one) => ({ value: one, label: sentence(one) }))} />
        <TextInput label="With whom" value={assignee} onChange={(event) => setAssignee(event.currentTarget.value)} />
        {state === "accepted" && <TextInput type="date" required label="Accepted until" description="On that day, or when the evidence changes, it opens again by itself." value={until} onChange={(event) => setUntil(event.currentTarget.value)} />}
        {(state === "accepted" || state === "closed") && <Textarea required label="Reason" description="It goes into the ledger with your name." value={reason} onChange={(event) => setReason(event.currentTarget.value)} />}
        {save.error && <ProblemView error={save.error} retry={() => void queries.invalidateQueries({ queryKey: ["finding", finding.id] })} />}
        <Group><Button type="submit" loading={save.isPending}>Save</Button></Group>
      </Stack>
    </form>
  );
}
