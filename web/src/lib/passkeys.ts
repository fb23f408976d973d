// Passkeys in the browser: from the server's words (bytes as base64url) to the browser's, and back.

/** A passkey belongs to a host name; for a bare address, and outside https and localhost, browsers make none. */
export const passkeysWork = (): boolean =>
  isSecureContext && typeof PublicKeyCredential === 'function' && /[a-z]/i.test(location.hostname) && !location.hostname.includes(':');

const read = (text: string): ArrayBuffer => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0)).buffer;

function write(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

type Words = Record<string, any>;
const described = (all: Words[] | undefined): PublicKeyCredentialDescriptor[] => (all ?? []).map((one) => ({ ...one, id: read(one.id) }) as PublicKeyCredentialDescriptor);

/** Makes a passkey. Rejects where the person says no or the browser cannot. */
export async function makePasskey(words: Words): Promise<unknown> {
  const publicKey = { ...words, challenge: read(words.challenge), user: { ...words.user, id: read(words.user.id) }, excludeCredentials: described(words.excludeCredentials) };
  const made = (await navigator.credentials.create({ publicKey: publicKey as unknown as PublicKeyCredentialCreationOptions })) as PublicKeyCredential;
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    id: made.id, rawId: write(made.rawId), type: made.type,
    response: { clientDataJSON: write(response.clientDataJSON), attestationObject: write(response.attestationObject) },
  };
}

/** Signs with a passkey that the person chooses. */
export async function usePasskey(words: Words): Promise<unknown> {
  const publicKey = { ...words, challenge: read(words.challenge), allowCredentials: described(words.allowCredentials) };
  const found = (await navigator.credentials.get({ publicKey: publicKey as unknown as PublicKeyCredentialRequestOptions })) as PublicKeyCredential;
  const response = found.response as AuthenticatorAssertionResponse;
  return {
    id: found.id, rawId: write(found.rawId), type: found.type,
    response: {
      clientDataJSON: write(response.clientDataJSON), authenticatorData: write(response.authenticatorData), signature: write(response.signature),
      ...(response.userHandle ? { userHandle: write(response.userHandle) } : {}),
    },
  };
}
