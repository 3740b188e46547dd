import { Button, Group, Progress, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, body, upload } from "../api/client";
import { useSite } from "../lib/site";
import { bytes, count } from "../lib/words";
import { FileDrop } from "./FileDrop";
import { ProblemView } from "./Problem";

export interface CaptureJob {
  id: string;
  name: string;
  state: "queued" | "reading" | "done" | "failed";
  bytes: number;
  bytes_read: number;
  frames: number;
  devices: number;
  problem?: string | null;
}

const FILES = ".pcap,.pcapng,.cap,.gz,.zst,application/vnd.tcpdump.pcap";

/** Takes a capture, shows how its upload and its reading go on, and says what came of it. */
export function CaptureDrop({ done }: { done?: () => void }) {
  const { site } = useSite();
  const queries = useQueryClient();
  const [sent, setSent] = useState(0);
  const send = useMutation({
    mutationFn: (file: File) => {
      setSent(0);
      const where = new URLSearchParams({ name: file.name, ...(site ? { site: site.id } : {}) });
      return upload<CaptureJob>(`/api/captures?${where}`, file, { "Content-Type": "application/octet-stream" }, setSent);
    },
  });
  const id = send.data?.id;
  const job = useQuery<CaptureJob>({
    queryKey: ["captures", id],
    enabled: id !== undefined,
    queryFn: () => body(api.GET("/api/captures/{id}", { params: { path: { id: id ?? "" } } })),
    refetchInterval: ({ state }) => (state.data?.state === "done" || state.data?.state === "failed" ? false : 1000),
  });
  const state = job.data?.state;
  useEffect(() => {
    if (state === "done") for (const key of ["devices", "home", "map", "findings"]) void queries.invalidateQueries({ queryKey: [key] });
  }, [state, queries]);

  return (
    <Stack gap="sm">
      <FileDrop accept={FILES} label="Drop a capture file here (pcap or pcapng, also gzip or zstd)" disabled={send.isPending} take={([file]) => file && send.mutate(file)}>
        It is read within limits and not kept: only what was observed stays.
      </FileDrop>
      {send.isPending && <Progressing label={`Sending, ${Math.floor(sent * 100)} %`} value={sent * 100} />}
      {send.error && <ProblemView error={send.error} />}
      {job.error && <ProblemView error={job.error} retry={() => void job.refetch()} />}
      {job.data && (state === "queued" || state === "reading") && (
        <Progressing label={`Reading: ${bytes(job.data.bytes_read)} of ${bytes(job.data.bytes)}, ${count(job.data.frames)} frames`} value={(100 * job.data.bytes_read) / Math.max(1, job.data.bytes)} />
      )}
      {state === "failed" && <Text role="alert">The capture could not be read: {job.data?.problem}</Text>}
      {state === "done" && (
        <Group role="status">
          <Text>Read: {count(job.data?.frames ?? 0)} frames, {count(job.data?.devices ?? 0)} devices.{job.data?.problem ? ` ${job.data.problem}` : ""}</Text>
          {done && <Button onClick={done}>See what was found</Button>}
        </Group>
      )}
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
