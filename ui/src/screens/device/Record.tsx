import { Alert, Button, Group, NativeSelect, SimpleGrid, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, Fragment, useState } from "react";
import { api, body } from "../../api/client";
import type { DeviceRecord, KeptRecord } from "../../api/shapes";
import { Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Query } from "../../components/States";
import { Tag } from "../../components/Tags";
import { changes } from "../../lib/merge";
import { sentence } from "../../lib/words";
import { useWho } from "../../session";
import { Files } from "./Files";

type Field = keyof DeviceRecord;

/** What people say, in the groups in which they look for it. */
const GROUPS: [title: string, fields: [field: Field, label: string][]][] = [
  ["Who answers for it", [
    ["clinical_owner", "Clinical engineering"], ["it_owner", "IT"], ["administered_by", "Administered by"], ["night_call", "Whom to call at night"],
    ["vendor", "Vendor"], ["contract", "Service contract"], ["contract_end", "Contract ends"],
  ]],
  ["Where it is", [["building", "Building"], ["floor", "Floor"], ["room", "Room"], ["unit", "Unit"]]],
  ["What it is to us", [["name", "Called"], ["asset_tag", "Asset tag"], ["criticality", "Criticality"], ["state", "Life cycle"], ["tags", "Tags"], ["notes", "Notes"]]],
];
export const STATES = ["expected", "onboarding", "in_service", "in_repair", "spare", "retired"];
export const CRITICALITIES = ["low", "medium", "high", "vital"];

/** The record: what people say of a device, with what nobody said shown as unknown. */
export function DeviceRecordPart({ id }: { id: string }) {
  const { may } = useWho();
  const [edits, setEdits] = useState(false);
  const query = useQuery<KeptRecord>({ queryKey: ["device", id, "record"], queryFn: () => body(api.GET("/api/devices/{id}/record", { params: { path: { id } } })) });
  const canEdit = may("edit_records");
  return (
    <Section
      title="Record"
      id="record"
      lead="What people say of it; what nobody said is unknown."
      actions={canEdit && !edits ? <Button size="xs" variant="default" onClick={() => setEdits(true)}>Edit the record</Button> : undefined}
    >
      <Query query={query} what="the record">
        {(kept) => (
          <Stack gap="md">
            {kept.conflict && <Conflict conflict={kept.conflict} />}
            {edits ? <Edit id={id} kept={kept} done={() => setEdits(false)} /> : <Shown kept={kept} />}
            <Files id={id} />
          </Stack>
        )}
      </Query>
    </Section>
  );
}

function Conflict({ conflict }: { conflict: NonNullable<KeptRecord["conflict"]> }) {
  const what = conflict.kind === "several_devices" ? `What it says identifies other devices too: ${conflict.others.join(", ")}.` : `Another record is of the same device: ${conflict.record}.`;
  return <Alert role="note" color="yellow" variant="outline" title={<Text c="var(--mantine-color-text)" fw={600}>Which device this record is of is not plain</Text>}><Text size="sm">{what} Correct MAC addresses or serial number of one of them.</Text></Alert>;
}

const text = (value: unknown): string => (Array.isArray(value) ? value.join(", ") : typeof value === "string" ? value : "");
const coded = (field: Field, value: string): string => (field === "state" || field === "criticality" ? sentence(value) : value);

function Shown({ kept }: { kept: KeptRecord }) {
  return (
    <SimpleGrid cols={{ base: 1, md: 3 }} spacing="lg">
      {GROUPS.map(([title, fields]) => (
        <div key={title}>
          <Text fw={600} size="sm" mb={4}>{title}</Text>
          <dl className="facts">
            {fields.map(([field, label]) => {
              const value = text(kept.record[field]);
              return <Fragment key={field}><dt>{label}</dt><dd style={{ whiteSpace: "pre-wrap" }}>{value ? coded(field, value) : <Tag>Unknown</Tag>}</dd></Fragment>;
            })}
          </dl>
        </div>
      ))}
    </SimpleGrid>
  );
}

type Form = Record<Field, string>;
const FIELDS = GROUPS.flatMap(([, fields]) => fields.map(([field]) => field));
const formOf = (record: DeviceRecord): Form => Object.fromEntries(FIELDS.map((field) => [field, text(record[field])])) as Form;

/** As a merge patch: null makes a field unknown. */
function patchOf(changed: Partial<Form>): DeviceRecord {
  const value = (field: string, value: string) => (field === "tags" ? value.split(",").map((tag) => tag.trim()).filter(Boolean) : value.trim() || null);
  return Object.fromEntries(Object.entries(changed).map(([field, one]) => [field, value(field, one as string)])) as unknown as DeviceRecord;
}

function Edit({ id, kept, done }: { id: string; kept: KeptRecord; done: () => void }) {
  const queries = useQueryClient();
  // What was loaded when the form began; what others save meanwhile takes nothing away that was typed.
  const [base, setBase] = useState(kept);
  const [form, setForm] = useState(formOf(kept.record));
  const mine = changes(formOf(base.record), form);
  const isChanged = kept.etag !== base.etag;
  const begin = (keep: Partial<Form>) => {
    setBase(kept);
    setForm({ ...formOf(kept.record), ...keep });
  };
  if (isChanged && Object.keys(mine).length === 0) begin({});
  const save = useMutation({
    mutationFn: () => body(api.PATCH("/api/devices/{id}/record", { params: { path: { id }, header: { "If-Match": base.etag } }, body: patchOf(mine) })),
    onSuccess: (saved) => {
      queries.setQueryData(["device", id, "record"], saved);
      for (const key of ["devices", "onboarding"]) void queries.invalidateQueries({ queryKey: [key] });
      notifications.show({ message: "Saved." });
      done();
    },
  });
  const set = (field: Field) => (event: { currentTarget: { value: string } }) => setForm({ ...form, [field]: event.currentTarget.value });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit} aria-label="Record">
      <SimpleGrid cols={{ base: 1, md: 3 }} spacing="lg">
        {GROUPS.map(([title, fields]) => (
          <fieldset key={title} style={{ border: 0, padding: 0, margin: 0 }}>
            <Text component="legend" fw={600} size="sm" mb={4}>{title}</Text>
            <Stack gap="xs">
              {fields.map(([field, label]) => <Input key={field} field={field} label={label} value={form[field]} set={set(field)} />)}
            </Stack>
          </fieldset>
        ))}
      </SimpleGrid>
      <Stack gap="sm" mt="sm">
        {isChanged && Object.keys(mine).length > 0 && (
          <Alert role="alert" color="yellow" variant="outline" title={<Text c="var(--mantine-color-text)" fw={600}>Somebody else changed it in the meantime</Text>}>
            <Group mt="xs" gap="xs">
              <Button size="xs" variant="default" onClick={() => begin({})}>Take theirs</Button>
              <Button size="xs" variant="default" onClick={() => begin(mine)}>Keep what I typed</Button>
            </Group>
          </Alert>
        )}
        {save.error && !isChanged && <ProblemView error={save.error} />}
        <Group>
          <Button type="submit" loading={save.isPending} disabled={isChanged || Object.keys(mine).length === 0}>Save</Button>
          <Button variant="subtle" onClick={done}>Cancel</Button>
        </Group>
      </Stack>
    </form>
  );
}

function Input({ field, label, value, set }: { field: Field; label: string; value: string; set: (event: { currentTarget: { value: string } }) => void }) {
  const choices = field === "state" ? STATES : field === "criticality" ? CRITICALITIES : undefined;
  if (choices) return <NativeSelect size="xs" label={label} value={value} onChange={set} data={[{ value: "", label: "Unknown" }, ...choices.map((one) => ({ value: one, label: sentence(one) }))]} />;
  if (field === "notes") return <Textarea size="xs" label={label} description="Leave patients out." autosize minRows={2} maxRows={8} value={value} onChange={set} />;
  return <TextInput size="xs" label={label} type={field === "contract_end" ? "date" : "text"} description={field === "tags" ? "Separated by commas" : undefined} value={value} onChange={set} />;
}
