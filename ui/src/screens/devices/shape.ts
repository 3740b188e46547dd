import type { Page } from "../../api/shapes";

/** A row of the list of devices. */
export interface DeviceRow {
  id: string;
  site?: string;
  name?: string | null;
  maker?: string | null;
  model?: string | null;
  class?: string | null;
  impact?: string | null;
  confidence: number;
  ip?: string | null;
  mac?: string | null;
  unit?: string | null;
  owner?: string | null;
  state?: string | null;
  findings?: number;
  last_seen: string;
}

export interface Facet {
  value: string;
  count: number;
  label?: string;
}

export type DevicePage = Page<DeviceRow> & { facets?: Record<string, Facet[]> };
