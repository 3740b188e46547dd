/** Folds the devices of a map into their groups, so that what is drawn stays small whatever the site's size. */
import type { MapAnswer } from "../../api/shapes";
import { IMPACTS } from "../../lib/words";
import { UNKNOWN } from "./unknown";

export interface DrawnGroup {
  id: string;
  label: string;
  devices: number;
  /** The gravest of its devices. */
  impact: string | undefined;
}

export interface DrawnDevice {
  id: string;
  label: string;
  impact: string | undefined;
}

export interface DrawnLink {
  from: string;
  to: string;
  conversations: number;
  phi: boolean;
  services: string[];
}

export interface Drawing {
  /** All groups, the largest first. */
  groups: DrawnGroup[];
  /** Id of the one that is open. */
  open: string | undefined;
  /** Its devices. */
  devices: DrawnDevice[];
  /** Between groups, and of the open group's devices; the weightiest first. */
  links: DrawnLink[];
  name: (id: string) => string;
}

const graver = (a: string | undefined, b: string | undefined): string | undefined => {
  if (!a || !b) return a || b;
  return IMPACTS.indexOf(a) <= IMPACTS.indexOf(b) ? a : b;
};

export function fold(map: MapAnswer, open: string | undefined, label: (id: string) => string): Drawing {
  const groups = new Map<string, DrawnGroup>(map.groups.map((one) => [one.id || UNKNOWN, { id: one.id || UNKNOWN, label: label(one.id), devices: one.count, impact: undefined }]));
  const place = new Map<string, string>();
  const devices: DrawnDevice[] = [];
  for (const one of map.devices) {
    const id = one.group || UNKNOWN;
    const group = groups.get(id);
    if (group) group.impact = graver(group.impact, one.clinical_impact ?? undefined);
    place.set(one.id, id === open ? one.id : `group:${id}`);
    if (id === open) devices.push({ id: one.id, label: one.name, impact: one.clinical_impact ?? undefined });
  }
  const names = new Map([...groups.values()].map((one): [string, string] => [`group:${one.id}`, one.label]));
  for (const one of devices) names.set(one.id, one.label);
  return {
    groups: [...groups.values()].sort((a, b) => b.devices - a.devices || a.label.localeCompare(b.label)),
    open,
    devices,
    links: foldLinks(map, place),
    name: (id) => names.get(id) ?? id,
  };
}

function foldLinks(map: MapAnswer, place: Map<string, string>): DrawnLink[] {
  const links = new Map<string, DrawnLink>();
  for (const line of map.lines) {
    const [from, to] = [place.get(line.client), place.get(line.server)];
    if (!from || !to) continue;
    const key = `${from}>${to}`;
    const link = links.get(key) ?? { from, to, conversations: 0, phi: false, services: [] };
    link.conversations += line.count;
    link.phi ||= line.phi;
    for (const service of line.services) if (!link.services.includes(service)) link.services.push(service);
    links.set(key, link);
  }
  return [...links.values()].sort((a, b) => b.conversations - a.conversations);
}
