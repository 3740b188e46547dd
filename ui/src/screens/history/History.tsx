import { Button, Group, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, lazy, Suspense, useState } from "react";
import { api, body } from "../../api/client";
import type { Home, HistoryBuckets, HistoryTable } from "../../api/shapes";
import { Page, Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Empty, Loading, Query } from "../../components/States";
import { PlainTable } from "../../components/Table";
import { dayOf, startOfDay } from "../../lib/time";
import { useSite } from "../../lib/site";
import { bytes, count, sentence } from "../../lib/words";
import { useTime } from "../../lib/zone";
import { useWho } from "../../session";

const Chart = lazy(() => import("./Chart"));

/** What is asked, as it stands in the address. */
type Asked = Partial<Record<"from" | "to" | "address" | "device" | "protocol" | "port", string>>;

const SPANS = 96;
const DAY_MS = 86_400_000;
const EXAMPLE = "SELECT protocol, count(*) AS flows, sum(bytes_to_server) AS bytes\nFROM flow GROUP BY 1 ORDER BY flows DESC LIMIT 20";

/** Flows of long ago: looked for, counted over time, and asked in SQL. */
export function History() {
  const { site } = useSite();
  const { may } = useWho();
  return (
    <Page title="History" lead="Every flow that a sensor saw end, for as long as the hub keeps it. Contents of traffic are not kept.">
      {!may("search_history") ? <Empty title="Your role does not search history" /> : site ? <AtSite key={site.id} site={site.id} /> : <Empty title="Choose a site at the top of the page" />}
    </Page>
  );
}

function AtSite({ site }: { site: string }) {
  // Where nobody said otherwise the last day that something was seen.
  const query = useQuery({ queryKey: ["home", site], queryFn: () => body<Home>(api.GET("/api/home", { params: { query: { site } } })) });
  return (
    <Query query={query} what="the last day">
      {(home) => (
        <>
          <Flows site={site} last={home.last_seen ?? new Date().toISOString()} />
          <Statement site={site} />
        </>
      )}
    </Query>
  );
}

function Flows({ site, last }: { site: string; last: string }) {
  const given = useSearch({ strict: false }) as Asked;
  const { zone } = useTime();
  const from = given.from ?? dayOf(last, zone);
  const to = given.to ?? from;
  const until = new Date(Date.parse(startOfDay(to, zone)) + DAY_MS).toISOString();
  const search = { site, since: startOfDay(from, zone), until, address: given.address, device: given.device, protocol: given.protocol, port: given.port ? Number(given.port) : undefined };
  const buckets = useQuery({ queryKey: ["history", "buckets", search], queryFn: () => body<HistoryBuckets>(api.POST("/api/history/histogram", { body: { ...search, buckets: SPANS } })), retry: false });
  const rows = useInfiniteQuery({
    queryKey: ["history", "flows", search],
    queryFn: ({ pageParam }) => body<HistoryTable>(api.POST("/api/history/search", { body: { ...search, limit: 100, cursor: pageParam } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    retry: false,
  });
  const pages = rows.data?.pages ?? [];
  const found = pages.flatMap((page) => page.rows);
  const sums = buckets.data?.buckets.reduce((all, one) => ({ flows: all.flows + one.flows, bytes: all.bytes + one.bytes }), { flows: 0, bytes: 0 });
  return (
    <Section title="Flows" lead={sums ? `${count(sums.flows)} flows, ${bytes(sums.bytes)}. Times are those of ${zone}.` : undefined}>
      <Filters asked={{ ...given, from, to }} />
      {buckets.error ? <ProblemView error={buckets.error} retry={() => void Promise.all([buckets.refetch(), rows.refetch()])} /> : (
        <Stack gap="sm">
          {buckets.data && sums && sums.flows > 0 && <Suspense fallback={<Loading what="the chart" />}><Chart buckets={buckets.data.buckets} zone={zone} /></Suspense>}
          <Missing missing={[...(buckets.data?.missing ?? []), ...pages.flatMap((page) => page.missing)]} />
          {rows.isPending && <Loading what="flows" />}
          {rows.data && found.length === 0 && <Empty title="No flow fits">Flows are here once they ended; those of the last minutes may be missing.</Empty>}
          {found.length > 0 && <Rows label="Flows" columns={pages[0]?.columns ?? []} rows={found} />}
          {rows.hasNextPage && <Group><Button size="xs" variant="default" loading={rows.isFetchingNextPage} onClick={() => void rows.fetchNextPage()}>Older flows</Button></Group>}
          {rows.error && !buckets.error && <ProblemView error={rows.error} />}
        </Stack>
      )}
    </Section>
  );
}

const FIELDS: [field: keyof Asked, label: string, type: string][] = [["from", "From", "date"], ["to", "To", "date"], ["address", "Address or network", "text"], ["device", "Device (id)", "text"], ["protocol", "Protocol", "text"], ["port", "Port", "number"]];

function Filters({ asked }: { asked: Asked }) {
  const go = useNavigate();
  const [form, setForm] = useState<Asked>(asked);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const search = Object.fromEntries(FIELDS.map(([field]) => [field, form[field]?.trim() || undefined]));
    void go({ to: "/history", search });
  };
  return (
    <form onSubmit={submit} className="no-print">
      <Group align="flex-end" gap="sm" mb="sm">
        {FIELDS.map(([field, label, type]) => <TextInput key={field} size="xs" w={type === "number" ? 90 : 150} type={type} label={label} min={type === "number" ? 1 : undefined} max={type === "number" ? 65_535 : undefined} value={form[field] ?? ""} onChange={(event) => setForm({ ...form, [field]: event.currentTarget.value })} />)}
        <Button type="submit" size="xs">Search</Button>
      </Group>
    </form>
  );
}

function Missing({ missing }: { missing: string[] }) {
  if (missing.length === 0) return null;
  return <div role="alert"><Text fw={600}>Not all could be read</Text><ul>{[...new Set(missing)].map((one) => <li key={one}>{one}</li>)}</ul></div>;
}

function Rows({ label, columns, rows }: { label: string; columns: string[]; rows: string[][] }) {
  const time = useTime();
  const times = new Set(columns.flatMap((name, at) => (name === "first" || name === "last" || name === "time" ? [at] : [])));
  return (
    <PlainTable label={label} head={columns.map((name) => sentence(name))}>
      {rows.map((row, number) => <tr key={number}>{row.map((cell, at) => <td key={columns[at]} style={{ whiteSpace: "nowrap" }}>{times.has(at) && !Number.isNaN(Date.parse(cell)) ? time.exact(cell) : cell}</td>)}</tr>)}
    </PlainTable>
  );
}

function Statement({ site }: { site: string }) {
  const [statement, setStatement] = useState(EXAMPLE);
  const run = useMutation({ mutationFn: () => body<HistoryTable>(api.POST("/api/history/sql", { body: { sites: [site], statement } })) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run.mutate();
  };
  return (
    <Section title="SQL" lead="One SELECT over the tables flow and event of this site, within bounds of time and memory. Each statement stands in the ledger.">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Textarea label="Statement" autosize minRows={3} maxRows={16} maxLength={4096} classNames={{ input: "mono" }} spellCheck={false} value={statement} onChange={(event) => setStatement(event.currentTarget.value)} />
          {run.error && <ProblemView error={run.error} />}
          <Group><Button type="submit" variant="default" loading={run.isPending} disabled={statement.trim() === ""}>Run</Button></Group>
          {run.data && <Missing missing={run.data.missing} />}
          {run.data && (run.data.rows.length === 0 ? <Empty title="The answer has no rows" /> : <Rows label="Answer" columns={run.data.columns} rows={run.data.rows} />)}
          {run.data?.has_more && <Text size="sm">There are more rows than are shown: say LIMIT, or count.</Text>}
        </Stack>
      </form>
    </Section>
  );
}
