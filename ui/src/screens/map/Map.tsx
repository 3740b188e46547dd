import { Anchor, Group, NativeSelect, SimpleGrid, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { api, body } from "../../api/client";
import type { MapAnswer } from "../../api/shapes";
import { Page } from "../../components/Page";
import { Empty, Loading, Query } from "../../components/States";
import { PlainTable } from "../../components/Table";
import { useSite } from "../../lib/site";
import { count, impactLabel, sentence } from "../../lib/words";
import { type Drawing, fold } from "./fold";
import { UNKNOWN } from "./unknown";

const Graph = lazy(() => import("./Graph"));
const BY = [
  { value: "class", label: "Class" },
  { value: "unit", label: "Unit" },
  { value: "zone", label: "Clinical impact" },
];
type By = "class" | "unit" | "zone";

/** Who talks to whom by unit, zone or class. Groups are drawn closed; one is opened at a time, so that any number of devices stays readable. */
export function MapScreen() {
  const { by = "class", group } = useSearch({ strict: false }) as { by?: By; group?: string };
  const go = useNavigate();
  const { site } = useSite();
  const query = useQuery<MapAnswer>({ queryKey: ["map", site?.id, by], queryFn: () => body(api.GET("/api/map", { params: { query: { site: site?.id, by } } })), placeholderData: (before) => before });
  const set = (change: Record<string, string | undefined>) => void go({ to: "/map", search: { by, group, ...change } });
  const label = useMemo(() => groupLabel(by), [by]);
  const drawing = useMemo(() => (query.data ? fold(query.data, group, label) : undefined), [query.data, group, label]);
  return (
    <Page title="Map" lead="Lines are conversations that were seen; orange ones carry PHI in the clear. Choose a group to open it.">
      <Group gap="sm" className="no-print" align="flex-end">
        <NativeSelect size="xs" label="Group by" value={by} data={BY} onChange={(event) => set({ by: event.currentTarget.value, group: undefined })} />
        <NativeSelect size="xs" label="Open group" value={group ?? "-"} data={[{ value: "-", label: "None" }, ...(query.data?.groups ?? []).map((one) => ({ value: one.id || UNKNOWN, label: `${label(one.id)} (${one.count})` }))]} onChange={(event) => set({ group: event.currentTarget.value === "-" ? undefined : event.currentTarget.value })} />
      </Group>
      <Query query={query} what="the map">
        {(map) =>
          map.groups.length === 0 || !drawing ? (
            <Empty title="No device was seen yet">The map appears with the first conversation.</Empty>
          ) : (
            <>
              <Suspense fallback={<Loading what="the drawing" />}>
                <Graph drawing={drawing} open={(id) => set({ group: id === group ? undefined : id })} device={(id) => void go({ to: "/devices/$id", params: { id } as never })} />
              </Suspense>
              <Lists drawing={drawing} by={by} />
            </>
          )
        }
      </Query>
    </Page>
  );
}

const groupLabel = (by: By) => (id: string): string => {
  if (id === "" || id === UNKNOWN) return "Not known";
  return by === "zone" ? impactLabel(id) : by === "class" ? sentence(id) : id;
};

const SHOWN = 200;

/** The same in words, for those who do not see the drawing and for paper. */
function Lists({ drawing, by }: { drawing: Drawing; by: By }) {
  const filter = { class: "class", zone: "impact", unit: undefined }[by];
  return (
    <>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <PlainTable label="Groups" head={["Group", "Devices", "Gravest impact"]}>
          {drawing.groups.map((group) => (
            <tr key={group.id}>
              <td>{filter && group.id !== UNKNOWN ? <Anchor component={Link} to={"/devices" as never} search={{ [filter]: group.id } as never} size="sm">{group.label}</Anchor> : group.label}</td>
              <td>{count(group.devices)}</td>
              <td>{group.impact ? impactLabel(group.impact) : "Not known"}</td>
            </tr>
          ))}
        </PlainTable>
        <PlainTable label="Who talks to whom" head={["From", "To", "Conversations", "Services"]}>
          {drawing.links.slice(0, SHOWN).map((link) => (
            <tr key={`${link.from}>${link.to}`}>
              <td>{drawing.name(link.from)}</td>
              <td>{drawing.name(link.to)}</td>
              <td>{count(link.conversations)}{link.phi ? ", PHI in the clear" : ""}</td>
              <td>{link.services.slice(0, 4).join(", ")}{link.services.length > 4 ? " …" : ""}</td>
            </tr>
          ))}
        </PlainTable>
      </SimpleGrid>
      {drawing.links.length > SHOWN && <Text size="sm">The {SHOWN} lines with the most conversations of {count(drawing.links.length)}.</Text>}
    </>
  );
}
