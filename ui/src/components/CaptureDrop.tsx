import { Button, Group, Loader, Progress, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, body, upload } from "../api/client";
import type { Capture } from "../api/shapes";
import { bytes, count } from "../lib/words";
import { FileDrop } from "./FileDrop";
import { ProblemView } from "./Problem";

const FILES = ".pcap,.pcapng,.cap,.gz,.zst,application/vnd.tcpdump.pcap";

/** Takes a capture, shows how its upload and its reading go on, and says what came of it. */
export function CaptureDrop({ site, done }: { site: string | undefined; done?: () => void }) {
  const queries = useQueryClient();
  const [sent, setSent] = useState(0);
  const send = useMutation({
    mutationFn: (file: File) => {
      setSent(0);
      return upload<Capture>(`/api/captures?${new URLSearchParams({ site: site ?? "", name: file.name })}`, file, { "Content-Type": "application/octet-stream" }, setSent);
    },
  });
  const id = send.data?.id;
  const list = useQuery({
    queryKey: ["captures", site],
    enabled: id !== undefined,
    queryFn: () => body<Capture[]>(api.GET("/api/captures", { params: { query: { site } } })),
    refetchInterval: ({ state }) => (state.data?.some((one) => one.id === id && one.state !== "reading") ? false : 1000),
  });
  const capture = list.data?.find((one) => one.id === id) ?? send.data;
  const state = capture?.state;
  useEffect(() => {
    if (state === "done") for (const key of ["devices", "home", "map", "findings"]) void queries.invalidateQueries({ queryKey: [key] });
  }, [state, queries]);
  const damage = capture?.outcome?.damage ?? [];

  return (
    <Stack gap="sm">
      <FileDrop accept={FILES} label="Drop a capture file here (pcap or pcapng, also gzip or zstd)" disabled={send.isPending || site === undefined} take={([file]) => file && send.mutate(file)}>
        It is read once and then deleted: only what was observed stays.
      </FileDrop>
      {send.isPending && <Progressing label={`Sending, ${Math.floor(sent * 100)} %`} value={sent * 100} />}
      {send.error && <ProblemView error={send.error} />}
      {list.error && <ProblemView error={list.error} retry={() => void list.refetch()} />}
      {capture && state === "reading" && <Group role="status"><Loader size="sm" aria-hidden /><Text size="sm">Reading {capture.name}, {bytes(capture.bytes)}</Text></Group>}
      {state === "failed" && <Text role="alert">{capture?.name} could not be read. {damage.join(" ") || "It holds no frames: is it a capture?"}</Text>}
      {state === "done" && (
        <Group role="status">
          <Text>{capture?.name} was read: {count(capture?.outcome?.frames ?? 0)} frames, {count(capture?.outcome?.observations ?? 0)} observations.</Text>
          {done && <Button onClick={done}>See what was found</Button>}
        </Group>
      )}
      {state === "done" && damage.length > 0 && <Text size="sm">Parts could not be read: {damage.join("; ")}</Text>}
    </Stack>
  );
}

function Progressing({ label, value }: { label: string; value: number }) {
  return (
    <div role="status">
      <Text size="sm">{label}</Text>
      <Progress value={value} aria-label={label} />
    </div>
  );
}
