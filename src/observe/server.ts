import type { Hono } from "hono";
import type { Clock } from "../run/clock.ts";
import type { ObserveEnv } from "./observe_app.ts";

/** An open METRICS_PORT; disposing it closes it. */
export interface ObserveServer extends AsyncDisposable {
  /** The port that was taken; of use when 0 was asked for. */
  readonly port: number;
}

/** What {@link serveObserve} needs. */
export interface ObserveServerOptions {
  readonly app: Hono<ObserveEnv>;
  /** BIND_ADDRESS. */
  readonly hostname: string;
  readonly port: number;
  readonly clock: Clock;
}

/** How long answers in the making may take when it closes. */
const CLOSE_MILLISECONDS = 1_000;

/**
 * Opens METRICS_PORT. When it closes, answers in the making are finished and streams are cut, which would never end
 * by themselves. Throws when the address cannot be bound.
 */
export function serveObserve(options: ObserveServerOptions): ObserveServer {
  const { app, clock, hostname, port } = options;
  const cut = new AbortController();
  const running = new Set<Promise<Response>>();
  const server = Deno.serve({
    hostname,
    port,
    signal: cut.signal,
    onListen: () => {},
    onError: () => new Response("Internal error\n", { status: 500 }),
  }, async (request, info) => {
    const answer = Promise.resolve(app.fetch(request, { remoteAddr: info.remoteAddr }));
    running.add(answer);
    try {
      return await answer;
    } finally {
      running.delete(answer);
    }
  });
  return {
    port: server.addr.port,
    async [Symbol.asyncDispose](): Promise<void> {
      const finished = new AbortController();
      const late = clock.sleep(CLOSE_MILLISECONDS, finished.signal).catch(() => {});
      await Promise.race([Promise.allSettled(running), late]);
      finished.abort();
      await late;
      // Not shutdown(): aborted after that, it fails with an error that nobody can catch (Deno 2.9.6).
      cut.abort();
      await server.finished;
    },
  };
}
