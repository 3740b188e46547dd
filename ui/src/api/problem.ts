/** Problems as the hub tells them (RFC 9457 §3), and as the page tells those that never reached it. */

export interface Problem {
  code: string;
  status: number;
  title: string;
  detail?: string;
  what_to_do?: string;
  /** Which field of the form, where it is one. */
  fields?: Record<string, string>;
}

export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem, cause?: unknown) {
    super(problem.detail ?? problem.title, { cause });
    this.problem = problem;
  }
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** Reads a body that should be problem+json, and makes the best of one that is not. */
export function problemOf(body: unknown, status: number): Problem {
  const said = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const known = fallback(status);
  return {
    code: text(said.code) ?? text(said.type)?.split(/[/:]/).pop() ?? known.code,
    status,
    title: text(said.title) ?? known.title,
    detail: text(said.detail),
    what_to_do: text(said.what_to_do) ?? known.what_to_do,
    fields: typeof said.fields === "object" && said.fields !== null ? (said.fields as Record<string, string>) : undefined,
  };
}

/** Any failure as a problem. */
export function asProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return {
    code: "page",
    status: 0,
    title: "The page could not show this",
    detail: error instanceof Error ? error.message : String(error),
    what_to_do: "Load the page again. If it comes back, tell your administrator what you did and what is written here.",
  };
}

function fallback(status: number): Problem {
  if (status === 401) return { code: "signed-out", status, title: "Nobody is signed in", what_to_do: "Sign in again." };
  if (status === 403) return { code: "forbidden", status, title: "Your role does not allow this", what_to_do: "Ask someone whose role does, or an administrator." };
  if (status === 404) return { code: "not-found", status, title: "There is no such thing here", what_to_do: "It may have been merged or removed, or be of a site that you do not see." };
  if (status === 412) return { code: "changed", status, title: "Somebody else changed this meanwhile", what_to_do: "Look at what they changed, then save again." };
  if (status === 429) return { code: "too-many", status, title: "Too many requests", what_to_do: "Wait a minute and try again." };
  return { code: `http-${status}`, status, title: `The hub answered ${status}`, what_to_do: "Try again. If it comes back, ask your administrator to look at the hub's log." };
}

/** Worth asking again by itself: the network or the hub failed, not the request. */
export const isTransient = (error: unknown): boolean => {
  const { status, code } = asProblem(error);
  return code === "unreachable" || status === 502 || status === 503 || status === 504;
};
