import { Anchor, Button, Group, NativeSelect, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, body, upload } from "../../api/client";
import type { Import, ImportPage } from "../../api/shapes";
import { FileDrop } from "../../components/FileDrop";
import { Page, Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Empty, Query } from "../../components/States";
import { PlainTable } from "../../components/Table";
import { Tag } from "../../components/Tags";
import { useSite } from "../../lib/site";
import { count, sentence } from "../../lib/words";
import { useTime } from "../../lib/zone";
import { useWho } from "../../session";

/** Tables from a CMMS or a list: handed in here, and what became of those before. */
export function Imports() {
  const { site } = useSite();
  const { may } = useWho();
  const time = useTime();
  const go = useNavigate();
  const query = useQuery<ImportPage>({ queryKey: ["imports", site?.id], enabled: may("move_data"), queryFn: () => body(api.GET("/api/imports", { params: { query: { site: site?.id, limit: 100 } } })) });
  const send = useMutation({
    mutationFn: (file: File) => upload<Import>(`/api/imports?${new URLSearchParams({ site: site?.id ?? "", name: file.name })}`, file, { "Content-Type": "application/octet-stream" }, () => {}),
    onSuccess: (made) => void go({ to: "/imports/$id", params: { id: made.id } as never }),
  });
  if (!may("move_data")) return <Page title="Import"><Text>Your role does not import records. An administrator, IT security or clinical engineering does.</Text></Page>;
  return (
    <Page title="Import" lead="Records from a CMMS or a list. Nothing changes before you have seen every change, and what was applied can be undone whole.">
      <Section title="Hand a table in">
        {site ? (
          <FileDrop accept=".csv,.tsv,.txt,.xlsx" label="Drop a table here (CSV or XLSX)" disabled={send.isPending} take={([file]) => file && send.mutate(file)}>
            The first row has the headings. At most 32 MB and 50,000 rows.
          </FileDrop>
        ) : <Text size="sm">Choose a site first, at the top of the page.</Text>}
        {send.error && <ProblemView error={send.error} />}
      </Section>
      {site && <FromApi site={site.id} />}
      <Section title="Imports so far">
        <Query query={query} what="imports">
          {({ items }) => items.length === 0 ? <Empty title="Nothing was imported yet" /> : (
            <PlainTable label="Imports so far" head={["Name", "Rows", "State", "By", "When"]}>
              {items.map((one) => (
                <tr key={one.id}>
                  <td><Anchor component={Link} to="/imports/$id" params={{ id: one.id } as never} size="sm">{one.name}</Anchor></td>
                  <td className="number">{count(one.lines)}</td>
                  <td><Tag tone={one.state === "applied" ? "good" : "info"}>{sentence(one.state)}</Tag></td>
                  <td>{one.created_by}</td>
                  <td>{time.full(one.created)}</td>
                </tr>
              ))}
            </PlainTable>
          )}
        </Query>
      </Section>
    </Page>
  );
}

/** The hub asks NetBox or Snipe-IT itself; what it gets is an import like a table. */
function FromApi({ site }: { site: string }) {
  const go = useNavigate();
  const [form, setForm] = useState({ system: "netbox" as "netbox" | "snipe_it", url: "", token: "" });
  const ask = useMutation({
    mutationFn: () => body<Import>(api.POST("/api/imports-by-api", { body: { site, ...form } })),
    onSuccess: (made) => void go({ to: "/imports/$id", params: { id: made.id } as never }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask.mutate();
  };
  return (
    <Section title="Ask NetBox or Snipe-IT" lead="The hub asks for all devices by the API. The token needs the right to read; it is used once and not kept.">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Group align="flex-end" gap="sm">
            <NativeSelect size="xs" label="System" value={form.system} onChange={(event) => setForm({ ...form, system: event.currentTarget.value as typeof form.system })} data={[{ value: "netbox", label: "NetBox" }, { value: "snipe_it", label: "Snipe-IT" }]} />
            <TextInput size="xs" label="Address" type="url" required w={280} placeholder="https://netbox.clinic.example" value={form.url} onChange={(event) => setForm({ ...form, url: event.currentTarget.value })} />
            <PasswordInput size="xs" label="Token" required w={220} autoComplete="off" value={form.token} onChange={(event) => setForm({ ...form, token: event.currentTarget.value })} />
            <Button size="xs" type="submit" variant="default" loading={ask.isPending}>Ask</Button>
          </Group>
          {ask.error && <ProblemView error={ask.error} />}
        </Stack>
      </form>
    </Section>
  );
}
