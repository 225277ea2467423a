import { type Context, Hono } from "hono";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Clock } from "../run/clock.ts";
import { answer, type AnswerBody, rejectedWhole } from "./answer.ts";
import { authenticate, type SecretReader } from "./authenticate.ts";
import { problem, unavailable } from "./problem.ts";
import { readBody } from "./read_body.ts";
import type { OpenRoute, Route, RouteTable, Taken } from "./route.ts";

/** What the listener tells of a request. */
export interface IntakeEnv {
  readonly Bindings: {
    /** Aborts when the program stops and its patience is over; the sender's going away does not abort it. */
    readonly signal: AbortSignal;
  };
  readonly Variables: { source: string };
}

/** What {@link createIntakeApp} needs. */
export interface IntakeOptions {
  readonly routes: RouteTable;
  readonly secrets: SecretReader;
  readonly metrics: Pick<Metrics, "received" | "rejected" | "webhookRequests" | "webhookDuration">;
  readonly clock: Clock;
  readonly log: Log;
}

/** When a sender should come again, in seconds, by what it waits for. */
const RETRY_AFTER = { sync: 2, otherReplica: 1, ingester: 30, apiServer: 5 } as const;

/** The app behind WEBHOOK_PORT: the webhooks of the Ingesters, and nothing else. */
export function createIntakeApp(options: IntakeOptions): Hono<IntakeEnv> {
  const { clock, metrics, log } = options;
  const app = new Hono<IntakeEnv>();
  app.use(async (c, next) => {
    const start = clock.monotonic();
    c.set("source", "");
    await next();
    const source = c.get("source");
    metrics.webhookRequests.inc({ source, code: String(c.res.status) });
    metrics.webhookDuration.observe({ source }, (clock.monotonic() - start) / 1000);
  });
  app.all("*", (c) => admit(c, options));
  app.onError((error, c) => {
    if (c.env.signal.aborted) return stopping();
    log.error("Webhook failed", { source: c.get("source"), error: error.stack ?? error.message });
    return problem("internal", "The request failed by a mistake of the receiver; its log says more");
  });
  return app;
}

/** Finds the webhook that a request is for. */
async function admit(c: Context<IntakeEnv>, options: IntakeOptions): Promise<Response> {
  const { state } = options.routes;
  switch (state) {
    case "not-synced":
      return unavailable("The Ingesters are not known yet", RETRY_AFTER.sync);
    case "draining":
      return stopping();
    case "remembered":
    case "ready":
      break;
    default:
      return state satisfies never;
  }
  const route = findRoute(options.routes, c.req.path);
  if (route === undefined && state === "remembered") {
    return unavailable("No Ingester that is known yet has a webhook of this path", RETRY_AFTER.sync);
  }
  if (route === undefined) return problem("not-found", "No Ingester has a webhook of this path");
  c.set("source", route.source);
  if (route.kind === "closed") return unavailable(route.message, RETRY_AFTER.ingester);
  return await serve(c, route, options);
}

function findRoute(routes: RouteTable, path: string): Route | undefined {
  const route = routes.find(path);
  if (route !== undefined || !/[^/]\/$/.test(path)) return route;
  return routes.find(path.slice(0, -1));
}

/** Judges the method, the sender and the body, in this order; what passes is taken. */
async function serve(c: Context<IntakeEnv>, route: OpenRoute, options: IntakeOptions): Promise<Response> {
  const { signal } = c.env;
  const request = c.req.raw;
  const receivedAt = new Date(options.clock.now()).toISOString();
  if (!route.methods.includes(request.method)) {
    const allowed = route.methods.join(", ");
    return problem("method-not-allowed", `This webhook takes ${allowed}`, { headers: { Allow: allowed } });
  }
  const who = await authenticate(
    {
      namespace: route.ingester.namespace,
      auth: route.auth,
      authorization: request.headers.get("Authorization"),
    },
    options.secrets,
    signal,
  );
  if (who.kind === "refused") {
    return problem("unauthorized", who.detail, { headers: { "WWW-Authenticate": who.challenge } });
  }
  if (who.kind === "unavailable") {
    const { namespace, name } = route.ingester;
    options.log.warn("Webhook cannot authenticate anyone", { namespace, name, cause: who.cause });
    return unavailable(who.detail, RETRY_AFTER.apiServer);
  }
  const body = await readBody(request, route.maxBodyBytes, signal);
  switch (body.kind) {
    case "json":
      return answerTaken(await route.take(body.value, receivedAt, signal));
    case "unsupported":
      return problem("unsupported-media-type", body.detail);
    case "too-large":
      return problem("too-large", body.detail, { members: reject(route, "too_large", body.detail, options) });
    case "invalid":
      return problem("bad-request", body.detail, {
        members: reject(route, "invalid_json", body.detail, options),
      });
    case "incomplete":
      return signal.aborted ? stopping() : problem("bad-request", body.detail);
    default:
      return body satisfies never;
  }
}

/** Counts a body that never becomes findings: one received and one rejected, in one go (promise P5). */
function reject(
  { source }: OpenRoute,
  reason: "too_large" | "invalid_json",
  detail: string,
  { metrics }: IntakeOptions,
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

function stopping(): Response {
  return unavailable("This replica is stopping", RETRY_AFTER.otherReplica);
}
