import { type Context, Hono } from "hono";
import type { Metrics } from "../observe/metrics.ts";
import { problem, unavailable } from "./problem.ts";
import type { Route, RouteTable } from "./route.ts";
import { type Peer, RETRY_AFTER, type ServeParts, serveWebhook, stopping } from "./serve_webhook.ts";

/** What the listener tells of a request. */
export interface IntakeEnv {
  readonly Bindings: {
    /** Aborts when the program stops and its patience is over; the sender's going away does not abort it. */
    readonly signal: AbortSignal;
    readonly peer: Peer;
  };
  readonly Variables: { source: string };
}

/** What {@link createIntakeApp} needs. */
export interface IntakeOptions extends ServeParts {
  readonly routes: RouteTable;
  readonly metrics: Pick<Metrics, "received" | "rejected" | "webhookRequests" | "webhookDuration">;
}

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
  return await serveWebhook(c.req.raw, route, c.env.peer, options, c.env.signal);
}

function findRoute(routes: RouteTable, path: string): Route | undefined {
  const route = routes.find(path);
  if (route !== undefined || !/[^/]\/$/.test(path)) return route;
  return routes.find(path.slice(0, -1));
}
