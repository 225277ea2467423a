/** Whether a signature comes the first time. */
export type Sight =
  | { readonly kind: "first"; forget(): void }
  | { readonly kind: "again" }
  /** There is no room to remember another one; `retryAfterSeconds` says when there is. */
  | { readonly kind: "full"; readonly retryAfterSeconds: number };

/** How many are remembered. */
export interface SeenLimits {
  readonly perIngester: number;
  readonly total: number;
}

/** About 100 bytes each. Below the total, so that no Ingester can take the room of all others. */
const SEEN_LIMITS: SeenLimits = { perIngester: 50_000, total: 200_000 };

/** What one Ingester has seen: when each signature ends, in milliseconds since 1970. */
type Seen = Map<string, number>;

/**
 * The signatures that were taken while they are still valid, so that each is taken once by this replica. What does not
 * find room is not taken: a signature that was forgotten too early could be sent again.
 */
export class SeenSignatures {
  readonly #limits: SeenLimits;
  readonly #byIngester = new Map<string, Seen>();
  #size = 0;

  constructor(limits: SeenLimits = SEEN_LIMITS) {
    this.#limits = limits;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#size;
  }

  /**
   * Remembers the signatures of one request; none of them may have been there.
   *
   * @param ingester `<namespace>/<name>`
   * @param endsAt from when on they are not valid any more, in milliseconds since 1970
   */
  take(ingester: string, signatures: readonly string[], endsAt: number, now: number): Sight {
    const seen = this.#byIngester.get(ingester) ?? new Map<string, number>();
    if (signatures.some((one) => (seen.get(one) ?? -Infinity) >= now)) return { kind: "again" };
    if (!this.#hasRoom(seen, signatures.length)) {
      this.#dropEnded(now);
      if (!this.#hasRoom(seen, signatures.length)) {
        return { kind: "full", retryAfterSeconds: secondsUntilRoom(seen, now) };
      }
    }
    this.#byIngester.set(ingester, seen);
    for (const one of signatures) if (!seen.has(one)) this.#size++;
    for (const one of signatures) seen.set(one, endsAt);
    return {
      kind: "first",
      forget: () => {
        for (const one of signatures) if (seen.delete(one)) this.#size--;
      },
    };
  }

  #hasRoom(seen: Seen, count: number): boolean {
    return seen.size + count <= this.#limits.perIngester && this.#size + count <= this.#limits.total;
  }

  #dropEnded(now: number): void {
    for (const [ingester, seen] of this.#byIngester) {
      for (const [one, endsAt] of seen) {
        if (endsAt >= now) continue;
        seen.delete(one);
        this.#size--;
      }
      if (seen.size === 0) this.#byIngester.delete(ingester);
    }
  }
}

/** They end about in the order in which they came, so the first tells. */
function secondsUntilRoom(seen: Seen, now: number): number {
  const [first = now + 1000] = seen.values();
  return Math.max(1, Math.ceil((first - now) / 1000));
}
