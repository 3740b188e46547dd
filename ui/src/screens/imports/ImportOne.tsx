import { Button, Checkbox, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, body } from "../../api/client";
import type { Decision, Import, ImportMapping, ImportPlan, ImportUndone, PlannedLine, RecordField } from "../../api/shapes";
import { Page, Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Query } from "../../components/States";
import { PlainTable } from "../../components/Table";
import { Tag, type Tone } from "../../components/Tags";
import { plural } from "../../lib/time";
import { count, sentence } from "../../lib/words";

const OUTCOMES: [id: PlannedLine["outcome"], label: string, tone: Tone][] = [
  ["wait", "Waits for a decision", "high"],
  ["create", "Makes a record", "good"],
  ["update", "Changes a record", "medium"],
  ["unchanged", "Is there already", "info"],
  ["skip", "Left out", "info"],
];
const DIFFERENCES: Record<ImportMapping["on_difference"], string> = { ask: "Ask me for each row", table: "The table counts", record: "The record counts" };

/** One import: columns are mapped, every change is shown, conflicts are decided, and then it is applied, or undone. */
export function ImportScreen() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery<Import>({ queryKey: ["imports", id], queryFn: () => body(api.GET("/api/imports/{id}", { params: { path: { id } } })) });
  return <Query query={query} what="the import">{(one) => <Shown one={one} />}</Query>;
}

function useMap(one: Import) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (mapping: ImportMapping) => body<Import>(api.PUT("/api/imports/{id}", { params: { path: { id: one.id }, header: { "If-Match": one.etag } }, body: mapping })),
    onSuccess: (saved) => {
      queries.setQueryData(["imports", one.id], saved);
      void queries.invalidateQueries({ queryKey: ["imports", one.id, "plan"] });
    },
  });
}

function Shown({ one }: { one: Import }) {
  const lead = `${plural(one.lines, "row")}, handed in by ${one.created_by}.`;
  return (
    <Page title={`Import: ${one.name}`} lead={lead}>
      {one.state === "read" ? <><Columns one={one} /><DryRun one={one} /></> : <Done one={one} />}
    </Page>
  );
}

function Columns({ one }: { one: Import }) {
  const fields = useQuery({ queryKey: ["record-fields"], staleTime: Infinity, queryFn: () => body<RecordField[]>(api.GET("/api/record-fields", {})) });
  const map = useMap(one);
  const { columns } = one.mapping;
  const set = (column: string, field: string) => {
    // A field is filled by one column: the last choice takes it from the other.
    const rest = Object.fromEntries(Object.entries(columns).filter(([other, taken]) => other !== column && taken !== field));
    map.mutate({ ...one.mapping, columns: field ? { ...rest, [column]: field } : rest, decided: {} });
  };
  return (
    <Section title="1. Columns" lead="Which column is which field of a record. Columns that are mapped to nothing are not read.">
      <PlainTable label="Columns" head={["Column", "For example", "Field"]}>
        {one.columns.map((column, index) => (
          <tr key={column}>
            <td>{column}</td>
            <td>{one.sample.map((row) => row[index]).filter(Boolean).slice(0, 3).join(" · ")}</td>
            <td>
              <NativeSelect size="xs" aria-label={`Field of ${column}`} disabled={map.isPending} value={columns[column] ?? ""} onChange={(event) => set(column, event.currentTarget.value)} data={[{ value: "", label: "Not read" }, ...(fields.data ?? []).map((field) => ({ value: field.id, label: field.label }))]} />
            </td>
          </tr>
        ))}
      </PlainTable>
      <Group mt="sm" align="flex-end">
        <NativeSelect size="xs" label="Where a record says something else" value={one.mapping.on_difference} onChange={(event) => map.mutate({ ...one.mapping, on_difference: event.currentTarget.value as ImportMapping["on_difference"] })} data={Object.entries(DIFFERENCES).map(([value, label]) => ({ value, label }))} />
        <Checkbox size="xs" label="Only change records that are there; make no new ones" checked={one.mapping.only_known} onChange={(event) => map.mutate({ ...one.mapping, only_known: event.currentTarget.checked })} />
      </Group>
      {map.error && <ProblemView error={map.error} />}
    </Section>
  );
}

function DryRun({ one }: { one: Import }) {
  const queries = useQueryClient();
  const [outcome, setOutcome] = useState("");
  const [shown, setShown] = useState(50);
  const isMapped = Object.keys(one.mapping.columns).length > 0;
  const query = useQuery<ImportPlan>({
    queryKey: ["imports", one.id, "plan", one.etag, outcome, shown],
    enabled: isMapped,
    queryFn: () => body(api.GET("/api/imports/{id}/plan", { params: { path: { id: one.id }, query: { outcome: outcome || undefined, limit: shown } } })),
    placeholderData: (before) => before,
  });
  const map = useMap(one);
  const apply = useMutation({
    mutationFn: () => body<Import>(api.POST("/api/imports/{id}/apply", { params: { path: { id: one.id }, header: { "If-Match": one.etag } } })),
    onSuccess: (saved) => {
      queries.setQueryData(["imports", one.id], saved);
      for (const key of ["devices", "device", "imports"]) void queries.invalidateQueries({ queryKey: [key] });
      notifications.show({ message: "The import was applied." });
    },
  });
  const decide = (line: number, decision: Decision | undefined) => {
    const rest = Object.fromEntries(Object.entries(one.mapping.decided).filter(([number]) => number !== String(line)));
    map.mutate({ ...one.mapping, decided: decision === undefined ? rest : { ...rest, [line]: decision } });
  };
  if (!isMapped) return <Section title="2. What it would change"><Text size="sm">Map a column first.</Text></Section>;
  return (
    <Section title="2. What it would change" lead="A dry run: nothing was changed so far.">
      <Query query={query} what="the dry run">
        {(plan) => (
          <Stack gap="sm">
            <Group gap="sm">
              {OUTCOMES.map(([id, label, tone]) => <Text key={id} size="sm"><Tag tone={plan[id] > 0 ? tone : "info"}>{count(plan[id])}</Tag> {label}</Text>)}
            </Group>
            <NativeSelect size="xs" w={220} label="Rows shown" value={outcome} onChange={(event) => setOutcome(event.currentTarget.value)} data={[{ value: "", label: "All" }, ...OUTCOMES.map(([value, label]) => ({ value, label }))]} />
            <PlainTable label="What it would change" head={["Row", "Device", "Outcome", "Changes", "To know and decide"]}>
              {plan.items.map((line) => <Line key={line.line} line={line} decision={one.mapping.decided[line.line]} decide={(decision) => decide(line.line, decision)} />)}
            </PlainTable>
            {plan.next && <Group><Button size="xs" variant="default" disabled={shown >= 500} onClick={() => setShown(500)}>{shown >= 500 ? "The first 500 are shown" : "Show more"}</Button></Group>}
            {map.error && <ProblemView error={map.error} />}
            {apply.error && <ProblemView error={apply.error} />}
            <Group>
              <Button disabled={plan.wait > 0 || plan.create + plan.update === 0} loading={apply.isPending} onClick={() => apply.mutate()}>Apply: {count(plan.create)} new, {count(plan.update)} changed</Button>
              {plan.wait > 0 && <Text size="sm">{plural(plan.wait, "row")} {plan.wait === 1 ? "waits" : "wait"} for a decision.</Text>}
            </Group>
          </Stack>
        )}
      </Query>
    </Section>
  );
}

function Line({ line, decision, decide }: { line: PlannedLine; decision: Decision | undefined; decide: (decision: Decision | undefined) => void }) {
  const [, label, tone] = OUTCOMES.find(([id]) => id === line.outcome) ?? ["", line.outcome, "info" as Tone];
  const several = line.conflicts.find((one) => one.kind === "several_records");
  const canDecide = line.outcome === "wait" || decision !== undefined;
  return (
    <tr>
      <td className="number">{line.line}</td>
      <td>{line.title || "Nothing that names it"}</td>
      <td><Tag tone={tone}>{label}</Tag></td>
      <td>
        {line.changes.map((change) => <div key={change.field}>{sentence(change.field)}: {change.before && <><s>{change.before}</s> → </>}{change.after || "unknown"}</div>)}
      </td>
      <td>
        <Stack gap={4}>
          {line.conflicts.map((one, index) => <div key={index}>{told(one)}</div>)}
          {canDecide && (
            <Group gap={4} role="group" aria-label={`Decision for row ${line.line}`}>
              {several?.kind === "several_records" && several.records.map((record) => <Button key={record} size="compact-xs" variant="default" onClick={() => decide({ into: record })}>It is {record}</Button>)}
              {!several && <Choice label="Table counts" is={decision === "table"} set={() => decide("table")} />}
              {!several && <Choice label="Record counts" is={decision === "record"} set={() => decide("record")} />}
              <Choice label="New record" is={decision === "new"} set={() => decide("new")} />
              <Choice label="Leave out" is={decision === "skip"} set={() => decide("skip")} />
              {decision !== undefined && <Button size="compact-xs" variant="subtle" onClick={() => decide(undefined)}>Ask again</Button>}
            </Group>
          )}
        </Stack>
      </td>
    </tr>
  );
}

const Choice = ({ label, is, set }: { label: string; is: boolean; set: () => void }) => <Button size="compact-xs" variant={is ? "filled" : "default"} aria-pressed={is} onClick={set}>{label}</Button>;

/** A conflict in words. */
function told(one: PlannedLine["conflicts"][number]): string {
  switch (one.kind) {
    case "several_records": return `Its keys are those of ${one.records.length} records`;
    case "no_record": return `The record ${one.record} is not there any more`;
    case "same_record": return `Row ${one.line} is of the same device`;
    case "differs": return `${sentence(one.field)}: the record says “${one.record}”, the table “${one.table}”`;
    case "invalid": return `${sentence(one.field)} cannot be read: ${one.what}`;
    case "observed": return `${sentence(one.field)}: traffic shows “${one.seen}”, the table says “${one.table}”`;
  }
}

function Done({ one }: { one: Import }) {
  const queries = useQueryClient();
  const [asks, setAsks] = useState(false);
  const undo = useMutation({
    mutationFn: () => body<ImportUndone>(api.POST("/api/imports/{id}/undo", { params: { path: { id: one.id }, header: { "If-Match": one.etag } } })),
    onSuccess: () => { for (const key of ["imports", "devices", "device"]) void queries.invalidateQueries({ queryKey: [key] }); },
  });
  return (
    <Section title={one.state === "applied" ? "It was applied" : "It was undone"}>
      <Stack gap="sm">
        {undo.data && (
          <Text role="status">
            {plural(undo.data.restored, "record")} as before, {plural(undo.data.removed, "record")} taken away.
            {undo.data.kept.length > 0 && ` ${plural(undo.data.kept.length, "record")} kept what somebody changed since: ${[...new Set(undo.data.kept.flatMap((kept) => kept.fields))].map(sentence).join(", ") || "files or a checklist"}.`}
          </Text>
        )}
        {one.state === "applied" && (
          <Group>
            {!asks && <Button variant="default" onClick={() => setAsks(true)}>Undo the whole import</Button>}
            {asks && <Button color="red.9" loading={undo.isPending} onClick={() => undo.mutate()}>Undo it now</Button>}
            {asks && <Button variant="subtle" onClick={() => setAsks(false)}>Keep it</Button>}
          </Group>
        )}
        {undo.error && <ProblemView error={undo.error} />}
      </Stack>
    </Section>
  );
}
