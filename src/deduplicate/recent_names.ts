import { LRUCache } from "lru-cache";
import type { Clock } from "../run/clock.ts";
import type { ObservationRef } from "../model/verdict.ts";

/**
 * Remembers what was written lately, only to save the round trip of a create that would answer 409. An entry is made
 * after a write succeeded, never before (promise P3), and lives at most the window.
 */
export class RecentNames {
  readonly #names: LRUCache<string, true>;

  constructor(options: { readonly maxSize: number; readonly windowSeconds: number }, clock: Clock) {
    this.#names = new LRUCache({
      max: options.maxSize,
      ttl: options.windowSeconds * 1000,
      // lru-cache takes 0 for "no time yet".
      perf: { now: () => clock.monotonic() + 1 },
      ttlResolution: 0,
    });
  }

  /** Whether the Observation was written within the window. */
  has(observation: ObservationRef): boolean {
    return this.#names.has(key(observation));
  }

  /** To be called after its create answered created or already there. */
  add(observation: ObservationRef): void {
    this.#names.set(key(observation), true);
  }

  /** To be called when nothing is certain any more: history went back, and what was written may be gone. */
  clear(): void {
    this.#names.clear();
  }

  /** To be called when the Observation was deleted. */
  remove(observation: ObservationRef): void {
    this.#names.delete(key(observation));
  }
}

function key(observation: ObservationRef): string {
  return `${observation.namespace}/${observation.name}`;
}
