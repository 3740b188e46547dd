/** Shapes of the API that the screens share. */

export interface Site {
  id: string;
  name: string;
  time_zone: string;
  networks?: string[];
}

export interface Session {
  person: { id: string; name: string; account?: string };
  roles: string[];
  rights: string[];
  csrf: string;
  sites: Site[];
  break_glass?: { id: string; until: string; reason: string } | null;
  /** What must be set up before anything else: `totp` or `passkey`, `password`. */
  must?: string[];
}

export interface Setup {
  needed: boolean;
  interfaces?: { name: string; up: boolean; note?: string }[];
  sign_in?: { password: boolean; passkey: boolean; providers: { id: string; name: string }[] };
  version?: string;
}

export interface Page<T> {
  items: T[];
  next?: string | null;
  total?: number;
}
