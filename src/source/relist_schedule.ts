import type { Clock } from "../run/clock.ts";

/** Lists for the sake of what must be judged again follow each other at this distance, however many objects are due. */
const REVIEW_MILLISECONDS = 10_000;
/** How far from the asked period a list may be, so that the lists of many sources do not meet. */
const JITTER = 0.1;

/** When a source that is watched is listed again: at its period, and when the first of its objects must be judged again. */
export class RelistSchedule {
  readonly #period: number | undefined;
  readonly #clock: Clock;
  #resyncAt: number;
  #listedAt = -Infinity;

  /** @param periodMilliseconds undefined: there is no period */
  constructor(periodMilliseconds: number | undefined, clock: Clock) {
    this.#period = periodMilliseconds;
    this.#clock = clock;
    this.#resyncAt = this.#nextResync();
  }

  /** Everything was listed. */
  onListed(): void {
    this.#listedAt = this.#clock.monotonic();
    this.#resyncAt = this.#nextResync();
  }

  /**
   * When the next list is due (monotonic).
   *
   * @param reviewAt when the first object must be judged again, in milliseconds since 1970
   */
  at(reviewAt: number): number {
    const review = this.#clock.monotonic() + Math.max(0, reviewAt - this.#clock.now());
    return Math.min(this.#resyncAt, Math.max(review, this.#listedAt + REVIEW_MILLISECONDS));
  }

  #nextResync(): number {
    if (this.#period === undefined) return Infinity;
    return this.#clock.monotonic() + this.#period * (1 - JITTER + 2 * JITTER * this.#clock.random());
  }
}
