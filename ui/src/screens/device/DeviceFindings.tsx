import { Anchor, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, body } from "../../api/client";
import type { FindingPage } from "../../api/shapes";
import { Section } from "../../components/Page";
import { Query } from "../../components/States";
import { SeverityTag, Tag } from "../../components/Tags";
import { sentence } from "../../lib/words";

export function DeviceFindings({ id }: { id: string }) {
  const query = useQuery<FindingPage>({ queryKey: ["findings", "device", id], queryFn: () => body(api.GET("/api/devices/{id}/findings", { params: { path: { id } } })) });
  return (
    <Section title="Findings" id="findings">
      <Query query={query} what="findings">
        {({ items }) =>
          items.length === 0 ? (
            <Text size="sm">No detector found anything on this device in what was seen.</Text>
          ) : (
            <ul style={{ listStyle: "none", padding: 0, margin: 0 }}>
              {items.map(({ finding, state }) => (
                <li key={finding.id} style={{ padding: "4px 0" }}>
                  <SeverityTag severity={finding.severity} /> <Tag>{sentence(state)}</Tag>{" "}
                  <Anchor component={Link} to="/findings/$id" params={{ id: finding.id } as never}>{finding.title}</Anchor>
                </li>
              ))}
            </ul>
          )
        }
      </Query>
    </Section>
  );
}
