import type { Device } from "../../api/types";

/** What people say of a device. Absent means that nobody said. */
export interface DeviceRecord {
  name?: string | null;
  clinical_engineering_owner?: string | null;
  it_owner?: string | null;
  vendor?: string | null;
  service_contract?: string | null;
  call_at_night?: string | null;
  administered_by?: string | null;
  building?: string | null;
  room?: string | null;
  unit?: string | null;
  criticality?: string | null;
  state?: string | null;
  tags?: string[];
  notes?: string | null;
}

export type FullDevice = Device & { record?: DeviceRecord | null; site?: { id: string; name: string } };
