export interface MapGroup {
  id: string;
  label: string;
  devices: number;
  impact?: string | null;
  findings?: number;
  outside?: boolean;
}

export interface MapDevice {
  id: string;
  label: string;
  group: string;
  impact?: string | null;
}

export interface MapLink {
  from: string;
  to: string;
  conversations: number;
  bytes: number;
  cleartext?: number;
}

export interface MapAnswer {
  groups: MapGroup[];
  /** Devices of the group that is open. */
  devices: MapDevice[];
  links: MapLink[];
}
