import { Anchor, Button, Code, Group, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api/client";
import type { LedgerEntry, LedgerPage, LedgerStanding } from "../../api/shapes";
import { Page, Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Empty, Loading, Query } from "../../components/States";
import { PlainTable } from "../../components/Table";
import { Tag } from "../../components/Tags";
import { useSite } from "../../lib/site";
import { count, sentence } from "../../lib/words";
import { useTime } from "../../lib/zone";

const ACTIONS: [prefix: string, label: string][] = [["", "Everything"], ["session.", "Sign-in"], ["record.", "Records"], ["finding.", "Findings"], ["break-glass.", "Break-glass"], ["person.", "People"], ["import.", "Imports"], ["onboarding.", "Onboarding"], ["sensor.", "Sensors"], ["export", "Exports"], ["setting.", "Settings"]];

/** Who did what, what that rests on, and proofs to take along. */
export function Ledger() {
  return (
    <Page title="Ledger" lead="Every act stands here, in an order that cannot be altered unseen. Keep a checkpoint where this hub's administrators cannot reach it: it is what a later check is held against.">
      <Standing />
      <Entries />
    </Page>
  );
}

function Standing() {
  const query = useQuery<LedgerStanding>({ queryKey: ["ledger", "checkpoint"], queryFn: () => body(api.GET("/api/ledger/checkpoint", {})), refetchInterval: 15_000 });
  return (
    <Query query={query} what="the checkpoint">
      {(standing) => (
        <Section
          title="Checkpoint"
          lead={standing.problem ? <Tag tone="critical">Not signed</Tag> : <Tag tone={standing.signed === standing.entries ? "good" : "medium"}>{`${count(standing.signed)} of ${count(standing.entries)} entries signed`}</Tag>}
          actions={standing.checkpoint ? <Keep name={`checkpoint-${standing.signed}.txt`} text={standing.checkpoint}>Keep this checkpoint</Keep> : undefined}
        >
          {standing.problem && <Text fw={600} role="alert">{standing.problem}</Text>}
          <dl className="facts">
            <dt>Verifier key</dt>
            <dd>{standing.key ? <Code>{standing.key}</Code> : "None yet"}<Text size="sm" c="dimmed">Note it on paper on the first day.</Text></dd>
            <dt>Witnesses</dt>
            <dd>{standing.witnesses.length > 0 ? standing.witnesses.join(", ") : "None"}</dd>
            <dt>Promised</dt>
            <dd><ul style={{ margin: 0, paddingLeft: 18 }}>{standing.promised.map((one) => <li key={one}>{one}</li>)}</ul></dd>
            <dt>Not promised</dt>
            <dd><ul style={{ margin: 0, paddingLeft: 18 }}>{standing.not_promised.map((one) => <li key={one}>{one}</li>)}</ul></dd>
          </dl>
          <Text size="sm" mt="xs">To check without this hub, copy the folder <Code>ledger</Code> of its data folder and run <Code>medwarden ledger verify DIR --checkpoint FILE</Code>.</Text>
        </Section>
      )}
    </Query>
  );
}

/** Saves a text as a file. */
function Keep({ name, text, children }: { name: string; text: string; children: string }) {
  return <Button component="a" size="xs" href={`data:text/plain;charset=utf-8,${encodeURIComponent(text)}`} download={name}>{children}</Button>;
}

function Entries() {
  const { action, subject, actor } = useSearch({ strict: false }) as { action?: string; subject?: string; actor?: string };
  const go = useNavigate();
  const { site } = useSite();
  const [text, setText] = useState(subject ?? "");
  const asked = { site: site?.id, action, subject, actor, limit: 50 };
  const query = useInfiniteQuery({
    queryKey: ["ledger", "entries", asked],
    queryFn: ({ pageParam }) => body<LedgerPage>(api.GET("/api/ledger", { params: { query: { ...asked, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
  const look = (change: Record<string, string | undefined>) => void go({ to: "/ledger", search: { action, subject, actor, ...change } });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    look({ subject: text.trim() || undefined });
  };
  const entries = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section title="Entries">
      <form onSubmit={submit} className="no-print">
        <Group align="flex-end" gap="sm" mb="sm">
          <NativeSelect size="xs" label="What" value={action ?? ""} onChange={(event) => look({ action: event.currentTarget.value || undefined })} data={ACTIONS.map(([value, label]) => ({ value, label }))} />
          <TextInput size="xs" label="About (an id)" value={text} onChange={(event) => setText(event.currentTarget.value)} />
          <Button type="submit" size="xs" variant="default">Look</Button>
          {actor && <Button size="xs" variant="subtle" onClick={() => look({ actor: undefined })}>Everybody</Button>}
        </Group>
      </form>
      {query.isPending && <Loading what="entries" />}
      {query.error && <ProblemView error={query.error} retry={() => void query.refetch()} />}
      {query.data && entries.length === 0 && <Empty title="No entry fits">{site ? "Acts of the hub as a whole are of no site: choose all sites at the top to see them." : undefined}</Empty>}
      {entries.length > 0 && (
        <Stack gap="sm">
          <PlainTable label="Entries of the ledger" head={["No.", "When", "Who", "What", "About", "Details"]}>
            {entries.map((one) => <Row key={one.number} one={one} choose={() => look({ actor: one.actor.id })} />)}
          </PlainTable>
          {query.hasNextPage && <Group><Button variant="default" size="xs" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Older entries</Button></Group>}
        </Stack>
      )}
    </Section>
  );
}

function Row({ one, choose }: { one: LedgerEntry; choose: () => void }) {
  const time = useTime();
  const hasDetails = one.details !== null && Object.keys(one.details ?? {}).length > 0;
  return (
    <tr>
      <td className="number">{one.number}</td>
      <td style={{ whiteSpace: "nowrap" }}>{time.full(one.time)}</td>
      <td>
        <Anchor component="button" type="button" size="sm" ta="left" onClick={choose}>{one.actor.name || sentence(one.actor.kind)}</Anchor>
        {one.actor.break_glass && <> <Tag tone="critical">Break-glass</Tag></>}
      </td>
      <td>{one.action}</td>
      <td className="mono">{one.subject}</td>
      <td>
        <details>
          <summary>{hasDetails ? "Show" : "Proof"}</summary>
          {hasDetails && <pre className="mono" style={{ margin: 0, whiteSpace: "pre-wrap" }}>{JSON.stringify(one.details, null, 2)}</pre>}
          {one.is_signed ? <Anchor size="sm" href={`/api/ledger/proof?entry=${one.number}`} download>Proof of entry {one.number}</Anchor> : <Text size="sm">No checkpoint was signed over it yet.</Text>}
        </details>
      </td>
    </tr>
  );
}
