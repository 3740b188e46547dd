import type { Finding } from "../../api/types";

/** A finding with what people do about it. */
export type WorkedFinding = Finding & {
  state?: string;
  assignee?: string | null;
  accepted_until?: string | null;
  reason?: string | null;
  note?: string | null;
};

export const FINDING_STATES = ["open", "working", "accepted", "closed"];
