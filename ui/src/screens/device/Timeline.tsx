import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, body } from "../../api/client";
import type { Page as ApiPage } from "../../api/shapes";
import { Section } from "../../components/Page";
import { Query } from "../../components/States";
import { useTime } from "../../lib/zone";

interface Happening {
  time: string;
  what: string;
  kind?: string;
  by?: string | null;
}

export function Timeline({ id }: { id: string }) {
  const time = useTime();
  const query = useQuery<ApiPage<Happening>>({ queryKey: ["timeline", id], queryFn: () => body(api.GET("/api/devices/{id}/timeline", { params: { path: { id } } })) });
  return (
    <Section title="Timeline" id="timeline" lead="What it did and what people did with it, newest first.">
      <Query query={query} what="the timeline">
        {({ items }) =>
          items.length === 0 ? (
            <Text size="sm">Nothing yet.</Text>
          ) : (
            <ol className="timeline">
              {items.map((event, index) => (
                <li key={`${event.time}-${index}`}>
                  <Text size="sm">{event.what}</Text>
                  <Text size="xs" c="dimmed">{time.exact(event.time)}{event.by ? ` · ${event.by}` : ""}</Text>
                </li>
              ))}
            </ol>
          )
        }
      </Query>
    </Section>
  );
}
