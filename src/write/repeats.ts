import { isApiError } from "../kube/errors.ts";
import type { Observation, ObservationStatus } from "../model/observation.ts";
import type { ObservationRef } from "../model/verdict.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Clock } from "../run/clock.ts";
import { aborted } from "../run/aborted.ts";
import type { ObservationStore } from "./observation_store.ts";
import { persist } from "./persist.ts";

/** One more sight of what has its Observation already. */
export interface Repeat {
  /** How often it was seen in all, where the signal says so; undefined: once more. */
  readonly total?: number | undefined;
  /** When, in milliseconds since 1970. */
  readonly at: number;
  /** When it was seen first, where the signal says so, in milliseconds since 1970. */
  readonly firstAt?: number | undefined;
}

interface Pending {
  readonly ref: ObservationRef;
  more: number;
  total: number;
  at: number;
  firstAt: number;
  /** When (monotonic) it is to be written. */
  dueAt: number;
  isWriting: boolean;
}

/** An Observation is patched at most so often (design, section 5). */
const INTERVAL_MILLISECONDS = 10_000;
/** The first repeat is not written at once: where there is one, there are more. */
const FIRST_MILLISECONDS = 1_000;
const TURN_MILLISECONDS = 500;
const PARALLEL = 4;
const PATIENCE_MILLISECONDS = 60_000;
const LAST_PATIENCE_MILLISECONDS = 3_000;

/**
 * Folds repeats into `status.count`, `firstSeen` and `lastSeen` of what was written. Counts are exact where the signal carries
 * its own; else an estimate, since what a crash had not written yet is lost.
 */
export class Repeats {
  readonly #store: ObservationStore;
  readonly #clock: Clock;
  readonly #metrics: Pick<Metrics, "repeatsDropped">;
  readonly #log: Log;
  readonly #maxSize: number;
  readonly #pending = new Map<string, Pending>();

  /** @param options.maxSize how many Observations may have repeats that are not written; further ones are dropped and counted */
  constructor(
    options: { readonly maxSize: number },
    parts: {
      readonly store: ObservationStore;
      readonly clock: Clock;
      readonly metrics: Pick<Metrics, "repeatsDropped">;
      readonly log: Log;
    },
  ) {
    this.#maxSize = options.maxSize;
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#metrics = parts.metrics;
    this.#log = parts.log.component("write");
  }

  /** Takes a repeat in; it is written within some seconds. */
  add(ref: ObservationRef, repeat: Repeat): void {
    const key = `${ref.namespace}/${ref.name}`;
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      if (this.#pending.size >= this.#maxSize) return this.#metrics.repeatsDropped.inc();
      const dueAt = this.#clock.monotonic() + FIRST_MILLISECONDS;
      pending = { ref, more: 0, total: 0, at: -Infinity, firstAt: Infinity, dueAt, isWriting: false };
      this.#pending.set(key, pending);
    }
    if (repeat.total === undefined) pending.more++;
    else pending.total = Math.max(pending.total, repeat.total);
    pending.at = Math.max(pending.at, repeat.at);
    pending.firstAt = Math.min(pending.firstAt, repeat.firstAt ?? Infinity);
  }

  /** How many Observations have repeats that are not written yet. */
  get size(): number {
    return [...this.#pending.values()].filter(hasNews).length;
  }

  /** Writes what is due for as long as `signal` lasts, and at its end, for a moment, all that is left. */
  async keepFolding(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(TURN_MILLISECONDS, signal).catch(() => {});
      if (!signal.aborted) {
        await Promise.race([this.#writeDue(PATIENCE_MILLISECONDS, signal), aborted(signal)]);
      }
    }
    for (const pending of this.#pending.values()) pending.dueAt = -Infinity;
    await this.#writeDue(LAST_PATIENCE_MILLISECONDS, new AbortController().signal);
  }

  async #writeDue(patienceMilliseconds: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    const due: Pending[] = [];
    for (const [key, pending] of this.#pending) {
      if (pending.dueAt > now || pending.isWriting) continue;
      if (hasNews(pending)) due.push(pending);
      else this.#pending.delete(key);
    }
    const queue = due.values();
    const work = async (): Promise<void> => {
      for (const pending of queue) await this.#write(pending, patienceMilliseconds, signal);
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
  }

  async #write(pending: Pending, patienceMilliseconds: number, signal: AbortSignal): Promise<void> {
    const { ref, more, total, at, firstAt } = pending;
    Object.assign(pending, { more: 0, total: 0, at: -Infinity, firstAt: Infinity, isWriting: true });
    const terms = { patienceMilliseconds, mayWrite: () => true, onStall: () => {} };
    try {
      const persisted = await persist(
        async (inner) => {
          const there = await this.#store.get(ref, inner);
          if (there === undefined) return;
          const status = folded(there, { more, total, at, firstAt });
          if (status === undefined) return;
          const { resourceVersion } = there.metadata;
          try {
            await this.#store.patch(ref, { metadata: { resourceVersion }, status }, "status", inner);
          } catch (error) {
            if (!isApiError(error, "not-found")) throw error;
          }
        },
        terms,
        this.#clock,
        signal,
      );
      if (persisted.kind !== "done") {
        this.#log.warn("Repeats of an Observation were not counted", { ...ref, error: persisted.message });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      pending.isWriting = false;
      pending.dueAt = this.#clock.monotonic() + INTERVAL_MILLISECONDS;
    }
  }
}

function hasNews({ at }: Pending): boolean {
  return at !== -Infinity;
}

/** What the status becomes; undefined when it says all that already. */
function folded(
  there: Observation,
  { more, total, at, firstAt }: Pick<Pending, "more" | "total" | "at" | "firstAt">,
): ObservationStatus | undefined {
  const before = there.status ?? {};
  const detectedAt = Date.parse(there.spec.detectedAt ?? "");
  const count = Math.max((before.count ?? 1) + more, total);
  const status: { count?: number; lastSeen?: string; firstSeen?: string } = {};
  if (count !== (before.count ?? 1)) status.count = count;
  const lastSeen = before.lastSeen === undefined ? detectedAt : Date.parse(before.lastSeen);
  if (!(at <= lastSeen)) status.lastSeen = new Date(at).toISOString();
  const firstSeen = before.firstSeen === undefined ? detectedAt : Date.parse(before.firstSeen);
  if (firstAt < firstSeen) status.firstSeen = new Date(firstAt).toISOString();
  return Object.keys(status).length === 0 ? undefined : status;
}
