import { Anchor, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, body } from "../../api/client";
import type { ConversationPage } from "../../api/shapes";
import type { Conversation } from "../../api/types";
import { Section } from "../../components/Page";
import { PartyName } from "../../components/PartyName";
import { ProblemView } from "../../components/Problem";
import { Empty, Loading } from "../../components/States";
import { type Column, Table } from "../../components/Table";
import { Tag, type Tone } from "../../components/Tags";
import { bytes, sentence } from "../../lib/words";
import { useTime } from "../../lib/zone";

const ENCRYPTION: Record<Conversation["encryption"], [string, Tone]> = {
  strong: ["Encrypted", "good"],
  weak: ["Weakly encrypted", "medium"],
  cleartext: ["In the clear", "high"],
  unknown: ["Not known", "info"],
};

/** Who it talks to. */
export function Talks({ id, short }: { id: string; short: boolean }) {
  const time = useTime();
  const query = useInfiniteQuery({
    queryKey: ["conversations", id],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => body<ConversationPage>(api.GET("/api/devices/{id}/conversations", { params: { path: { id }, query: { limit: 200, cursor: pageParam } } })),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  const columns: Column<Conversation>[] = [
    { id: "direction", title: "This device", cell: (row) => (row.client.device === id ? (row.direction_known ? "asks" : "asks, it seems") : "answers") },
    { id: "with", title: "With", cell: (row) => <PartyName party={row.client.device === id ? row.server : row.client} />, width: 260 },
    { id: "service", title: "Service", cell: (row) => `${row.service}${row.port ? `, port ${row.port}` : ""}`, width: 220 },
    { id: "clinical", title: "Carries", cell: (row) => row.clinical ?? (row.management ? "Administration" : ""), width: 180 },
    { id: "encryption", title: "Encryption", cell: (row) => <Encrypted conversation={row} /> },
    { id: "bytes", title: "Bytes", cell: (row) => bytes(row.bytes_to_client + row.bytes_to_server), number: true },
    { id: "days", title: "Days seen", cell: (row) => row.days_seen, number: true },
    { id: "last", title: "Last", cell: (row) => time.full(row.last_seen) },
  ];
  return (
    <Section title="Who it talks to" id="talks" lead={rows.length > 0 ? `${rows.length}${query.hasNextPage ? " or more" : ""} conversations: all flows with one service of one partner are one.` : undefined}>
      {query.isPending && <Loading what="conversations" />}
      {query.error && <ProblemView error={query.error} retry={() => void query.refetch()} />}
      {query.data && rows.length === 0 && <Empty title="No conversation was seen">Either it only listens and announces itself, or a sensor does not see its switch port: <Anchor component={Link} to={"/sensors" as never}>what can't we see?</Anchor></Empty>}
      {rows.length > 0 && <Table label="Conversations" rows={rows} columns={columns} rowId={(row) => row.id} height={short ? "320px" : undefined} more={query.hasNextPage && !query.isFetchingNextPage ? () => void query.fetchNextPage() : undefined} />}
    </Section>
  );
}

function Encrypted({ conversation }: { conversation: Conversation }) {
  const [label, tone] = ENCRYPTION[conversation.encryption];
  const phi = conversation.phi ?? [];
  return (
    <>
      <Tag tone={tone}>{label}</Tag>{" "}
      {phi.length > 0 && <Text component="span" size="xs" title={phi.map((one) => `${one.count} × ${sentence(one.kind)}`).join(", ")}>PHI seen</Text>}
    </>
  );
}
