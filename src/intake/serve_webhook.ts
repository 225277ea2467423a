import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { type IpRange, isWithin } from "../model/ip_ranges.ts";
import type { Clock } from "../run/clock.ts";
import { answer, type AnswerBody, rejectedWhole } from "./answer.ts";
import { authenticate, type Refusal, type SecretReader } from "./authenticate.ts";
import type { BodyMemory, BodyShare } from "./body_memory.ts";
import { problem, unavailable } from "./problem.ts";
import { type BodyBytes, parseBody, readBody, unsupportedIn } from "./read_body.ts";
import type { OpenRoute, Taken } from "./route.ts";
import type { SeenSignatures } from "./seen_signatures.ts";
import { senderAddress } from "./sender_address.ts";
import type { SenderLimits } from "./sender_limits.ts";

/** The other end of a connection. */
export interface Peer {
  readonly address: string | undefined;
  /** Its certificate in DER, when it has shown one that TLS_CLIENT_CA_FILE signed. */
  certificate(): Uint8Array | undefined;
}

/** What {@link serveWebhook} works with. */
export interface ServeParts {
  readonly secrets: SecretReader;
  readonly seen: SeenSignatures;
  readonly limits: SenderLimits;
  readonly bodies: BodyMemory;
  /** TRUSTED_PROXY_CIDRS. */
  readonly trustedProxies: readonly IpRange[];
  readonly metrics: Pick<Metrics, "received" | "rejected">;
  readonly clock: Clock;
  readonly log: Log;
}

/** One request for a webhook. */
interface Arrival {
  readonly request: Request;
  readonly route: OpenRoute;
  /** RFC 3339. */
  readonly receivedAt: string;
  readonly sender: string | undefined;
  readonly share: BodyShare;
}

/** When a sender should come again, in seconds, by what it waits for. */
export const RETRY_AFTER = { sync: 2, otherReplica: 1, ingester: 30, apiServer: 5, memory: 1 } as const;

/** Answers that ask for the same once more. */
const COME_AGAIN: readonly number[] = [429, 500, 503];

/** Judges the method, the place, the sender, its rate and the body, in this order; what passes is taken. */
export async function serveWebhook(
  request: Request,
  route: OpenRoute,
  peer: Peer,
  parts: ServeParts,
  signal: AbortSignal,
): Promise<Response> {
  const receivedAt = new Date(parts.clock.now()).toISOString();
  if (!route.methods.includes(request.method)) {
    const allowed = route.methods.join(", ");
    return problem("method-not-allowed", `This webhook takes ${allowed}`, { headers: { Allow: allowed } });
  }
  const hops = { peer: peer.address, forwardedFor: request.headers.get("X-Forwarded-For") };
  const sender = senderAddress(hops, parts.trustedProxies);
  if (route.allowedRanges.length > 0 && !isWithin(sender ?? "", route.allowedRanges)) {
    return problem("forbidden", "This webhook takes nothing from this address");
  }
  const { auth, ingester } = route;
  const who = await authenticate(
    { ingester, auth, headers: request.headers, certificate: () => peer.certificate() },
    parts,
    signal,
  );
  using share = parts.bodies.share();
  const arrival: Arrival = { request, route, receivedAt, sender, share };
  switch (who.kind) {
    case "granted":
      return await serveKnown(arrival, undefined, parts, signal);
    case "signed":
      return await serveSigned(arrival, who, parts, signal);
    default:
      return refuse(who, route, parts);
  }
}

/** The body says whether it is who it should be, so it is read before anything else is known. */
async function serveSigned(
  arrival: Arrival,
  who: Extract<Awaited<ReturnType<typeof authenticate>>, { readonly kind: "signed" }>,
  parts: ServeParts,
  signal: AbortSignal,
): Promise<Response> {
  const { request, route, share } = arrival;
  const read = await readBody(request, { maxBytes: route.maxBodyBytes, share }, signal);
  // A stranger's body is neither received nor rejected.
  if (read.kind !== "bytes") return answerUnread(read, undefined, signal);
  const judged = who.judge(read.bytes);
  if (judged.kind === "busy") return unavailable(judged.detail, judged.retryAfterSeconds);
  if (judged.kind !== "granted") return refuse(judged, route, parts);
  let isTaken = false;
  try {
    const response = await serveKnown(arrival, read.bytes, parts, signal);
    isTaken = !COME_AGAIN.includes(response.status);
    return response;
  } finally {
    if (!isTaken) judged.forget();
  }
}

/** Serves who may send; `bytes` is the body, where it was read already. */
async function serveKnown(
  { request, route, receivedAt, sender, share }: Arrival,
  bytes: Uint8Array | undefined,
  parts: ServeParts,
  signal: AbortSignal,
): Promise<Response> {
  const { namespace, name } = route.ingester;
  const seconds = route.rateLimit === undefined
    ? undefined
    : parts.limits.take(`${namespace}/${name}`, sender, route.rateLimit);
  if (seconds !== undefined) {
    return problem("too-many-requests", "This sender sends more often than spec.webhook.rateLimit allows", {
      headers: { "Retry-After": String(seconds) },
    });
  }
  const unsupported = unsupportedIn(request.headers);
  if (unsupported !== undefined) return problem("unsupported-media-type", unsupported);
  const rejecting = (reason: "too_large" | "invalid_json", detail: string): AnswerBody =>
    reject(route, reason, detail, parts);
  const read: BodyBytes = bytes === undefined
    ? await readBody(request, { maxBytes: route.maxBodyBytes, share }, signal)
    : { kind: "bytes", bytes };
  if (read.kind !== "bytes") return answerUnread(read, rejecting, signal);
  const body = parseBody(read.bytes);
  if (body.kind === "invalid") {
    return problem("bad-request", body.detail, { members: rejecting("invalid_json", body.detail) });
  }
  return answerTaken(await route.take(body.value, receivedAt, signal));
}

function answerUnread(
  read: Exclude<BodyBytes, { readonly kind: "bytes" }>,
  rejecting: ((reason: "too_large", detail: string) => AnswerBody) | undefined,
  signal: AbortSignal,
): Response {
  switch (read.kind) {
    case "too-large":
      return problem("too-large", read.detail, { members: rejecting?.("too_large", read.detail) });
    case "no-room":
      return unavailable(read.detail, RETRY_AFTER.memory);
    case "incomplete":
      return signal.aborted ? stopping() : problem("bad-request", read.detail);
    default:
      return read satisfies never;
  }
}

function refuse(refusal: Refusal, { ingester }: OpenRoute, { log }: ServeParts): Response {
  switch (refusal.kind) {
    case "refused":
      return problem("unauthorized", refusal.detail, { headers: { "WWW-Authenticate": refusal.challenge } });
    case "forbidden":
      return problem("forbidden", refusal.detail);
    case "unavailable":
      log.warn("Webhook cannot authenticate anyone", { ...ingester, cause: refusal.cause });
      return unavailable(refusal.detail, RETRY_AFTER.apiServer);
    default:
      return refusal satisfies never;
  }
}

/** Counts a body that never becomes findings: one received and one rejected, in one go (promise P5). */
function reject(
  { source }: OpenRoute,
  reason: "too_large" | "invalid_json",
  detail: string,
  { metrics }: ServeParts,
): AnswerBody {
  metrics.received.inc({ source });
  metrics.rejected.inc({ source, reason });
  return rejectedWhole(detail);
}

function answerTaken(taken: Taken): Response {
  const { status, body } = answer(taken.verdicts);
  switch (status) {
    case 400:
      return problem("bad-request", "Nothing in this request could be taken", { members: body });
    case 500:
      return problem("internal", "Nothing in this request could be taken, by a mistake of the receiver", {
        members: body,
      });
    case 503:
      return unavailable("Not everything could be written or spooled now", RETRY_AFTER.apiServer, body);
    default:
      return Response.json(body, { status });
  }
}

/** The answer of a replica that stops. */
export function stopping(): Response {
  return unavailable("This replica is stopping", RETRY_AFTER.otherReplica);
}
