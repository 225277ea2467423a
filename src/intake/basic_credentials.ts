/** Who asks, as an `Authorization: Basic` header says it. */
export interface BasicCredentials {
  readonly userName: string;
  readonly password: string;
}

/** Reads an `Authorization: Basic` header (RFC 7617, UTF-8); undefined when there is none that can be read. */
export function basicCredentials(authorization: string | null): BasicCredentials | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*) *$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  let text: string;
  try {
    const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
  // A user name has no colon, a password may have some.
  const colon = text.indexOf(":");
  return colon === -1 ? undefined : { userName: text.slice(0, colon), password: text.slice(colon + 1) };
}
