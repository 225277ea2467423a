import type { Clock } from "../../src/run/clock.ts";

/** A clock that a test moves by hand; wall time and monotonic time move together. */
export class HandClock implements Clock {
  readonly #start: number;
  #elapsed = 0;
  #sleepers: { readonly until: number; readonly wake: () => void }[] = [];

  constructor(start: number = Date.UTC(2026, 0, 2, 12)) {
    this.#start = start;
  }

  now(): number {
    return this.#start + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  random(): number {
    return 0.5;
  }

  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason);
      };
      const wake = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const sleeper = { until: this.#elapsed + milliseconds, wake };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  /** How many sleep. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Moves time in one step, then wakes who slept long enough. */
  advance(milliseconds: number): void {
    this.moveWithoutWaking(milliseconds);
    const due = this.#sleepers.filter(({ until }) => until <= this.#elapsed);
    this.#sleepers = this.#sleepers.filter(({ until }) => until > this.#elapsed);
    for (const { wake } of due) wake();
  }

  /** Moves time while nobody wakes: what a process sees that was stopped and goes on. */
  moveWithoutWaking(milliseconds: number): void {
    this.#elapsed += milliseconds;
  }
}
