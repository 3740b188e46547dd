/** WebAuthn's JSON forms (Level 3 §5.1.8 to §5.1.10), for browsers with and without the parsers of the platform. */

const fromBase64Url = (text: string): ArrayBuffer => {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  return bytes.buffer;
};

export const toBase64Url = (buffer: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

type Json = Record<string, unknown>;
const inner = (options: Json): Json => (options.publicKey as Json | undefined) ?? options;
const withIds = (list: unknown): unknown => (Array.isArray(list) ? list.map((one: Json) => ({ ...one, id: fromBase64Url(String(one.id)) })) : list);

/** Asks an authenticator for a new passkey, by the hub's options. */
export async function createPasskey(options: Json): Promise<Json> {
  const said = inner(options);
  const user = said.user as Json;
  const publicKey = {
    ...said,
    challenge: fromBase64Url(String(said.challenge)),
    user: { ...user, id: fromBase64Url(String(user.id)) },
    excludeCredentials: withIds(said.excludeCredentials),
  } as unknown as PublicKeyCredentialCreationOptions;
  const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential | null;
  if (!made) throw new Error("the browser made no passkey");
  const response = made.response as AuthenticatorAttestationResponse;
  return { ...outer(made), response: { attestationObject: toBase64Url(response.attestationObject), clientDataJSON: toBase64Url(response.clientDataJSON), transports: response.getTransports() } };
}

/** Asks an authenticator to sign the hub's challenge. */
export async function usePasskey(options: Json): Promise<Json> {
  const said = inner(options);
  const publicKey = { ...said, challenge: fromBase64Url(String(said.challenge)), allowCredentials: withIds(said.allowCredentials) } as unknown as PublicKeyCredentialRequestOptions;
  const got = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential | null;
  if (!got) throw new Error("the browser gave no passkey");
  const response = got.response as AuthenticatorAssertionResponse;
  return {
    ...outer(got),
    response: {
      authenticatorData: toBase64Url(response.authenticatorData),
      clientDataJSON: toBase64Url(response.clientDataJSON),
      signature: toBase64Url(response.signature),
      userHandle: response.userHandle ? toBase64Url(response.userHandle) : null,
    },
  };
}

const outer = (credential: PublicKeyCredential): Json => ({
  id: credential.id,
  rawId: toBase64Url(credential.rawId),
  type: credential.type,
  extensions: credential.getClientExtensionResults(),
});
