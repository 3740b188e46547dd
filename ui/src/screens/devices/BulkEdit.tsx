import { Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api/client";
import { ProblemView } from "../../components/Problem";
import { plural } from "../../lib/time";
import { sentence } from "../../lib/words";
import { STATES } from "../device/People";

const FIELDS: [id: string, label: string][] = [
  ["clinical_engineering_owner", "Clinical engineering owner"],
  ["it_owner", "IT owner"],
  ["vendor", "Vendor"],
  ["unit", "Unit"],
  ["room", "Room"],
  ["state", "State"],
];

/** One field of many devices, in one act of the ledger. */
export function BulkEdit({ ids, close }: { ids: string[]; close: () => void }) {
  const queries = useQueryClient();
  const [field, setField] = useState("clinical_engineering_owner");
  const [value, setValue] = useState("");
  const save = useMutation({
    mutationFn: () => body(api.POST("/api/devices/bulk", { body: { devices: ids, set: { [field]: value || null } } })),
    onSuccess: () => {
      for (const key of ["devices", "device"]) void queries.invalidateQueries({ queryKey: [key] });
      notifications.show({ message: `${plural(ids.length, "device")} changed.` });
      close();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Modal opened onClose={close} title={`Edit ${plural(ids.length, "device")}`}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <NativeSelect label="Field" value={field} onChange={(event) => { setField(event.currentTarget.value); setValue(""); }} data={FIELDS.map(([id, label]) => ({ value: id, label }))} />
          {field === "state" ? (
            <NativeSelect label="New value" value={value} onChange={(event) => setValue(event.currentTarget.value)} data={[{ value: "", label: "Not known" }, ...STATES.map((state) => ({ value: state, label: sentence(state) }))]} />
          ) : (
            <TextInput label="New value" description="Empty means not known." value={value} onChange={(event) => setValue(event.currentTarget.value)} maxLength={200} />
          )}
          <Text size="sm">All {ids.length} get this value, whatever they have now.</Text>
          {save.error && <ProblemView error={save.error} />}
          <Group><Button type="submit" loading={save.isPending}>Change {plural(ids.length, "device")}</Button><Button variant="default" onClick={close}>Cancel</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
