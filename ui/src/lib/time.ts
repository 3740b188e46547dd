/** Times as people of the site read them. The hub speaks RFC 3339 in UTC; nothing here looks at the browser's zone unless the site has none. */

export interface TimeFormat {
  zone: string;
  /** Date and time to the minute with the zone's name. */
  full(time: string | undefined | null): string;
  /** Date and time to the second, for evidence. */
  exact(time: string | undefined | null): string;
  day(time: string | undefined | null): string;
}

const NEVER = "not known";

function formatter(zone: string, options: Intl.DateTimeFormatOptions): (time: string | undefined | null) => string {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options });
  return (time) => {
    const at = time ? new Date(time) : undefined;
    return at && !Number.isNaN(at.getTime()) ? format.format(at).replace(",", "") : NEVER;
  };
}

/** A zone that this browser knows, or UTC. */
export function knownZone(zone: string | undefined | null): string {
  if (!zone) return "UTC";
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: zone });
    return zone;
  } catch {
    return "UTC";
  }
}

export function timeFormat(wanted: string | undefined | null): TimeFormat {
  const zone = knownZone(wanted);
  const date = { day: "numeric", month: "short", year: "numeric" } as const;
  const minute = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  return {
    zone,
    full: formatter(zone, { ...date, ...minute, timeZoneName: "short" }),
    exact: formatter(zone, { ...date, ...minute, second: "2-digit", timeZoneName: "short" }),
    day: formatter(zone, date),
  };
}

const UNITS: [number, string][] = [
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
];

/** A length of time in its two largest units: "2 days 3 hours". */
export function duration(seconds: number): string {
  let rest = Math.max(0, Math.floor(seconds));
  if (rest < 60) return plural(rest, "second");
  const parts: string[] = [];
  for (const [length, name] of UNITS) {
    const many = Math.floor(rest / length);
    if (many > 0) parts.push(plural(many, name));
    rest -= many * length;
  }
  return parts.slice(0, 2).join(" ");
}

/** How long ago, by one unit: "3 hours ago", "just now", "in 5 minutes". */
export function ago(time: string | undefined | null, nowMs: number): string {
  const at = time ? Date.parse(time) : Number.NaN;
  if (Number.isNaN(at)) return NEVER;
  const seconds = (nowMs - at) / 1000;
  const [length, name] = UNITS.find(([unit]) => Math.abs(seconds) >= unit) ?? [1, "second"];
  if (Math.abs(seconds) < 60) return "just now";
  const said = plural(Math.floor(Math.abs(seconds) / length), name);
  return seconds < 0 ? `in ${said}` : `${said} ago`;
}

/** Time left as a clock: 1:05:09 or 04:59. */
export function clock(seconds: number): string {
  const left = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${two(minutes)}:${two(rest)}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en-GB")} ${count === 1 ? one : many}`;
}

/** The day of a time in a zone, as date inputs have it: "2026-03-02". */
export function dayOf(time: string, zone: string): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: knownZone(zone), year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date(time));
}

/** When a day begins in a zone, RFC 3339. Where a day has no midnight, since clocks are set forward then, its first moment. */
export function startOfDay(day: string, zone: string): string {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight)) return new Date(0).toISOString();
  // A zone is at most 14 hours ahead and 12 behind: the day begins at the first quarter of an hour in there that is of it.
  for (let at = midnight - 14 * 3_600_000; at <= midnight + 12 * 3_600_000; at += 900_000) {
    const moment = new Date(at).toISOString();
    if (dayOf(moment, zone) === day) return moment;
  }
  return new Date(midnight).toISOString();
}
