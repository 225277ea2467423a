import type { Clock } from "../run/clock.ts";

/** How many findings of an Ingester may be written. */
export interface RateLimitRule {
  /** On average. */
  readonly requestsPerSecond: number;
  /** At once. */
  readonly burst: number;
}

/** Those who cannot wait are asked to come again when so much has come together, so that they do not come for each one. */
const TOGETHER_MILLISECONDS = 1000;

/** A token bucket: who waits has his turn reserved, in the order in which they came. */
export class TokenBucket {
  readonly #rule: RateLimitRule;
  readonly #clock: Clock;
  /** Below 0: so many have their turn reserved. */
  #tokens: number;
  #filledAt: number;

  constructor(rule: RateLimitRule, clock: Clock) {
    this.#rule = rule;
    this.#clock = clock;
    this.#tokens = rule.burst;
    this.#filledAt = clock.monotonic();
  }

  /**
   * Takes one token now or when there is one.
   *
   * @returns whether it had to wait
   * @throws the signal's reason; the token is then given back
   */
  async take(signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    this.#fill();
    this.#tokens--;
    if (this.#tokens >= 0) return false;
    try {
      await this.#clock.sleep(this.#millisecondsFor(-this.#tokens), signal);
    } catch (error) {
      this.#tokens++;
      throw error;
    }
    return true;
  }

  /** Takes one token if there is one, else tells after how many milliseconds to ask again. */
  tryTake(): number | undefined {
    this.#fill();
    if (this.#tokens >= 1) {
      this.#tokens--;
      return undefined;
    }
    const forNext = this.#millisecondsFor(1 - this.#tokens);
    const forAll = this.#millisecondsFor(this.#rule.burst - this.#tokens);
    return Math.ceil(Math.max(forNext, Math.min(TOGETHER_MILLISECONDS, forAll)));
  }

  #fill(): void {
    const now = this.#clock.monotonic();
    const more = (now - this.#filledAt) / 1000 * this.#rule.requestsPerSecond;
    this.#tokens = Math.min(this.#rule.burst, this.#tokens + more);
    this.#filledAt = now;
  }

  #millisecondsFor(tokens: number): number {
    return tokens / this.#rule.requestsPerSecond * 1000;
  }
}

/** The buckets of the Ingesters in this process; one whose rule was changed begins anew. */
export class RateLimits {
  readonly #clock: Clock;
  readonly #buckets = new WeakMap<RateLimitRule, TokenBucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The bucket of a rule, which an Ingester has for as long as it is not changed. */
  of(rule: RateLimitRule): TokenBucket {
    const before = this.#buckets.get(rule);
    if (before !== undefined) return before;
    const bucket = new TokenBucket(rule, this.#clock);
    this.#buckets.set(rule, bucket);
    return bucket;
  }
}
