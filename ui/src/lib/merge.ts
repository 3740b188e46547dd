/** A record that two people edit: what each changed since it was loaded. */

export type Fields = Record<string, unknown>;

export interface Clash {
  field: string;
  mine: unknown;
  theirs: unknown;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** The fields of `mine` that differ from `base`: what a PATCH sends. */
export function changes<T extends object>(base: T, mine: T): Partial<T> {
  const fields = Object.entries(mine).filter(([field, value]) => !same(base[field as keyof T], value));
  return Object.fromEntries(fields) as Partial<T>;
}

/** Fields that both sides changed, to different values; a person has to choose. */
export function clashes(base: Fields, mine: Fields, theirs: Fields): Clash[] {
  return Object.entries(changes(base, mine))
    .filter(([field, value]) => !same(base[field], theirs[field]) && !same(value, theirs[field]))
    .map(([field, value]) => ({ field, mine: value, theirs: theirs[field] }));
}

/** Theirs with my changes on top, but for the fields in which theirs was chosen. */
export function rebase(base: Fields, mine: Fields, theirs: Fields, takeTheirs: ReadonlySet<string>): Fields {
  const kept = Object.entries(changes(base, mine)).filter(([field]) => !takeTheirs.has(field));
  return { ...theirs, ...Object.fromEntries(kept) };
}
