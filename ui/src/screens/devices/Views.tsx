import { Button, Menu, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api/client";
import type { Page as ApiPage } from "../../api/shapes";
import { ProblemView } from "../../components/Problem";

interface View {
  id: string;
  name: string;
  query: string;
}

/** Filters that somebody keeps under a name. */
export function Views({ filters }: { filters: Record<string, string | undefined> }) {
  const go = useNavigate();
  const queries = useQueryClient();
  const [naming, name] = useDisclosure(false);
  const views = useQuery<ApiPage<View>>({ queryKey: ["views"], queryFn: () => body(api.GET("/api/views", {})) });
  const remove = useMutation({ mutationFn: (id: string) => body(api.DELETE("/api/views/{id}", { params: { path: { id } } })), onSuccess: () => void queries.invalidateQueries({ queryKey: ["views"] }) });
  const kept = views.data?.items ?? [];
  return (
    <>
      <Menu position="bottom-start">
        <Menu.Target><Button size="xs" variant="default">Saved views</Button></Menu.Target>
        <Menu.Dropdown>
          {kept.length === 0 && <Menu.Label>None saved yet</Menu.Label>}
          {kept.map((view) => (
            <Menu.Item key={view.id} onClick={() => void go({ to: "/devices", search: Object.fromEntries(new URLSearchParams(view.query)) })}>{view.name}</Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item onClick={name.open}>Save these filters</Menu.Item>
          {kept.length > 0 && <Menu.Label>Remove</Menu.Label>}
          {kept.map((view) => (
            <Menu.Item key={view.id} onClick={() => remove.mutate(view.id)}>Remove {view.name}</Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {naming && <Name filters={filters} close={name.close} />}
    </>
  );
}

function Name({ filters, close }: { filters: Record<string, string | undefined>; close: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const query = new URLSearchParams(Object.entries(filters).filter((pair): pair is [string, string] => Boolean(pair[1]))).toString();
  const save = useMutation({
    mutationFn: () => body(api.POST("/api/views", { body: { name, query } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["views"] });
      close();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Modal opened onClose={close} title="Save these filters">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput label="Name" required data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} maxLength={80} />
          <Text size="sm" c="dimmed">Kept for you, on this hub.</Text>
          {save.error && <ProblemView error={save.error} />}
          <Button type="submit" loading={save.isPending}>Save</Button>
        </Stack>
      </form>
    </Modal>
  );
}
