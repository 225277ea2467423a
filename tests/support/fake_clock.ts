import type { Clock } from "../../src/run/clock.ts";
import { seededRandom } from "./seeded_random.ts";

/** More wakings than this at one instant: time stands still, something loops. */
const MOST_WAKINGS_AT_ONCE = 100_000;

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/**
 * A clock that stands still until a test moves it. Sleepers wake one at a time, in the order of their times (and of their
 * going to sleep), each at its own instant, and whatever follows from a waking is done before the next one wakes: the same
 * test runs the same way every time.
 */
export class FakeClock implements Clock {
  readonly #random: () => number;
  readonly #sleepers = new Set<Sleeper>();
  #wall: number;
  #monotonic = 0;

  constructor(options: { readonly seed?: number; readonly startMilliseconds?: number } = {}) {
    this.#random = seededRandom(options.seed ?? 1);
    this.#wall = options.startMilliseconds ?? Date.UTC(2026, 0, 2, 12);
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  random(): number {
    return this.#random();
  }

  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      };
      const wake = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      // No timer is finer than a microsecond; what rounding leaves of a wait must not be waited for without end.
      const rounded = Math.ceil(Math.max(0, milliseconds) * 1000) / 1000;
      const sleeper = { until: this.#monotonic + rounded, wake };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#sleepers.add(sleeper);
    });
  }

  /** How many sleep: what is left when all should have ended. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /** When the next sleeper wakes (monotonic); undefined when nobody sleeps. */
  get nextWaking(): number | undefined {
    return this.#next()?.until;
  }

  /** Moves time on; everybody who is due meanwhile wakes at his own instant. */
  async advance(milliseconds: number): Promise<void> {
    const target = this.#monotonic + milliseconds;
    await this.settle();
    let wakingsAtOnce = 0;
    for (let next = this.#next(); next !== undefined && next.until <= target; next = this.#next()) {
      wakingsAtOnce = next.until > this.#monotonic ? 0 : wakingsAtOnce + 1;
      if (wakingsAtOnce > MOST_WAKINGS_AT_ONCE) throw new Error("Cannot advance: time stands still");
      this.#move(Math.max(0, next.until - this.#monotonic));
      this.#sleepers.delete(next);
      next.wake();
      await this.settle();
    }
    this.#move(target - this.#monotonic);
    await this.settle();
  }

  /** Moves time while nobody wakes, as for a process that was stopped; who is due wakes, late, at the next advance. */
  jump(milliseconds: number): void {
    this.#move(milliseconds);
  }

  /** Steps the wall clock alone, as an administrator or NTP does. */
  stepWall(milliseconds: number): void {
    this.#wall += milliseconds;
  }

  /** Lets everything that can go on without time go on. */
  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  #move(milliseconds: number): void {
    this.#monotonic += milliseconds;
    this.#wall += milliseconds;
  }

  #next(): Sleeper | undefined {
    let next: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (next === undefined || sleeper.until < next.until) next = sleeper;
    }
    return next;
  }
}
