/** The one way to the hub: a client made of the hub's own OpenAPI document. */
import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./generated/hub";
import { type Problem, ProblemError, problemOf } from "./problem";

const CSRF = "X-Medwarden-CSRF";
let csrf: string | undefined;

/** Keeps the session's token for requests that change something. */
export function rememberCsrf(token: string | undefined | null): void {
  csrf = token ?? undefined;
}

/** What the token is, for the few requests that are not made by the client (an upload that shows its progress). */
export const csrfHeader = (): Record<string, string> => (csrf ? { [CSRF]: csrf } : {});

const listeners = new Set<() => void>();

/** Calls back when the hub says that nobody is signed in any more. */
export function onSignedOut(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const session: Middleware = {
  onRequest({ request }) {
    if (csrf && request.method !== "GET") request.headers.set(CSRF, csrf);
    return request;
  },
  onResponse({ request, response }) {
    if (response.status === 401 && !new URL(request.url).pathname.endsWith("/api/session")) for (const listener of listeners) listener();
  },
};

export const api = createClient<paths>({ baseUrl: "/", credentials: "same-origin" });
api.use(session);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a good answer; any other becomes a `ProblemError`, also where there was no answer at all. */
export async function body<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data } = await answer(call);
  return data as T;
}

/** Body and ETag of a record that people edit. */
export async function withTag<T>(call: Promise<Answer<T>>): Promise<{ data: T; tag: string | undefined }> {
  const { data, response } = await answer(call);
  return { data: data as T, tag: response.headers.get("ETag") ?? undefined };
}

async function answer<T>(call: Promise<Answer<T>>): Promise<Answer<T>> {
  let result: Answer<T>;
  try {
    result = await call;
  } catch (cause) {
    throw new ProblemError(UNREACHABLE, cause);
  }
  if (!result.response.ok) throw new ProblemError(problemOf(result.error, result.response.status));
  return result;
}

const UNREACHABLE: Problem = {
  code: "unreachable",
  status: 0,
  title: "The hub does not answer",
  what_to_do: "See whether this computer still has the network, and whether the hub runs. What is shown was true when it was loaded.",
};

/** Sends a file with its progress, which `fetch` cannot tell. */
export function upload<T>(path: string, file: Blob, headers: Record<string, string>, progress: (fraction: number) => void, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries({ ...csrfHeader(), ...headers })) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onerror = () => reject(new ProblemError(UNREACHABLE));
    request.onabort = () => reject(new ProblemError({ code: "cancelled", status: 0, title: "The upload was cancelled" }));
    request.onload = () => {
      const parsed = parse(request.responseText);
      if (request.status >= 200 && request.status < 300) resolve(parsed as T);
      else reject(new ProblemError(problemOf(parsed, request.status)));
    };
    signal?.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
