import { type Context, Hono, type MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";
import type { Registry } from "prom-client";
import type { Health, Probe } from "./health.ts";
import type { Log } from "./log.ts";
import { judgeReader, type ReaderAccess } from "./reader_access.ts";
import { scrape } from "./scrape.ts";

/** What /status says, for people and scripts. */
export interface Status {
  readonly version: string;
  readonly identity: string;
  /** True when this replica leads. */
  readonly leader: boolean;
  /** Holder of the lease as last seen; undefined when none is known. */
  readonly leaseHolder?: string | undefined;
  readonly uptimeSeconds: number;
  readonly ready: boolean;
  readonly ingesters: readonly IngesterStatusLine[];
}

/** One Ingester in {@link Status}; reason and message are those of its condition Ready. */
export interface IngesterStatusLine {
  readonly namespace: string;
  readonly name: string;
  readonly source: string;
  readonly kind: string;
  readonly ready: boolean;
  readonly reason: string;
  readonly message: string;
}

/** What the handlers know of a connection; `Deno.serve` hands it in. */
export interface ObserveEnv {
  readonly Bindings: { readonly remoteAddr?: { readonly hostname: string } | undefined };
}

/** What {@link createObserveApp} needs. */
export interface ObserveOptions {
  readonly registry: Registry;
  readonly health: Pick<Health, "livez" | "readyz">;
  readonly status: () => Status;
  /** Reads BOARD_TOKEN_FILE, each time anew so that it may rotate; undefined when none is set. */
  readonly readToken: () => Promise<string | undefined>;
  readonly log: Log;
}

/** The app behind METRICS_PORT: metrics and probes for everyone, /status for those who may. */
export function createObserveApp(options: ObserveOptions): Hono<ObserveEnv> {
  const app = new Hono<ObserveEnv>();
  app.use(secureHeaders({ strictTransportSecurity: false, xFrameOptions: "DENY" }));
  app.use(async (c, next) => {
    await next();
    c.header("Cache-Control", "no-store");
  });
  const { registry, health } = options;
  reading(
    app,
    "/metrics",
    async (c) => c.body(await scrape(registry), 200, { "Content-Type": registry.contentType }),
  );
  for (const path of ["/livez", "/healthz", "/health"]) {
    reading(app, path, (c) => answerProbe(c, health.livez()));
  }
  for (const path of ["/readyz", "/ready"]) reading(app, path, (c) => answerProbe(c, health.readyz()));
  app.use("/status", onlyReaders(options.readToken));
  reading(app, "/status", (c) => c.json(options.status()));
  app.notFound((c) => c.text("Not found\n", 404));
  app.onError((error, c) => {
    options.log.error("Request failed", { path: c.req.path, error: error.message });
    return c.text("Internal error\n", 500);
  });
  return app;
}

/** Answers 403 or 401 to those who are neither on this machine nor have the token. */
export function onlyReaders(readToken: () => Promise<string | undefined>): MiddlewareHandler<ObserveEnv> {
  return async (c, next) => {
    const reader = {
      address: c.env?.remoteAddr?.hostname,
      host: c.req.header("Host"),
      authorization: c.req.header("Authorization"),
    };
    if (judgeReader(reader, undefined) === "granted") return await next();
    const access = judgeReader(reader, await readToken());
    return access === "granted" ? await next() : refuse(c, access);
  };
}

function refuse(c: Context, access: Exclude<ReaderAccess, "granted">): Response {
  switch (access) {
    case "no-token-configured":
      return c.text(
        "Only answered on 127.0.0.1 and ::1; set BOARD_TOKEN_FILE to read it from elsewhere\n",
        403,
      );
    case "token-missing":
      return c.text("A bearer token is needed\n", 401, { "WWW-Authenticate": "Bearer" });
    case "token-wrong":
      return c.text("The bearer token is wrong\n", 401, {
        "WWW-Authenticate": 'Bearer error="invalid_token"',
      });
    default:
      return access satisfies never;
  }
}

function reading(
  app: Hono<ObserveEnv>,
  path: string,
  handler: (c: Context<ObserveEnv>) => Response | Promise<Response>,
): void {
  app.get(path, handler);
  app.all(path, (c) => c.text("Method not allowed\n", 405, { Allow: "GET, HEAD" }));
}

function answerProbe(c: Context, probe: Probe): Response {
  return probe.kind === "passing"
    ? c.text("ok\n")
    : c.text(probe.failures.map((line) => `${line}\n`).join(""), 503);
}
