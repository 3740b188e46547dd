/** Words for what the API says in ids. */
import type { Identifier, Service } from "../api/types";

const IMPACT: Record<string, [label: string, meaning: string]> = {
  life_sustaining: ["Life-sustaining", "A life may depend on it"],
  therapy: ["Therapy", "It treats patients"],
  monitoring: ["Monitoring", "It watches patients"],
  diagnostic: ["Diagnostic", "It examines patients or samples"],
  supporting: ["Supporting", "Care uses it indirectly"],
  not_clinical: ["Not clinical", "Care does not depend on it"],
};

export const IMPACTS = Object.keys(IMPACT);
export const SEVERITIES = ["critical", "high", "medium", "low", "info"] as const;

export const impactLabel = (id: string | undefined | null): string => (id ? (IMPACT[id]?.[0] ?? sentence(id)) : "Not known");
export const impactMeaning = (id: string): string => IMPACT[id]?.[1] ?? "";

const SPECIAL: Record<string, string> = {
  ae_title: "AE title",
  dhcp_client_id: "DHCP client id",
  dhcp_parameters: "DHCP parameters asked for",
  duid: "DHCPv6 DUID",
  eui64: "EUI-64",
  fqdn: "Full host name",
  host_name: "Host name",
  it_security: "IT security",
  it_owner: "IT owner",
  own_mac: "Own MAC address",
  os: "Operating system",
  snmp_engine_id: "SNMP engine id",
  udi: "UDI",
  uuid: "UUID",
  user_agent: "User agent",
  csv: "CSV",
  xlsx: "XLSX",
  ehr: "EHR",
  pacs: "PACS",
  oidc: "OpenID Connect",
  totp: "Code from an app",
};

/** An id in snake_case or kebab-case as the beginning of a sentence. */
export function sentence(id: string): string {
  const special = SPECIAL[id];
  if (special) return special;
  const words = id.replaceAll(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const SCALE = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Bytes in the largest decimal unit, to three digits. */
export function bytes(count: number): string {
  let [value, unit] = [count, 0];
  while (value >= 1000 && unit < SCALE.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${SCALE[unit]}`;
}

export const count = (n: number): string => n.toLocaleString("en-GB");

/** A fraction as whole percent; what is not quite all is never shown as all, and what is not quite nothing never as nothing. */
export function percent(fraction: number): string {
  const whole = Math.round(fraction * 100);
  if (whole >= 100 && fraction < 1) return "99 %";
  if (whole <= 0 && fraction > 0) return "1 %";
  return `${whole} %`;
}

/** What a confidence is worth, in words. */
export function sureness(confidence: number): string {
  if (confidence >= 0.9) return "sure";
  if (confidence >= 0.7) return "fairly sure";
  if (confidence >= 0.5) return "unsure";
  return "not known";
}

/** The maker and model of a device in one line, without saying the maker twice. */
export function product(maker: string | undefined | null, model: string | undefined | null): string {
  if (!maker) return model ?? "";
  if (!model) return maker;
  return model.toLowerCase().startsWith(maker.toLowerCase()) ? model : `${maker} ${model}`;
}

/** The carrier of a service: `tcp`, `udp`, or a number of IP or of the link layer. */
export function carrier(transport: Service["transport"]): string {
  if (typeof transport === "string") return transport.toUpperCase();
  return "ip" in transport ? `IP protocol ${transport.ip}` : `link protocol 0x${transport.link.toString(16)}`;
}

/** The id of a sort of fact; of PHI only which sort of field it was is known. */
export const factKind = (kind: Identifier["kind"]): string => (typeof kind === "string" ? kind : `phi_${kind.phi}`);
