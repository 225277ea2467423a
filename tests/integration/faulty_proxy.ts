import { systemClock } from "../../src/run/clock.ts";
import { clusterClient } from "../support/cluster_client.ts";

/** A request as it came to the proxy. */
export interface ProxiedRequest {
  readonly method: string;
  readonly path: string;
  readonly isWatch: boolean;
  /** Monotonic, in milliseconds. */
  readonly at: number;
}

/** What is done to a request instead of passing it on at once. */
export type Fault =
  | {
    readonly kind: "answer";
    readonly status: number;
    readonly body: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  }
  | { readonly kind: "delay"; readonly milliseconds: number };

/** Which requests a fault is for. */
export type Selector = (request: ProxiedRequest) => boolean;

/** A watch that goes through the proxy now. */
interface OpenWatch {
  readonly path: string;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  /** What the API server sends. */
  readonly upstream: ReadableStreamDefaultReader<Uint8Array>;
}

/** A proxy in front of an API server that does to its answers what networks and overloaded servers do. */
export interface FaultyProxy extends AsyncDisposable {
  /** Address on http. */
  readonly url: string;
  /** Everything that was asked. */
  readonly requests: readonly ProxiedRequest[];
  /** The next `times` requests that are selected suffer this. */
  fail(selects: Selector, fault: Fault, times: number): void;
  /** Lets requests wait until the returned function is called. */
  hold(selects: Selector): () => void;
  /** How many watches of a path are open. */
  watching(path: string): number;
  /** Writes bytes into every open watch of a path, between two lines. */
  inject(path: string, bytes: Uint8Array): void;
  /** Ends every open watch of a path as a server does. */
  close(path: string): void;
  /** Breaks every open watch of a path off, as a cut connection does. */
  reset(path: string): void;
}

const NEWLINE = 10;

/** Starts a proxy that speaks http on 127.0.0.1 and asks the API server as the user of a kubeconfig with inline material. */
export async function startFaultyProxy(kubeconfig: string): Promise<FaultyProxy> {
  const { server, client, headers: own } = await clusterClient(kubeconfig);
  const requests: ProxiedRequest[] = [];
  const faults: { readonly selects: Selector; readonly fault: Fault; left: number }[] = [];
  const holds = new Map<Selector, Promise<void>>();
  const watches = new Set<OpenWatch>();
  const over = new AbortController();
  const running = new Set<Promise<unknown>>();

  const end = (watch: OpenWatch): void => {
    watches.delete(watch);
    // Not by a signal: a fetch forgets it when it has answered (Deno 2.9.6).
    running.add(watch.upstream.cancel().catch(() => {}));
  };

  const forward = async (request: Request, { path, isWatch }: ProxiedRequest): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const body = request.body === null ? undefined : await request.arrayBuffer();
    const answer = await fetch(`${server}${pathname}${search}`, {
      method: request.method,
      headers: { ...headersOf(request), ...own },
      ...(body === undefined ? {} : { body }),
      client,
      signal: over.signal,
    });
    const headers = { "content-type": answer.headers.get("content-type") ?? "application/json" };
    if (!isWatch || !answer.ok || answer.body === null) {
      return new Response(await answer.arrayBuffer(), { status: answer.status, headers });
    }
    const upstream = answer.body.getReader();
    let open: OpenWatch;
    const passed = new ReadableStream<Uint8Array>({
      start(controller) {
        open = { path, controller, upstream };
        watches.add(open);
        const pumped = pump(open, watches).finally(() => running.delete(pumped));
        running.add(pumped);
      },
      cancel: () => end(open),
    });
    return new Response(passed, { headers });
  };

  const listener = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
    onError: () => new Response(null, { status: 502 }),
  }, async (request) => {
    const url = new URL(request.url);
    const seen: ProxiedRequest = {
      method: request.method,
      path: url.pathname,
      isWatch: url.searchParams.has("watch"),
      at: systemClock.monotonic(),
    };
    requests.push(seen);
    for (const [selects, released] of [...holds]) if (selects(seen)) await released;
    const found = faults.find(({ selects, left }) => left > 0 && selects(seen));
    if (found !== undefined) {
      found.left--;
      if (found.fault.kind === "answer") return answerOf(found.fault);
      await systemClock.sleep(found.fault.milliseconds, over.signal);
    }
    return await forward(request, seen);
  });

  const of = (path: string): OpenWatch[] => [...watches].filter((watch) => watch.path === path);
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    requests,
    fail: (selects, fault, times) => void faults.push({ selects, fault, left: times }),
    hold(selects) {
      const { promise, resolve } = Promise.withResolvers<void>();
      holds.set(selects, promise);
      return () => {
        holds.delete(selects);
        resolve();
      };
    },
    watching: (path) => of(path).length,
    inject(path, bytes) {
      for (const { controller } of of(path)) controller.enqueue(bytes);
    },
    close(path) {
      for (const watch of of(path)) {
        end(watch);
        watch.controller.close();
      }
    },
    reset(path) {
      for (const watch of of(path)) {
        end(watch);
        watch.controller.error(new Error("Cut by the test"));
      }
    },
    async [Symbol.asyncDispose]() {
      over.abort();
      for (const watch of [...watches]) {
        end(watch);
        watch.controller.error(new Error("The proxy is closed"));
      }
      await Promise.allSettled(running);
      await listener.shutdown();
      client.close();
    },
  };
}

/** Passes whole lines on, so that what is injected comes between two of them, and ends when the watch is over. */
async function pump(open: OpenWatch, watches: Set<OpenWatch>): Promise<void> {
  let rest = new Uint8Array();
  try {
    while (true) {
      const { done, value: chunk } = await open.upstream.read();
      if (done || !watches.has(open)) break;
      const end = chunk.lastIndexOf(NEWLINE) + 1;
      if (end > 0) {
        open.controller.enqueue(joined(rest, chunk.subarray(0, end)));
        rest = chunk.slice(end);
      } else rest = joined(rest, chunk);
    }
    if (watches.delete(open)) open.controller.close();
  } catch (error) {
    if (watches.delete(open)) open.controller.error(error);
  }
}

function headersOf(request: Request): Headers {
  const headers = new Headers();
  for (const name of ["accept", "content-type", "user-agent"]) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return headers;
}

function answerOf({ status, body, headers }: Extract<Fault, { kind: "answer" }>): Response {
  return Response.json(body, { status, headers: { ...headers } });
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
