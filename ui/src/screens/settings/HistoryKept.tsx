import { Button, Group, NumberInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, body, withTag } from "../../api/client";
import { Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Query } from "../../components/States";
import { useAct } from "../../lib/acting";

const KEY = ["settings", "history"];

/** How long long history is kept. */
export function HistoryKept() {
  const query = useQuery({ queryKey: KEY, queryFn: () => withTag<{ keep_days: number }>(api.GET("/api/settings/history", {})) });
  return (
    <Section title="Retention" lead="Flows, facts and events are deleted so long after they were taken in. The ledger, devices and findings stay. A change holds from the hub's next start.">
      <Query query={query} what="settings">{({ data, tag }) => <Form key={tag} days={data.keep_days} tag={tag ?? ""} />}</Query>
    </Section>
  );
}

function Form({ days, tag }: { days: number; tag: string }) {
  const [keep, setKeep] = useState<string | number>(days);
  const save = useAct(() => body(api.PUT("/api/settings/history", { params: { header: { "If-Match": tag } }, body: { keep_days: Number(keep) } })), [KEY]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="sm">
        <NumberInput label="Keep history, days" min={1} max={3650} value={keep} onChange={setKeep} />
        <Button type="submit" loading={save.isPending}>Save retention</Button>
      </Group>
      {save.error !== null && <ProblemView error={save.error} />}
    </form>
  );
}
