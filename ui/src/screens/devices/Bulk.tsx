import { Button, Group, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api/client";
import type { Changed, DeviceRecord } from "../../api/shapes";
import { ProblemView } from "../../components/Problem";
import { plural } from "../../lib/time";
import { sentence } from "../../lib/words";
import { CRITICALITIES, STATES } from "../device/Record";

const FIELDS: [field: keyof DeviceRecord, label: string, choices?: string[]][] = [
  ["clinical_owner", "Clinical engineering owner"],
  ["it_owner", "IT owner"],
  ["administered_by", "Administered by"],
  ["night_call", "Whom to call at night"],
  ["vendor", "Vendor"],
  ["contract", "Service contract"],
  ["building", "Building"],
  ["floor", "Floor"],
  ["room", "Room"],
  ["unit", "Unit"],
  ["criticality", "Criticality", CRITICALITIES],
  ["state", "Life cycle", STATES],
];

/** Sets one field of many devices' records, and says first of how many. */
export function Bulk({ ids, done }: { ids: string[]; done: () => void }) {
  const queries = useQueryClient();
  const [field, setField] = useState<keyof DeviceRecord>("clinical_owner");
  const [value, setValue] = useState("");
  const choices = FIELDS.find(([one]) => one === field)?.[2];
  const save = useMutation({
    mutationFn: () => body<Changed[]>(api.POST("/api/devices/bulk", { body: { devices: ids, set: { [field]: value.trim() || null } as unknown as DeviceRecord } })),
    onSuccess: (changed) => {
      notifications.show({ message: `${plural(changed.filter((one) => one.changes.length > 0).length, "record")} changed.` });
      for (const key of ["devices", "device"]) void queries.invalidateQueries({ queryKey: [key] });
      done();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit} className="card" aria-label="Change the chosen devices">
      <Stack gap="xs">
        <Group align="flex-end" gap="sm">
          <NativeSelect size="xs" label="Field" value={field} onChange={(event) => { setField(event.currentTarget.value as keyof DeviceRecord); setValue(""); }} data={FIELDS.map(([one, label]) => ({ value: one, label }))} />
          {choices ? <NativeSelect size="xs" label="Value" value={value} onChange={(event) => setValue(event.currentTarget.value)} data={[{ value: "", label: "Unknown" }, ...choices.map((one) => ({ value: one, label: sentence(one) }))]} /> : <TextInput size="xs" label="Value" placeholder="Empty makes it unknown" value={value} onChange={(event) => setValue(event.currentTarget.value)} />}
          <Button size="xs" type="submit" loading={save.isPending}>Set for {plural(ids.length, "device")}</Button>
          <Button size="xs" variant="subtle" onClick={done}>Choose none</Button>
        </Group>
        {ids.length > 500 && <Text size="sm">At most 500 at once.</Text>}
        {save.error && <ProblemView error={save.error} />}
      </Stack>
    </form>
  );
}
