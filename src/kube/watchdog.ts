import type { Clock } from "../run/clock.ts";

/** Nothing came for longer than it may. */
export class SilenceError extends Error {
  override readonly name = "SilenceError";
}

/**
 * Passes on what `open` yields, and throws {@link SilenceError} when one item lets wait longer than `milliseconds`. Time
 * in which the consumer is busy does not count: only waiting for the other side is silence.
 */
export async function* withWatchdog<T>(
  open: (signal: AbortSignal) => AsyncGenerator<T>,
  milliseconds: number,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const controller = new AbortController();
  const forward = (): void => controller.abort(signal.reason);
  signal.addEventListener("abort", forward, { once: true });
  if (signal.aborted) forward();
  const ended = new AbortController();
  let waitingSince: number | undefined;
  const guard = async (): Promise<void> => {
    let rest = milliseconds;
    while (rest > 0) {
      await clock.sleep(rest, ended.signal);
      rest = milliseconds - (waitingSince === undefined ? 0 : clock.monotonic() - waitingSince);
    }
    controller.abort(new SilenceError(`Nothing came for ${milliseconds} ms`));
  };
  guard().catch(() => {});
  try {
    const items = open(controller.signal);
    try {
      while (true) {
        waitingSince = clock.monotonic();
        const next = await items.next();
        waitingSince = undefined;
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await items.return(undefined);
    }
  } catch (error) {
    if (controller.signal.reason instanceof SilenceError) throw controller.signal.reason;
    throw error;
  } finally {
    signal.removeEventListener("abort", forward);
    ended.abort();
  }
}
