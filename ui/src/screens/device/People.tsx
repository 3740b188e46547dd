import { Alert, Button, Group, NativeSelect, SimpleGrid, Table as MantineTable, TagsInput, Text, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, body, withTag } from "../../api/client";
import { asProblem } from "../../api/problem";
import { Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Query } from "../../components/States";
import { type Clash, changes, clashes, type Fields, rebase } from "../../lib/merge";
import { sentence } from "../../lib/words";
import { useWho } from "../../session";
import type { DeviceRecord, FullDevice } from "./shape";

interface Field {
  id: keyof DeviceRecord;
  label: string;
  hint?: string;
}

const PEOPLE: Field[] = [
  { id: "clinical_engineering_owner", label: "Clinical engineering owner" },
  { id: "it_owner", label: "IT owner" },
  { id: "administered_by", label: "Who administers it" },
  { id: "vendor", label: "Vendor" },
  { id: "service_contract", label: "Service contract" },
  { id: "call_at_night", label: "Who to call at night" },
];
const PLACE: Field[] = [
  { id: "name", label: "Name that people use" },
  { id: "building", label: "Building" },
  { id: "unit", label: "Unit" },
  { id: "room", label: "Room" },
];
export const STATES = ["expected", "onboarding", "in_service", "in_repair", "spare", "retired"];
const CRITICALITY = ["low", "medium", "high", "critical"];

interface Loaded {
  record: DeviceRecord;
  tag: string | undefined;
}

const key = (id: string) => ["device", id, "record"];

async function load(id: string): Promise<Loaded> {
  const { data, tag } = await withTag<FullDevice>(api.GET("/api/devices/{id}", { params: { path: { id } } }));
  return { record: data.record ?? {}, tag };
}

/** What people say of the device: owners, place, state. Unknown stays visibly unknown. */
export function People({ id }: { id: string }) {
  const query = useQuery({ queryKey: key(id), queryFn: () => load(id) });
  const [editing, setEditing] = useState(false);
  const { may } = useWho();
  const edit = may("device.edit") && !editing && (
    <Button size="xs" variant="default" onClick={() => setEditing(true)}>Edit people and place</Button>
  );
  return (
    <Section title="People and place" id="people" lead="What people say; traffic neither confirms nor denies it." actions={edit}>
      <Query query={query} what="what people say">
        {(loaded) => (editing ? <Editor id={id} loaded={loaded} done={() => setEditing(false)} /> : <Said record={loaded.record} />)}
      </Query>
    </Section>
  );
}

const text = (value: unknown): string => (Array.isArray(value) ? value.join(", ") : value === null || value === undefined ? "" : String(value));

function Said({ record }: { record: DeviceRecord }) {
  const rows: [string, string][] = [
    ...[...PEOPLE, ...PLACE].map((field): [string, string] => [field.label, text(record[field.id])]),
    ["State", record.state ? sentence(record.state) : ""],
    ["Criticality", record.criticality ? sentence(record.criticality) : ""],
    ["Tags", text(record.tags)],
    ["Notes", text(record.notes)],
  ];
  return (
    <dl className="facts">
      {rows.map(([label, value]) => (
        <FactLine key={label} label={label} value={value} />
      ))}
    </dl>
  );
}

function FactLine({ label, value }: { label: string; value: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{value || <Text component="span" c="dimmed">Not known</Text>}</dd>
    </>
  );
}

interface Conflict {
  theirs: Loaded;
  clashes: Clash[];
}

function Editor({ id, loaded, done }: { id: string; loaded: Loaded; done: () => void }) {
  const queries = useQueryClient();
  const [base, setBase] = useState(loaded);
  const [mine, setMine] = useState<DeviceRecord>(loaded.record);
  const [conflict, setConflict] = useState<Conflict | undefined>();

  const save = useMutation({
    mutationFn: ({ record, from }: { record: DeviceRecord; from: Loaded }) =>
      body(api.PATCH("/api/devices/{id}/record", { params: { path: { id }, header: from.tag ? { "If-Match": from.tag } : {} }, body: changes(from.record as Fields, record as Fields) })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["device", id] });
      void queries.invalidateQueries({ queryKey: ["devices"] });
      notifications.show({ message: "Saved.", withCloseButton: true });
      done();
    },
    onError: async (error) => {
      if (asProblem(error).status !== 412) return;
      const theirs = await load(id);
      setConflict({ theirs, clashes: clashes(base.record as Fields, mine as Fields, theirs.record as Fields) });
    },
  });

  const settle = (takeTheirs: ReadonlySet<string>) => {
    if (!conflict) return;
    const record = rebase(base.record as Fields, mine as Fields, conflict.theirs.record as Fields, takeTheirs) as DeviceRecord;
    setBase(conflict.theirs);
    setMine(record);
    setConflict(undefined);
    save.mutate({ record, from: conflict.theirs });
  };
  const set = (field: keyof DeviceRecord) => (value: unknown) => setMine({ ...mine, [field]: value === "" ? null : value });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ record: mine, from: base });
  };
  if (conflict) return <Settle conflict={conflict} settle={settle} cancel={done} />;
  return (
    <form onSubmit={submit}>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        {[...PEOPLE, ...PLACE].map((field) => (
          <TextInput key={field.id} label={field.label} value={text(mine[field.id])} onChange={(event) => set(field.id)(event.currentTarget.value)} maxLength={200} />
        ))}
        <NativeSelect label="State" value={mine.state ?? ""} onChange={(event) => set("state")(event.currentTarget.value)} data={[{ value: "", label: "Not known" }, ...STATES.map((state) => ({ value: state, label: sentence(state) }))]} />
        <NativeSelect label="Criticality" value={mine.criticality ?? ""} onChange={(event) => set("criticality")(event.currentTarget.value)} data={[{ value: "", label: "Not known" }, ...CRITICALITY.map((level) => ({ value: level, label: sentence(level) }))]} />
        <TagsInput label="Tags" description="Enter after each" value={mine.tags ?? []} onChange={set("tags")} />
      </SimpleGrid>
      <Textarea label="Notes" description="About the device, never about patients" mt="sm" autosize minRows={2} value={text(mine.notes)} onChange={(event) => set("notes")(event.currentTarget.value)} maxLength={4000} />
      {save.error && asProblem(save.error).status !== 412 && <ProblemView error={save.error} />}
      <Group mt="sm">
        <Button type="submit" loading={save.isPending}>Save</Button>
        <Button variant="default" onClick={done}>Cancel</Button>
      </Group>
    </form>
  );
}

/** Somebody else saved meanwhile: shows both sides of each field that clashes, and lets the person choose. */
function Settle({ conflict, settle, cancel }: { conflict: Conflict; settle: (takeTheirs: ReadonlySet<string>) => void; cancel: () => void }) {
  const [theirs, setTheirs] = useState<ReadonlySet<string>>(new Set());
  const pick = (field: string, take: boolean) => {
    const next = new Set(theirs);
    if (take) next.add(field);
    else next.delete(field);
    setTheirs(next);
  };
  return (
    <Alert variant="outline" color="orange" role="alert" title={<Text c="var(--mantine-color-text)" fw={600}>Somebody else changed this device meanwhile</Text>}>
      <Text size="sm">{conflict.clashes.length === 0 ? "They changed other fields than you. Both can be kept." : "You both changed the same fields. Choose for each which value stays; all else of both is kept."}</Text>
      {conflict.clashes.length > 0 && (
        <MantineTable mt="xs">
          <MantineTable.Thead><MantineTable.Tr><MantineTable.Th>Field</MantineTable.Th><MantineTable.Th>Yours</MantineTable.Th><MantineTable.Th>Theirs</MantineTable.Th></MantineTable.Tr></MantineTable.Thead>
          <MantineTable.Tbody>
            {conflict.clashes.map(({ field, mine, theirs: other }) => (
              <MantineTable.Tr key={field}>
                <MantineTable.Th scope="row">{sentence(field)}</MantineTable.Th>
                <MantineTable.Td><label><input type="radio" name={field} checked={!theirs.has(field)} onChange={() => pick(field, false)} /> {text(mine) || "Not known"}</label></MantineTable.Td>
                <MantineTable.Td><label><input type="radio" name={field} checked={theirs.has(field)} onChange={() => pick(field, true)} /> {text(other) || "Not known"}</label></MantineTable.Td>
              </MantineTable.Tr>
            ))}
          </MantineTable.Tbody>
        </MantineTable>
      )}
      <Group mt="sm">
        <Button onClick={() => settle(theirs)}>Save what is chosen</Button>
        <Button variant="default" onClick={cancel}>Discard my changes</Button>
      </Group>
    </Alert>
  );
}
