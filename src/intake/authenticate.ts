import type { WebhookAuth } from "../model/ingester.ts";
import { bearerToken } from "../observe/bearer.ts";
import { isSameSecret } from "../observe/same_secret.ts";
import type { Clock } from "../run/clock.ts";
import { basicCredentials } from "./basic_credentials.ts";
import { isAllowed } from "./client_certificate.ts";
import { matchingMacs, readSignature, type Signature } from "./hmac_signature.ts";
import { lackingKey, type SecretValues, takesSecret, userNameOf, validValues } from "./secret_keys.ts";
import type { SeenSignatures } from "./seen_signatures.ts";

/** Reads Secrets of Ingesters' namespaces. */
export interface SecretReader {
  /** The decoded values by key; undefined when there is no such Secret. */
  read(namespace: string, name: string, signal: AbortSignal): Promise<SecretValues | undefined>;
}

/** Who is not let in, and why. */
export type Refusal =
  /** `challenge` is the value of WWW-Authenticate. */
  | { readonly kind: "refused"; readonly detail: string; readonly challenge: string }
  /** It is known who sends, and that is nobody who may. */
  | { readonly kind: "forbidden"; readonly detail: string }
  /** Nobody can be let in now; `cause` is for the log, not for the sender. */
  | { readonly kind: "unavailable"; readonly detail: string; readonly cause: string };

/** Whether a request may pass. */
export type Authentication =
  | Refusal
  | { readonly kind: "granted" }
  /** That is seen when its body is there. */
  | { readonly kind: "signed"; judge(body: Uint8Array): SignedAuthentication };

/** Whether a request may pass whose body is signed. */
export type SignedAuthentication =
  | Refusal
  /** `forget` is to be called when the sender is told to send the same once more. */
  | { readonly kind: "granted"; forget(): void }
  | { readonly kind: "busy"; readonly detail: string; readonly retryAfterSeconds: number };

/** What {@link authenticate} judges. */
export interface Credentials {
  readonly ingester: { readonly namespace: string; readonly name: string };
  readonly auth: WebhookAuth | undefined;
  readonly headers: Headers;
  /** The client's certificate in DER, where TLS_CLIENT_CA_FILE has signed it. */
  readonly certificate: () => Uint8Array | undefined;
}

/** What it works with. */
export interface AuthenticateParts {
  readonly secrets: SecretReader;
  readonly seen: SeenSignatures;
  readonly clock: Pick<Clock, "now">;
}

/** How far the time of X-Signature may be from ours, either way (contract, section 8). */
const TOLERANCE_MILLISECONDS = 5 * 60_000;

/** Judges who sends a webhook; the Secret is read only for those who show something. */
export async function authenticate(
  credentials: Credentials,
  parts: AuthenticateParts,
  signal: AbortSignal,
): Promise<Authentication> {
  const { auth, headers, certificate } = credentials;
  if (auth === undefined) {
    return refused(
      "This webhook has no authentication: set spec.webhook.auth of its Ingester, or auth: {type: none} to take every request",
      "Bearer",
    );
  }
  switch (auth.type) {
    case "none":
      return { kind: "granted" };
    case "bearer": {
      const given = bearerToken(headers.get("Authorization"));
      if (given === undefined) {
        return refused("A bearer token is needed: Authorization: Bearer <token>", "Bearer");
      }
      const judge = (secret: SecretValues): Authentication =>
        isOneOf(given, validValues("bearer", secret))
          ? { kind: "granted" }
          : refused("The bearer token is wrong", 'Bearer error="invalid_token"');
      return await withSecret(credentials, parts, judge, signal);
    }
    case "basic": {
      const given = basicCredentials(headers.get("Authorization"));
      if (given === undefined) return refused("User name and password are needed", BASIC_CHALLENGE);
      const judge = (secret: SecretValues): Authentication => {
        // Both are compared, so that the time does not tell which one it was.
        const isUser = isSameSecret(given.userName, userNameOf(secret));
        const isPassword = isOneOf(given.password, validValues("basic", secret));
        return isUser && isPassword
          ? { kind: "granted" }
          : refused("User name or password is wrong", BASIC_CHALLENGE);
      };
      return await withSecret(credentials, parts, judge, signal);
    }
    case "hmac": {
      const signature = readSignature(headers);
      if (signature.kind === "missing") {
        return refused("A signature is needed: X-Hub-Signature-256 or X-Signature", HMAC_CHALLENGE);
      }
      if (signature.kind === "malformed") return refused(signature.detail, HMAC_CHALLENGE);
      const judge = (secret: SecretValues): Authentication => ({
        kind: "signed",
        judge: (body) => judgeSignature(signature, body, secret, credentials, parts),
      });
      return await withSecret(credentials, parts, judge, signal);
    }
    case "mtls": {
      const given = certificate();
      if (given === undefined) {
        return refused("A client certificate is needed that the receiver trusts", "Client-Certificate");
      }
      return isAllowed(given, auth)
        ? { kind: "granted" }
        : { kind: "forbidden", detail: "The client certificate is of nobody who may send to this webhook" };
    }
    default:
      return auth.type satisfies never;
  }
}

const BASIC_CHALLENGE = 'Basic realm="webhook", charset="UTF-8"';
const HMAC_CHALLENGE = "HMAC-SHA256";

function judgeSignature(
  signature: Extract<Signature, { readonly kind: "plain" | "timed" }>,
  body: Uint8Array,
  secret: SecretValues,
  { ingester }: Credentials,
  { seen, clock }: AuthenticateParts,
): SignedAuthentication {
  const macs = matchingMacs(signature, body, validValues("hmac", secret));
  if (macs.length === 0) return refused("The signature is wrong", HMAC_CHALLENGE);
  if (signature.kind === "plain") return { kind: "granted", forget: () => {} };
  const now = clock.now();
  if (Math.abs(now - signature.milliseconds) > TOLERANCE_MILLISECONDS) {
    return refused("The time of the signature must be within 5 minutes of now", HMAC_CHALLENGE);
  }
  const endsAt = signature.milliseconds + TOLERANCE_MILLISECONDS;
  const sight = seen.take(`${ingester.namespace}/${ingester.name}`, macs, endsAt, now);
  switch (sight.kind) {
    case "first":
      return { kind: "granted", forget: () => sight.forget() };
    case "again":
      return refused("The signature was used before", HMAC_CHALLENGE);
    case "full":
      return {
        kind: "busy",
        detail: "Too many signatures are remembered now",
        retryAfterSeconds: sight.retryAfterSeconds,
      };
    default:
      return sight satisfies never;
  }
}

/** Judges by the Secret of `auth`, once it is there with all that is needed of it. */
async function withSecret(
  { ingester, auth }: Credentials,
  { secrets }: AuthenticateParts,
  judge: (secret: SecretValues) => Authentication,
  signal: AbortSignal,
): Promise<Authentication> {
  const name = auth?.secretName ?? "";
  const called = `Secret ${ingester.namespace}/${name}`;
  let secret: SecretValues | undefined;
  try {
    secret = await secrets.read(ingester.namespace, name, signal);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return unavailable(`${called} cannot be read: ${why}`);
  }
  if (secret === undefined) return unavailable(`${called} does not exist`);
  const lacking = auth !== undefined && takesSecret(auth.type) ? lackingKey(auth.type, secret) : undefined;
  return lacking === undefined ? judge(secret) : unavailable(`${called} has no key ${lacking}`);
}

/** All are compared, so that the time does not tell which one it was. */
function isOneOf(given: string, valid: readonly string[]): boolean {
  return valid.filter((value) => isSameSecret(given, value)).length > 0;
}

function refused(detail: string, challenge: string): Extract<Refusal, { readonly kind: "refused" }> {
  return { kind: "refused", detail, challenge };
}

function unavailable(cause: string): Refusal {
  return { kind: "unavailable", detail: "The credentials of this webhook cannot be checked now", cause };
}
