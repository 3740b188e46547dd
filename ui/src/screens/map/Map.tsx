import { Anchor, Group, NativeSelect, SimpleGrid, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { api, body } from "../../api/client";
import { Page } from "../../components/Page";
import { Empty, Loading, Query } from "../../components/States";
import { PlainTable } from "../../components/Table";
import { useSite } from "../../lib/site";
import { plural } from "../../lib/time";
import { bytes, count, impactLabel, sentence } from "../../lib/words";
import type { MapAnswer } from "./shape";

const Graph = lazy(() => import("./Graph"));
const BY = [
  { value: "unit", label: "Unit" },
  { value: "zone", label: "Zone" },
  { value: "class", label: "Class" },
];

/** Who talks to whom by unit, zone or class. Groups are drawn closed; one is opened at a time, so that any number of devices stays readable. */
export function MapScreen() {
  const { by = "class", group } = useSearch({ strict: false }) as { by?: string; group?: string };
  const go = useNavigate();
  const { site } = useSite();
  const asked = { site: site?.id, by: by as "class", group };
  const query = useQuery<MapAnswer>({ queryKey: ["map", asked], queryFn: () => body(api.GET("/api/map", { params: { query: asked } })), placeholderData: (before) => before });
  const set = (change: Record<string, string | undefined>) => void go({ to: "/map", search: { by, group, ...change } });
  return (
    <Page title="Map" lead="Lines are conversations that were seen. Choose a group to see its devices; choose it again to close it.">
      <Group gap="sm" className="no-print">
        <NativeSelect size="xs" label="Group by" value={by} data={BY} onChange={(event) => set({ by: event.currentTarget.value, group: undefined })} />
        {group && <Text size="sm" mt={22}>Open: <b>{sentence(group)}</b>{" "}<Anchor component="button" type="button" onClick={() => set({ group: undefined })}>Close it</Anchor></Text>}
      </Group>
      <Query query={query} what="the map">
        {(map) =>
          map.groups.length === 0 ? (
            <Empty title="No device was seen yet">The map appears with the first conversation.</Empty>
          ) : (
            <>
              <Suspense fallback={<Loading what="the drawing" />}>
                <Graph map={map} open={(id) => set({ group: id === group ? undefined : id })} device={(id) => void go({ to: "/devices/$id", params: { id } as never })} />
              </Suspense>
              <Lists map={map} by={by} />
            </>
          )
        }
      </Query>
    </Page>
  );
}

/** The same in words, for those who do not see the drawing and for paper. */
function Lists({ map, by }: { map: MapAnswer; by: string }) {
  const edges = useMemo(() => [...map.links].sort((a, b) => b.conversations - a.conversations).slice(0, 200), [map]);
  const names = useMemo(() => new Map([...map.groups, ...map.devices].map((one) => [one.id, one.label])), [map]);
  const name = (id: string) => names.get(id) ?? id;
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }}>
      <PlainTable label="Groups" head={["Group", "Devices", "Gravest impact", "Findings"]}>
        {map.groups.map((group) => (
          <tr key={group.id}>
            <td>{group.outside ? group.label : <Anchor component={Link} to={"/devices" as never} search={(by === "zone" ? {} : { [by]: group.id }) as never} size="sm">{group.label}</Anchor>}</td>
            <td className="number">{group.devices > 0 ? count(group.devices) : ""}</td>
            <td>{group.impact ? impactLabel(group.impact) : ""}</td>
            <td className="number">{group.findings ? count(group.findings) : ""}</td>
          </tr>
        ))}
      </PlainTable>
      <PlainTable label="Who talks to whom" head={["From", "To", "Conversations", "Bytes"]}>
        {edges.map((edge) => (
          <tr key={`${edge.from}>${edge.to}`}>
            <td>{name(edge.from)}</td>
            <td>{name(edge.to)}</td>
            <td className="number">{plural(edge.conversations, "conversation")}</td>
            <td className="number">{bytes(edge.bytes)}</td>
          </tr>
        ))}
      </PlainTable>
    </SimpleGrid>
  );
}
