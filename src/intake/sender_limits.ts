import { LRUCache } from "lru-cache";
import type { RateLimit } from "../model/ingester.ts";
import { hostOf } from "../model/ip_ranges.ts";
import type { Clock } from "../run/clock.ts";

interface Bucket {
  tokens: number;
  /** Monotonic time of the last look, in milliseconds. */
  at: number;
}

/** How many senders are remembered; one that is forgotten begins anew with its whole burst. */
const MOST_SENDERS = 10_000;

/** A token bucket for each Ingester and sender (`spec.webhook.rateLimit`). */
export class SenderLimits {
  readonly #clock: Clock;
  readonly #buckets: LRUCache<string, Bucket>;

  constructor(clock: Clock, mostSenders: number = MOST_SENDERS) {
    this.#clock = clock;
    this.#buckets = new LRUCache({ max: mostSenders });
  }

  /**
   * Lets one request pass (undefined), or says after how many whole seconds the next one would.
   *
   * @param ingester `<namespace>/<name>`
   * @param address of the sender; all whose address is not known are one
   */
  take(
    ingester: string,
    address: string | undefined,
    { requestsPerSecond, burst }: RateLimit,
  ): number | undefined {
    const most = burst ?? Math.max(1, Math.ceil(requestsPerSecond));
    const key = `${ingester} ${hostOf(address ?? "") ?? "unknown"}`;
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(key) ?? { tokens: most, at: now };
    this.#buckets.set(key, bucket);
    bucket.tokens = Math.min(most, bucket.tokens + (now - bucket.at) / 1000 * requestsPerSecond);
    bucket.at = now;
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / requestsPerSecond));
    bucket.tokens -= 1;
    return undefined;
  }
}
