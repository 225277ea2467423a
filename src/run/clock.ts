/** Time as the program sees it; handed in everywhere, so that tests and the simulation move it by hand. */
export interface Clock {
  /** Wall time in milliseconds since 1970, for stamps. It may step. */
  now(): number;
  /** Monotonic time in milliseconds, for durations. It never steps back. */
  monotonic(): number;
  /** A number in [0, 1) for jitter. */
  random(): number;
  /** Resolves after `milliseconds`; rejects with the signal's reason when that aborts first. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** A timer of a longer time would fire at once. */
const MAX_TIMER_MILLISECONDS = 2 ** 31 - 1;

/** The real clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  sleep(milliseconds, signal) {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      }, Math.min(MAX_TIMER_MILLISECONDS, Math.max(0, milliseconds)));
      signal.addEventListener("abort", onAbort, { once: true });
    });
  },
};
