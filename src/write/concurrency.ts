import type { Clock } from "../run/clock.ts";

/** How a request went, as far as the number of parallel ones should care. */
export type Outcome = "ok" | "overloaded";

/**
 * Bounds how many writes run at once. The bound grows by one for each full round of good answers and falls by a third
 * when the server is overloaded (429, 5xx, no answer) or clearly slower than it was: additive increase, multiplicative
 * decrease, as in TCP.
 */
export class AdaptiveConcurrency {
  readonly #max: number;
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #limit: number;
  #running = 0;
  #fastMilliseconds: number | undefined;
  #smoothMilliseconds = 0;
  #lastDecreaseAt = -Infinity;

  constructor(max: number, clock: Clock) {
    this.#max = max;
    this.#limit = Math.max(1, Math.ceil(max / 2));
    this.#clock = clock;
  }

  /** How many writes may run at this moment. */
  get limit(): number {
    return Math.max(1, Math.floor(this.#limit));
  }

  /**
   * Runs `task` when there is room, first come first served.
   *
   * @throws the signal's reason when it aborts before there is room
   */
  async run<T>(task: () => Promise<T>, outcomeOf: (result: T) => Outcome, signal: AbortSignal): Promise<T> {
    await this.#enter(signal);
    const startedAt = this.#clock.monotonic();
    let outcome: Outcome = "overloaded";
    try {
      const result = await task();
      outcome = outcomeOf(result);
      return result;
    } finally {
      this.#adapt(outcome, this.#clock.monotonic() - startedAt);
      this.#running--;
      this.#admit();
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#running < this.limit && this.#waiting.length === 0) {
      this.#running++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      const enter = (): void => {
        signal.removeEventListener("abort", onAbort);
        this.#running++;
        resolve();
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(enter);
    });
  }

  #admit(): void {
    while (this.#running < this.limit) {
      const enter = this.#waiting.shift();
      if (enter === undefined) return;
      enter();
    }
  }

  #adapt(outcome: Outcome, milliseconds: number): void {
    if (outcome === "ok") {
      this.#smoothMilliseconds = this.#smoothMilliseconds * 0.9 + milliseconds * 0.1;
      this.#fastMilliseconds = this.#fastMilliseconds === undefined
        ? milliseconds
        // The best latency is forgotten slowly, so that a server that became slower for good is learnt.
        : Math.min(milliseconds, this.#fastMilliseconds * 1.001);
      const isSlow = this.#smoothMilliseconds > 250 && this.#smoothMilliseconds > this.#fastMilliseconds * 20;
      if (!isSlow) {
        this.#limit = Math.min(this.#max, this.#limit + 1 / this.#limit);
        return;
      }
    }
    const now = this.#clock.monotonic();
    if (now - this.#lastDecreaseAt < 100) return;
    this.#lastDecreaseAt = now;
    this.#limit = Math.max(1, this.#limit * 2 / 3);
  }
}
