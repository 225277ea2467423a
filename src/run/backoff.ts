import type { Clock } from "./clock.ts";

/** Waits that double from try to try, with jitter so that many do not come back at once. */
export class Backoff {
  readonly #min: number;
  readonly #max: number;
  readonly #factor: number;
  readonly #clock: Clock;
  #next: number;

  constructor(
    options: { readonly minMilliseconds: number; readonly maxMilliseconds: number; readonly factor?: number },
    clock: Clock,
  ) {
    this.#min = options.minMilliseconds;
    this.#max = options.maxMilliseconds;
    this.#factor = options.factor ?? 2;
    this.#clock = clock;
    this.#next = this.#min;
  }

  /** The next wait in milliseconds: between three quarters and five quarters of its step, never above the maximum. */
  next(): number {
    const step = this.#next;
    this.#next = Math.min(this.#max, step * this.#factor);
    return Math.min(this.#max, step * (0.75 + this.#clock.random() / 2));
  }

  /** Begins anew after a success. */
  reset(): void {
    this.#next = this.#min;
  }
}
