import { Anchor, Button, Drawer, Group, Menu, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback, useDisclosure, useMediaQuery } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";
import { api, body } from "../../api/client";
import type { DeviceLine as DeviceRow, DevicePage, FacetValue as Facet } from "../../api/shapes";
import { Page } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Empty, Loading } from "../../components/States";
import { type Column, Table } from "../../components/Table";
import { ImpactTag, Sure } from "../../components/Tags";
import { useSite } from "../../lib/site";
import { plural } from "../../lib/time";
import { count, impactLabel, product, sentence } from "../../lib/words";
import { useTime } from "../../lib/zone";
import { useWho } from "../../session";
import { Bulk } from "./Bulk";
import { Views } from "./Views";

export const FACETS: { id: "class" | "impact" | "maker" | "owner" | "unit" | "state" | "tag"; label: string; show: (value: string) => string }[] = [
  { id: "class", label: "Class", show: sentence },
  { id: "impact", label: "Clinical impact", show: impactLabel },
  { id: "unit", label: "Unit", show: (value) => value },
  { id: "owner", label: "Owner", show: (value) => value },
  { id: "state", label: "Life cycle", show: sentence },
  { id: "tag", label: "Tag", show: (value) => value },
  { id: "maker", label: "Maker", show: (value) => value },
];

type Filters = Record<string, string | undefined>;

export function Devices() {
  const filters = useSearch({ strict: false }) as Filters;
  const go = useNavigate();
  const { site } = useSite();
  const narrow = useMediaQuery("(max-width: 900px)") ?? false;
  const { may } = useWho();
  const [drawer, drawn] = useDisclosure(false);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const set = useCallback((change: Filters) => void go({ to: "/devices", search: { ...filters, ...change } }), [go, filters]);

  const asked = useMemo(() => ({ site: site?.id, q: filters.q, ...Object.fromEntries(FACETS.map(({ id }) => [id, filters[id]])) }), [site, filters]);
  const query = useInfiniteQuery({
    queryKey: ["devices", asked],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => body<DevicePage>(api.GET("/api/devices", { params: { query: { ...asked, limit: 200, cursor: pageParam } } })),
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: (before) => before,
  });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const first = query.data?.pages[0];
  const total = first?.facets.total;

  const filtered = FACETS.some(({ id }) => filters[id]) || Boolean(filters.q);
  const facets = <Facets facets={first?.facets} filters={filters} set={set} />;

  return (
    <Page
      title="Devices"
      lead={total === undefined ? undefined : `${plural(total, "device")}${filtered ? " match" : ""}`}
      actions={<>
        {narrow && <Button variant="default" size="xs" onClick={drawn.open}>Filter</Button>}
        <Views filters={filters} choose={(search) => { setChosen(new Set()); void go({ to: "/devices", search }); }} />
        {may("move_data") && <Export site={site?.id} />}
        <Button variant="default" size="xs" onClick={() => window.print()}>Print</Button>
      </>}
    >
      <Group gap="sm" className="no-print" align="flex-end">
        <SearchBox value={filters.q ?? ""} set={(q) => set({ q })} />
        {filtered && <Button variant="subtle" size="xs" onClick={() => void go({ to: "/devices", search: {} })}>Clear filters</Button>}
      </Group>
      {chosen.size > 0 && <Bulk ids={[...chosen]} done={() => setChosen(new Set())} />}
      <Group align="flex-start" wrap="nowrap" gap="md">
        {!narrow && <div style={{ flex: "0 0 200px" }} className="no-print">{facets}</div>}
        <div style={{ flex: "1 1 0", minWidth: 0 }}>
          {query.isPending && <Loading what="devices" />}
          {query.error && <ProblemView error={query.error} retry={() => void query.refetch()} />}
          {query.data && rows.length === 0 && (filtered ? <Empty title="No device matches">Clear a filter or search for less.</Empty> : <Empty title="No device was seen yet">Bring a capture or name an interface under <Anchor component={Link} to={"/sensors" as never}>Sensors</Anchor>; devices appear within seconds of their first frame.</Empty>)}
          {rows.length > 0 && (
            <List rows={rows} total={total} chosen={may("edit_records") ? chosen : undefined} choose={setChosen} more={query.hasNextPage && !query.isFetchingNextPage ? () => void query.fetchNextPage() : undefined} />
          )}
        </div>
      </Group>
      <Drawer opened={drawer} onClose={drawn.close} title="Filter" size="xs" position="right">{facets}</Drawer>
    </Page>
  );
}

function SearchBox({ value, set }: { value: string; set: (q: string | undefined) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const later = useDebouncedCallback((q: string) => set(q.trim() || undefined), 250);
  return <TextInput size="xs" w={280} label="Search" placeholder="Name, address, maker, model, serial" value={text} onChange={(event) => { setText(event.currentTarget.value); later(event.currentTarget.value); }} />;
}

const FORMATS: [id: string, label: string][] = [["csv", "CSV"], ["xlsx", "XLSX (Excel)"], ["json", "JSON"], ["cyclonedx", "CycloneDX 1.6, with software"]];

/** All devices of the site with their records as a file; each is noted in the ledger. */
function Export({ site }: { site: string | undefined }) {
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target><Button size="xs" variant="default" disabled={!site} title={site ? undefined : "Choose a site first"}>Export</Button></Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>All devices of the site</Menu.Label>
        {FORMATS.map(([id, label]) => <Menu.Item key={id} component="a" href={`/api/exports/${id}?${new URLSearchParams({ site: site ?? "" })}`} download>{label}</Menu.Item>)}
      </Menu.Dropdown>
    </Menu>
  );
}

interface ListProps {
  rows: DeviceRow[];
  /** Which are chosen; absent where the caller changes none. */
  chosen: ReadonlySet<string> | undefined;
  choose: (ids: ReadonlySet<string>) => void;
  total: number | undefined;
  more: (() => void) | undefined;
}

function List({ rows, total, chosen, choose, more }: ListProps) {
  const go = useNavigate();
  const time = useTime();
  const columns = useMemo<Column<DeviceRow>[]>(() => [
    { id: "name", title: "Name", width: 220, cell: (row) => <Anchor component={Link} to="/devices/$id" params={{ id: row.id } as never} size="sm">{row.name ?? row.addresses[0] ?? row.macs[0] ?? row.id}</Anchor> },
    { id: "product", title: "Maker and model", width: 240, cell: (row) => product(row.maker, row.model) || "Not known" },
    { id: "class", title: "Class", cell: (row) => (row.class ? sentence(row.class) : "Not known") },
    { id: "impact", title: "Clinical impact", cell: (row) => <ImpactTag impact={row.clinical_impact} /> },
    { id: "unit", title: "Unit", cell: (row) => row.unit ?? "" },
    { id: "owner", title: "Owner", cell: (row) => row.clinical_owner ?? row.it_owner ?? "" },
    { id: "confidence", title: "How sure", cell: (row) => <Sure confidence={row.confidence} /> },
    { id: "address", title: "Address", cell: (row) => <span className="mono">{row.addresses[0] ?? row.macs[0] ?? ""}</span> },
    { id: "last_seen", title: "Last seen", cell: (row) => time.full(row.last_seen) },
  ], [time]);
  const open = (row: DeviceRow) => void go({ to: "/devices/$id", params: { id: row.id } as never });
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    choose(next);
  };
  const all = () => choose(new Set(chosen && chosen.size >= rows.length ? [] : rows.map((row) => row.id)));
  return <Table label="Devices" rows={rows} chosen={chosen && { ids: chosen, toggle, all }} columns={columns} rowId={(row) => row.id} total={total} open={open} more={more} />;
}

const SHOWN = 8;

function Facets({ facets, filters, set }: { facets: DevicePage["facets"] | undefined; filters: Filters; set: (change: Filters) => void }) {
  return (
    <Stack gap="md">
      {FACETS.map((facet) => (
        <FacetBox key={facet.id} label={facet.label} show={facet.show} values={facets?.[facet.id] ?? []} value={filters[facet.id]} set={(value) => set({ [facet.id]: value })} />
      ))}
    </Stack>
  );
}

function FacetBox({ label, show, values, value, set }: { label: string; show: (value: string) => string; values: Facet[]; value: string | undefined; set: (value: string | undefined) => void }) {
  const [more, setMore] = useState(false);
  const chosen = new Set(value?.split(",") ?? []);
  if (values.length === 0 && chosen.size === 0) return null;
  const flip = (one: string) => {
    const next = new Set(chosen);
    if (!next.delete(one)) next.add(one);
    set([...next].join(",") || undefined);
  };
  const shown = more ? values : values.filter((one, index) => index < SHOWN || chosen.has(one.value));
  return (
    <fieldset style={{ border: 0, padding: 0, margin: 0 }}>
      <Text component="legend" size="sm" fw={600} mb={4}>{label}</Text>
      <Stack gap={0}>
        {shown.map((one) => (
          <label key={one.value} className="facet">
            <input type="checkbox" checked={chosen.has(one.value)} onChange={() => flip(one.value)} />
            <span>{one.value === "" ? "Not known" : show(one.value)} <Text component="span" size="xs" c="dimmed">{count(one.count)}</Text></span>
          </label>
        ))}
        {values.length > SHOWN && <Anchor component="button" type="button" size="xs" ta="left" onClick={() => setMore(!more)}>{more ? "Fewer" : `All ${values.length}`}<span className="sr"> values of {label}</span></Anchor>}
      </Stack>
    </fieldset>
  );
}
