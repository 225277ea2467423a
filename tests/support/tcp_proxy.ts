import { systemClock } from "../../src/run/clock.ts";

/** What a network does to what goes over it. */
export type Network =
  /** Passes everything on. */
  | { readonly kind: "whole" }
  /** Passes nothing on and says nothing, as a firewall that drops packets; once whole again, what was held arrives. */
  | { readonly kind: "silent" }
  /** Passes everything on, late. */
  | { readonly kind: "slow"; readonly milliseconds: number }
  /** Breaks every connection off, open or new. */
  | { readonly kind: "broken" };

/** A network of one way between a client and a server, both on 127.0.0.1, that does what it is told. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** How many connections are open. */
  readonly connections: number;
  /** Sets what the network does from now on, to open connections too. */
  become(network: Network): void;
}

/** Gives the port of 127.0.0.1 that a new connection is carried to; undefined: there is none, and it is closed. */
export type Target = () => number | undefined;

const CHUNK_BYTES = 64 * 1024;
const WHOLE: Network = { kind: "whole" };

/**
 * Starts a proxy of TCP connections.
 *
 * @param target where the server listens, which may be away for a while; or who says so of each connection
 * @param at where it listens itself
 */
export function startTcpProxy(
  target: number | Target,
  at: { readonly hostname: string; readonly port: number } = { hostname: "127.0.0.1", port: 0 },
): TcpProxy {
  const listener = Deno.listen(at);
  const over = new AbortController();
  const links = new Set<Link>();
  let network: Network = WHOLE;
  let changed = Promise.withResolvers<void>();
  const state: NetworkState = { now: () => network, changed: () => changed.promise };

  const accept = async (): Promise<void> => {
    const running = new Set<Promise<void>>();
    for await (const client of listener) {
      const link = new Link(client, typeof target === "number" ? () => target : target, state);
      links.add(link);
      const carried = link.carry(over.signal).finally(() => {
        links.delete(link);
        running.delete(carried);
      });
      running.add(carried);
    }
    await Promise.all(running);
  };
  const accepting = accept();
  return {
    port: listener.addr.port,
    get connections() {
      return links.size;
    },
    become(next) {
      network = next;
      const before = changed;
      changed = Promise.withResolvers();
      before.resolve();
      if (next.kind === "broken") { for (const link of links) link.breakOff(); }
    },
    async [Symbol.asyncDispose]() {
      if (over.signal.aborted) return await accepting;
      listener.close();
      over.abort();
      for (const link of links) link.breakOff();
      await accepting;
    },
  };
}

interface NetworkState {
  now(): Network;
  /** Resolves at the next change. */
  changed(): Promise<void>;
}

/** One connection of a client, and the one to the server that it is carried over. */
class Link {
  readonly #client: Deno.TcpConn;
  readonly #target: Target;
  readonly #network: NetworkState;
  readonly #ended = new AbortController();
  #server: Deno.TcpConn | undefined;

  constructor(client: Deno.TcpConn, target: Target, network: NetworkState) {
    this.#client = client;
    this.#target = target;
    this.#network = network;
  }

  /** Closes both ends at once; what is under way is lost. */
  breakOff(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    for (const end of [this.#client, this.#server]) close(end);
  }

  /** Carries bytes both ways until an end closes; never rejects. */
  async carry(over: AbortSignal): Promise<void> {
    try {
      if (over.aborted || this.#network.now().kind === "broken") return;
      await this.#pass();
      const port = this.#target();
      if (port === undefined) return;
      this.#server = await Deno.connect({ hostname: "127.0.0.1", port });
      if (this.#ended.signal.aborted) return close(this.#server);
      // The first end that is reached ends both ways: neither HTTP nor TLS keeps half a connection.
      const ways = [this.#pump(this.#client, this.#server), this.#pump(this.#server, this.#client)];
      await Promise.race(ways);
      this.breakOff();
      await Promise.all(ways);
    } catch {
      // The server is away, or an end was closed meanwhile: the other end sees it closed.
    } finally {
      this.breakOff();
    }
  }

  async #pump(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const chunk = new Uint8Array(CHUNK_BYTES);
    try {
      while (true) {
        const length = await from.read(chunk);
        // An end is news too, and comes no sooner than what was sent before it.
        await this.#pass();
        if (length === null) return;
        await writeAll(to, chunk.subarray(0, length));
      }
    } catch {
      // Closed by the other way, or broken off.
    }
  }

  /** Resolves when the network lets something through. */
  async #pass(): Promise<void> {
    const { signal } = this.#ended;
    const ended = whenAborted(signal);
    try {
      while (true) {
        signal.throwIfAborted();
        const network = this.#network.now();
        switch (network.kind) {
          case "whole":
            return;
          case "slow":
            return await systemClock.sleep(network.milliseconds, signal);
          case "broken":
          case "silent":
            await Promise.race([this.#network.changed(), ended.promise]);
            break;
          default:
            network satisfies never;
        }
      }
    } finally {
      ended.forget();
    }
  }
}

function whenAborted(signal: AbortSignal): { readonly promise: Promise<void>; readonly forget: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const onAbort = (): void => resolve();
  signal.addEventListener("abort", onAbort);
  return { promise, forget: () => signal.removeEventListener("abort", onAbort) };
}

async function writeAll(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await to.write(bytes.subarray(written));
}

function close(end: Deno.TcpConn | undefined): void {
  try {
    end?.close();
  } catch {
    // It was closed already.
  }
}
