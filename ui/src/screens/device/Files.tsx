import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { api, body, upload } from "../../api/client";
import type { Attachment } from "../../api/shapes";
import { ProblemView } from "../../components/Problem";
import { bytes } from "../../lib/words";
import { useTime } from "../../lib/zone";
import { useWho } from "../../session";

/** Files beside the record: MDS2 forms, contracts, pictures of where it stands. */
export function Files({ id }: { id: string }) {
  const queries = useQueryClient();
  const time = useTime();
  const { may } = useWho();
  const input = useRef<HTMLInputElement>(null);
  const key = ["device", id, "attachments"];
  const list = useQuery({ queryKey: key, queryFn: () => body<Attachment[]>(api.GET("/api/devices/{id}/attachments", { params: { path: { id } } })) });
  const renew = () => void queries.invalidateQueries({ queryKey: ["device", id] });
  const add = useMutation({
    mutationFn: (file: File) => upload<Attachment>(`/api/devices/${encodeURIComponent(id)}/attachments?${new URLSearchParams({ name: file.name })}`, file, { "Content-Type": "application/octet-stream" }, () => {}),
    onSuccess: renew,
  });
  const remove = useMutation({ mutationFn: (file: string) => body(api.DELETE("/api/attachments/{id}", { params: { path: { id: file } } })), onSuccess: renew });
  const files = list.data ?? [];
  if (files.length === 0 && !may("edit_records")) return null;
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <Text fw={600} size="sm">Files</Text>
        {may("edit_records") && <Button size="compact-xs" variant="default" loading={add.isPending} onClick={() => input.current?.click()}>Add a file</Button>}
        <input ref={input} type="file" hidden aria-label="Add a file" data-testid="attachment" onChange={(event) => { const file = event.target.files?.[0]; event.target.value = ""; if (file) add.mutate(file); }} />
      </Group>
      {files.length === 0 && <Text size="sm" c="dimmed">None.</Text>}
      {files.map((file) => (
        <Group key={file.id} gap="xs">
          <Anchor size="sm" href={`/api/attachments/${file.id}`} download={file.name}>{file.name}</Anchor>
          <Text size="xs" c="dimmed">{bytes(file.bytes)}, {file.added_by}, {time.full(file.added)}</Text>
          {may("edit_records") && <Button size="compact-xs" variant="subtle" onClick={() => remove.mutate(file.id)}>Remove<span className="sr"> {file.name}</span></Button>}
        </Group>
      ))}
      {(add.error ?? remove.error) && <ProblemView error={add.error ?? remove.error} />}
    </Stack>
  );
}
