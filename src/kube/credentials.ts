/** How to reach one API server, and who we are there. */
export interface Credentials {
  /** Base address without a slash at its end, e.g. `https://10.0.0.1:6443`. */
  readonly server: string;
  /** The namespace that the context or the ServiceAccount names. */
  readonly namespace: string | undefined;
  /** TLS material, read anew at each call, since files rotate. */
  tls(): TlsMaterial;
  /** The Authorization header, read anew when its file may have changed; undefined when there is none. */
  authorization(): string | undefined;
}

/** PEM texts. */
export interface TlsMaterial {
  readonly certificateAuthority: string | undefined;
  readonly client: { readonly certificate: string; readonly key: string } | undefined;
}

/** What this machine offers to find an API server; handed in, so that tests need no real home. */
export interface CredentialSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Reads a text file; throws as `Deno.readTextFileSync` does. */
  readTextFile(path: string): string;
  /** Whether this process may connect to `host` (`name:port`). */
  mayConnect(host: string): boolean;
}

/** Something is wrong with the settings that lead to the API server; the message says what to do. */
export class CredentialsError extends Error {
  override readonly name = "CredentialsError";
}
