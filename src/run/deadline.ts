import type { Clock } from "./clock.ts";

/** What ends a task that took longer than it may. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

interface Running {
  readonly controller: AbortController;
  readonly milliseconds: number;
  readonly endsAt: number;
}

const TICK_MILLISECONDS = 100;
const IDLE = new DOMException("No task is running", "AbortError");

/**
 * Deadlines of many short tasks, watched by one timer: a timer, a promise and a controller for each request would be a fifth
 * of the memory that a request costs. A deadline is kept to within 100 ms.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #running = new Set<Running>();
  #watch: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs `task` with a signal that aborts when `signal` does, or with {@link DeadlineError} after `milliseconds`. Nothing
   * stays attached to `signal` when the task has ended (a combined signal would pin memory for each call).
   */
  async run<T>(
    milliseconds: number,
    task: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    signal.throwIfAborted();
    const controller = new AbortController();
    const forward = (): void => controller.abort(signal.reason);
    signal.addEventListener("abort", forward, { once: true });
    const running = { controller, milliseconds, endsAt: this.#clock.monotonic() + milliseconds };
    this.#running.add(running);
    if (this.#watch === undefined) this.#start();
    try {
      return await task(controller.signal);
    } finally {
      signal.removeEventListener("abort", forward);
      this.#running.delete(running);
      if (this.#running.size === 0) {
        this.#watch?.abort(IDLE);
        this.#watch = undefined;
      }
    }
  }

  #tick(): number {
    let milliseconds = TICK_MILLISECONDS;
    const now = this.#clock.monotonic();
    for (const { endsAt } of this.#running) milliseconds = Math.min(milliseconds, Math.max(1, endsAt - now));
    return milliseconds;
  }

  #start(): void {
    const watch = new AbortController();
    this.#watch = watch;
    const tick = async (): Promise<void> => {
      while (!watch.signal.aborted) {
        await this.#clock.sleep(this.#tick(), watch.signal);
        const now = this.#clock.monotonic();
        for (const { controller, endsAt, milliseconds } of this.#running) {
          if (now >= endsAt) controller.abort(new DeadlineError(`No end within ${milliseconds} ms`));
        }
      }
    };
    tick().catch(() => {});
  }
}

/** Runs one task under a deadline of its own, as {@link Deadlines.run} does. */
export function withDeadline<T>(
  milliseconds: number,
  clock: Clock,
  task: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return new Deadlines(clock).run(milliseconds, task, signal);
}
