import { Anchor, Button, Group, NativeSelect } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { api, body } from "../../api/client";
import type { FindingPage, WorkedFinding } from "../../api/shapes";
import { Page } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Empty, Loading } from "../../components/States";
import { type Column, Table } from "../../components/Table";
import { ImpactTag, SeverityTag, Tag } from "../../components/Tags";
import { useSite } from "../../lib/site";
import { SEVERITIES, sentence } from "../../lib/words";
import { useTime } from "../../lib/zone";

const STATES = ["open", "working", "accepted", "closed"];

export function Findings() {
  const filters = useSearch({ strict: false }) as Record<string, string | undefined>;
  const go = useNavigate();
  const { site } = useSite();
  const time = useTime();
  const asked = { site: site?.id, severity: filters.severity, state: filters.state ?? "open,working", detector: filters.detector };
  const query = useInfiniteQuery({
    queryKey: ["findings", asked],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => body<FindingPage>(api.GET("/api/findings", { params: { query: { ...asked, state: asked.state === "any" ? undefined : asked.state, limit: 100, cursor: pageParam } } })),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  const set = (field: string) => (event: { currentTarget: { value: string } }) => void go({ to: "/findings", search: { ...filters, [field]: event.currentTarget.value || undefined } });
  const columns: Column<WorkedFinding>[] = [
    { id: "severity", title: "Severity", cell: (row) => <SeverityTag severity={row.finding.severity} /> },
    { id: "title", title: "Finding", width: 520, cell: (row) => <Anchor component={Link} to="/findings/$id" params={{ id: row.finding.id } as never} size="sm">{row.finding.title}</Anchor> },
    { id: "impact", title: "Clinical impact", cell: (row) => <ImpactTag impact={row.finding.clinical_impact} /> },
    { id: "state", title: "State", cell: (row) => <Tag>{sentence(row.state)}</Tag> },
    { id: "assignee", title: "With", cell: (row) => row.assignee ?? "Nobody" },
    { id: "last", title: "Last seen", cell: (row) => time.full(row.finding.last_seen) },
  ];
  return (
    <Page title="Findings" lead="Gravest first. A finding closes when its evidence is gone, or when a person whose role may accepts it until a date." actions={<Button variant="default" size="xs" onClick={() => window.print()}>Print</Button>}>
      <Group gap="sm" className="no-print">
        <NativeSelect size="xs" label="State" value={asked.state} onChange={set("state")} data={[{ value: "open,working", label: "Open or being worked on" }, ...STATES.map((state) => ({ value: state, label: sentence(state) })), { value: "any", label: "Any" }]} />
        <NativeSelect size="xs" label="At least" value={filters.severity ?? ""} onChange={set("severity")} data={[{ value: "", label: "Any" }, ...SEVERITIES.map((one) => ({ value: one, label: sentence(one) }))]} />
        {filters.detector && <Button variant="subtle" size="xs" mt={22} onClick={() => void go({ to: "/findings", search: { ...filters, detector: undefined } })}>{sentence(filters.detector)} only: show all</Button>}
      </Group>
      {query.isPending && <Loading what="findings" />}
      {query.error && <ProblemView error={query.error} retry={() => void query.refetch()} />}
      {query.data && rows.length === 0 && <Empty title="No finding matches">No detector found such a thing in what the sensors saw. What no sensor sees is not judged: <Anchor component={Link} to={"/sensors" as never}>what can't we see?</Anchor></Empty>}
      {rows.length > 0 && (
        <Table label="Findings" rows={rows} columns={columns} rowId={(row) => row.finding.id} open={(row) => void go({ to: "/findings/$id", params: { id: row.finding.id } as never })} more={query.hasNextPage && !query.isFetchingNextPage ? () => void query.fetchNextPage() : undefined} />
      )}
    </Page>
  );
}
