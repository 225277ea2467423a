import type { Clock } from "./clock.ts";

/** What ends a task that took longer than it may. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

const DONE = new DOMException("The task has ended", "AbortError");

/**
 * Runs `task` with a signal that aborts when `signal` does, or with {@link DeadlineError} after `milliseconds`.
 * Nothing stays attached to `signal` when the task has ended (a combined signal would pin memory for each call).
 */
export async function withDeadline<T>(
  milliseconds: number,
  clock: Clock,
  task: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const forward = (): void => controller.abort(signal.reason);
  signal.addEventListener("abort", forward, { once: true });
  const ended = new AbortController();
  clock.sleep(milliseconds, ended.signal).then(
    () => controller.abort(new DeadlineError(`No end within ${milliseconds} ms`)),
    () => {},
  );
  try {
    return await task(controller.signal);
  } finally {
    signal.removeEventListener("abort", forward);
    ended.abort(DONE);
  }
}
