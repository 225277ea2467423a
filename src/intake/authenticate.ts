import type { WebhookAuth } from "../model/ingester.ts";
import { bearerToken } from "../observe/bearer.ts";
import { isSameSecret } from "../observe/same_secret.ts";

/** Reads Secrets of Ingesters' namespaces. */
export interface SecretReader {
  /** The decoded values by key; undefined when there is no such Secret. */
  read(
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>> | undefined>;
}

/** Whether a request may pass. */
export type Authentication =
  | { readonly kind: "granted" }
  /** `challenge` is the value of WWW-Authenticate. */
  | { readonly kind: "refused"; readonly detail: string; readonly challenge: string }
  /** Nobody can be let in now; `cause` is for the log, not for the sender. */
  | { readonly kind: "unavailable"; readonly detail: string; readonly cause: string };

/** What {@link authenticate} judges. */
export interface Credentials {
  readonly namespace: string;
  readonly auth: WebhookAuth | undefined;
  /** Header Authorization. */
  readonly authorization: string | null;
}

/** Judges who sends a webhook; the Secret is read only for those who show something. */
export async function authenticate(
  { namespace, auth, authorization }: Credentials,
  secrets: SecretReader,
  signal: AbortSignal,
): Promise<Authentication> {
  switch (auth?.type) {
    case undefined:
      return refused(
        "This webhook has no authentication: set spec.webhook.auth of its Ingester, or auth: {type: none} to take every request",
      );
    case "none":
      return { kind: "granted" };
    case "bearer": {
      const given = bearerToken(authorization);
      if (given === undefined) return refused("A bearer token is needed: Authorization: Bearer <token>");
      return await judgeToken(given, namespace, auth?.secretName ?? "", secrets, signal);
    }
    case "basic":
    case "hmac":
    case "mtls":
      return unavailable(`auth of type ${auth?.type} is not supported`);
  }
}

async function judgeToken(
  given: string,
  namespace: string,
  name: string,
  secrets: SecretReader,
  signal: AbortSignal,
): Promise<Authentication> {
  let secret: Readonly<Record<string, string>> | undefined;
  try {
    secret = await secrets.read(namespace, name, signal);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return unavailable(`Secret ${namespace}/${name} cannot be read: ${why}`);
  }
  if (secret === undefined) return unavailable(`Secret ${namespace}/${name} does not exist`);
  const valid = ["token", "token-next"].map((key) => withoutNewline(secret[key] ?? "")).filter((token) =>
    token !== ""
  );
  if (valid.length === 0) return unavailable(`Secret ${namespace}/${name} has no key token`);
  // Both are compared, so that the time does not tell which one it was.
  const matches = valid.filter((token) => isSameSecret(given, token));
  if (matches.length > 0) return { kind: "granted" };
  return refused("The bearer token is wrong", 'Bearer error="invalid_token"');
}

function withoutNewline(text: string): string {
  return text.replace(/\r?\n$/, "");
}

function refused(detail: string, challenge = "Bearer"): Authentication {
  return { kind: "refused", detail, challenge };
}

function unavailable(cause: string): Authentication {
  return { kind: "unavailable", detail: "The credentials of this webhook cannot be checked now", cause };
}
