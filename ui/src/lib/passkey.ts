/** Passkeys (W3C Web Authentication Level 3): options and credentials in their JSON form. */
import { ProblemError } from "../api/problem";

type Key = { publicKey?: unknown };
const inner = (options: unknown): unknown => (options as Key).publicKey ?? options;

function supported(): void {
  if (typeof PublicKeyCredential !== "function" || typeof PublicKeyCredential.parseCreationOptionsFromJSON !== "function") {
    throw new ProblemError({ code: "no-passkeys", status: 400, title: "This browser makes no passkeys here", what_to_do: "Open the hub by its name and HTTPS, with a browser of this year or the last." });
  }
}

async function asked(call: () => Promise<Credential | null>): Promise<Record<string, unknown>> {
  try {
    const credential = await call();
    if (credential !== null) return (credential as PublicKeyCredential).toJSON() as unknown as Record<string, unknown>;
  } catch (cause) {
    throw new ProblemError({ code: "passkey", status: 400, title: "No passkey was given", detail: cause instanceof Error ? cause.message : undefined, what_to_do: "Try again, or use another way." }, cause);
  }
  throw new ProblemError({ code: "passkey", status: 400, title: "No passkey was given" });
}

/** Makes a passkey. */
export function create(options: unknown): Promise<Record<string, unknown>> {
  supported();
  return asked(() => navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(inner(options) as PublicKeyCredentialCreationOptionsJSON) }));
}

/** Shows a passkey. */
export function get(options: unknown): Promise<Record<string, unknown>> {
  supported();
  return asked(() => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(inner(options) as PublicKeyCredentialRequestOptionsJSON) }));
}
