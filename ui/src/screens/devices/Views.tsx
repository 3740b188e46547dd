import { Button, Checkbox, Group, Menu, Modal, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api/client";
import type { SavedView } from "../../api/shapes";
import { ProblemView } from "../../components/Problem";

const SCREEN = "devices";

/** Views that were saved of the list: a choice under a name, for oneself or for everybody. */
export function Views({ filters, choose }: { filters: Record<string, string | undefined>; choose: (filters: Record<string, string>) => void }) {
  const queries = useQueryClient();
  const [opened, modal] = useDisclosure(false);
  const list = useQuery({ queryKey: ["views"], queryFn: () => body<SavedView[]>(api.GET("/api/views", {})) });
  const views = (list.data ?? []).filter((view) => view.screen === SCREEN);
  const remove = useMutation({
    mutationFn: (id: string) => body(api.DELETE("/api/views/{id}", { params: { path: { id } } })),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ["views"] }),
  });
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target><Button size="xs" variant="default">Views</Button></Menu.Target>
        <Menu.Dropdown>
          {views.map((view) => <Menu.Item key={view.id} onClick={() => choose(view.query as Record<string, string>)}>{view.name}{view.is_shared && !view.is_own ? " (shared)" : ""}</Menu.Item>)}
          {views.some((view) => view.is_own) && <Menu.Divider />}
          {views.filter((view) => view.is_own).map((view) => <Menu.Item key={view.id} c="dimmed" onClick={() => remove.mutate(view.id)}>Remove “{view.name}”</Menu.Item>)}
          <Menu.Divider />
          <Menu.Item onClick={modal.open}>Save this view…</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={opened} onClose={modal.close} title="Save this view"><Save filters={filters} done={modal.close} /></Modal>
    </>
  );
}

function Save({ filters, done }: { filters: Record<string, string | undefined>; done: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const query = Object.fromEntries(Object.entries(filters).filter((pair): pair is [string, string] => Boolean(pair[1])));
  const save = useMutation({
    mutationFn: () => body(api.POST("/api/views", { body: { screen: SCREEN, name, query, is_shared: shared } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["views"] });
      notifications.show({ message: "The view was saved." });
      done();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput label="Name of the view" required maxLength={200} data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <Checkbox label="Everybody here sees it" checked={shared} onChange={(event) => setShared(event.currentTarget.checked)} />
        {save.error && <ProblemView error={save.error} />}
        <Group><Button type="submit" loading={save.isPending}>Save the view</Button></Group>
      </Stack>
    </form>
  );
}
