import { ApiError } from "../../src/kube/errors.ts";
import type { LeaseLock } from "../../src/leadership/lock.ts";
import type { LeaseRecord } from "../../src/leadership/record.ts";
import type { Clock } from "../../src/run/clock.ts";

/** A request for the Lease. */
export type LeaseRequest = "get" | "create" | "update" | "watch";

/** What the network does to one request, or to one event of a watch. */
export type Fate =
  /** It takes so long to get there, and its answer so long to come back. */
  | { readonly kind: "delivered"; readonly thereMilliseconds: number; readonly backMilliseconds: number }
  /** No connection: an error at once, and no effect. */
  | { readonly kind: "refused" }
  /** The server answers 500, without effect. */
  | { readonly kind: "failed" }
  /** It never gets there. */
  | { readonly kind: "lost" }
  /** It gets there and takes effect; its answer never comes. */
  | { readonly kind: "answer-lost"; readonly thereMilliseconds: number };

/** The network between one process and the API server. */
export type Network = (request: LeaseRequest) => Fate;

/** A network that does nothing to anybody. */
export const promptly: Network = () => ({ kind: "delivered", thereMilliseconds: 0, backMilliseconds: 0 });

interface Watcher {
  readonly events: { readonly record: LeaseRecord | undefined; readonly fate: Fate; readonly due: number }[];
  readonly network: Network;
  readonly clock: Clock;
  wake: () => void;
  isCut: boolean;
}

/** The API server's one Lease, in memory: resourceVersions, conflicts, watches. */
export class MemoryLease {
  /** Every state there was, in order. */
  readonly history: (LeaseRecord | undefined)[] = [];
  /** How many requests came, by kind. */
  readonly counts: Record<LeaseRequest, number> = { get: 0, create: 0, update: 0, watch: 0 };
  readonly #watchers = new Set<Watcher>();
  #record: LeaseRecord | undefined;
  #version = 100;

  /** The Lease as it is. */
  get record(): LeaseRecord | undefined {
    return this.#record;
  }

  /** How many watches are open. */
  get watching(): number {
    return this.#watchers.size;
  }

  /** Changes the Lease by hand, as kubectl does; undefined deletes it. */
  put(record: Omit<LeaseRecord, "resourceVersion"> | undefined): LeaseRecord | undefined {
    this.#record = record === undefined ? undefined : { ...record, resourceVersion: String(++this.#version) };
    this.history.push(this.#record);
    for (const watcher of this.#watchers) this.#tell(watcher);
    return this.#record;
  }

  /** Changes fields of the Lease that there is. */
  edit(change: Partial<LeaseRecord>): LeaseRecord | undefined {
    if (this.#record === undefined) throw new Error("There is no Lease to edit");
    return this.put({ ...this.#record, ...change });
  }

  /** Ends all open watches. */
  cutWatches(): void {
    for (const watcher of this.#watchers) {
      watcher.isCut = true;
      watcher.wake();
    }
  }

  /** Access for one process over its network; the clock is that of the world. */
  connect(network: Network, clock: Clock): LeaseLock {
    return {
      get: (signal) => this.#through("get", () => this.#record, network, clock, signal),
      create: (record, signal) => this.#through("create", () => this.#create(record), network, clock, signal),
      update: (record, signal) => this.#through("update", () => this.#update(record), network, clock, signal),
      watch: (signal) => this.#watch(network, clock, signal),
    };
  }

  async #through<T>(
    kind: LeaseRequest,
    effect: () => T,
    network: Network,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<T> {
    this.counts[kind]++;
    const fate = network(kind);
    switch (fate.kind) {
      case "refused":
        throw new ApiError("connection refused", { code: 0 });
      case "failed":
        throw new ApiError("internal error", { code: 500 });
      case "lost":
        return await forever(signal);
      case "answer-lost":
        this.#arrive(effect, fate.thereMilliseconds, clock);
        return await forever(signal);
      case "delivered": {
        if (fate.thereMilliseconds === 0 && fate.backMilliseconds === 0) return effect();
        const arrival = this.#arrive(effect, fate.thereMilliseconds, clock);
        await clock.sleep(fate.thereMilliseconds, signal);
        const value = await arrival;
        await clock.sleep(fate.backMilliseconds, signal);
        return value;
      }
    }
  }

  /** What is on its way gets there, whether or not somebody still waits for the answer. */
  #arrive<T>(effect: () => T, milliseconds: number, clock: Clock): Promise<T> {
    const arrival = clock.sleep(milliseconds, new AbortController().signal).then(effect);
    arrival.catch(() => {});
    return arrival;
  }

  #create(record: LeaseRecord): LeaseRecord {
    if (this.#record !== undefined) throw conflict("AlreadyExists");
    return this.#stored(record);
  }

  #update(record: LeaseRecord): LeaseRecord {
    if (this.#record === undefined) throw new ApiError("not found", { code: 404, reason: "NotFound" });
    if (record.resourceVersion !== this.#record.resourceVersion) throw conflict("Conflict");
    return this.#stored(record);
  }

  #stored(record: LeaseRecord): LeaseRecord {
    return this.put(record) ?? record;
  }

  #tell(watcher: Watcher): void {
    const fate = watcher.network("watch");
    const delay = fate.kind === "delivered" ? fate.backMilliseconds : 0;
    const due = Math.max(watcher.events.at(-1)?.due ?? 0, watcher.clock.monotonic() + delay);
    watcher.events.push({ record: this.#record, fate, due });
    watcher.wake();
  }

  async *#watch(
    network: Network,
    clock: Clock,
    signal: AbortSignal,
  ): AsyncGenerator<LeaseRecord | undefined, void, undefined> {
    this.counts.watch++;
    const opened = network("watch");
    if (opened.kind !== "delivered") throw new ApiError(`watch ${opened.kind}`, { code: 0 });
    const watcher: Watcher = { events: [], network, clock, wake: () => {}, isCut: false };
    const onAbort = (): void => watcher.wake();
    signal.addEventListener("abort", onAbort, { once: true });
    this.#watchers.add(watcher);
    if (this.#record !== undefined) this.#tell(watcher);
    try {
      while (true) {
        signal.throwIfAborted();
        const event = watcher.events[0];
        if (event !== undefined) {
          const wait = event.due - clock.monotonic();
          if (wait > 0) await clock.sleep(wait, signal);
          watcher.events.shift();
          if (event.fate.kind === "refused" || event.fate.kind === "failed") {
            throw new TypeError("connection reset");
          }
          // The connection is dead, and nobody says so.
          if (event.fate.kind !== "delivered") return await forever(signal);
          yield event.record;
        } else if (watcher.isCut) return;
        else await new Promise<void>((resolve) => watcher.wake = resolve);
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#watchers.delete(watcher);
    }
  }
}

function conflict(reason: "AlreadyExists" | "Conflict"): ApiError {
  return new ApiError(`the Lease was changed (${reason})`, { code: 409, reason });
}

/** Never answers; rejects when it is given up. */
function forever(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
