import { isApiError } from "../kube/errors.ts";
import { withWatchdog } from "../kube/watchdog.ts";
import type { Log } from "../observe/log.ts";
import { Backoff } from "../run/backoff.ts";
import type { Clock } from "../run/clock.ts";
import type { LeaseLock } from "./lock.ts";
import type { LeaseRecord } from "./record.ts";
import type { Timings } from "./timings.ts";

/** A watch that ended sooner is opened again with a wait: this long, then longer, up to some retry periods. */
const SHORT_MILLISECONDS = 1000;
const MIN_WAIT_MILLISECONDS = 100;
const MOST_RETRY_PERIODS = 2;
/** A watch may be silent this many retry periods longer than a lease lasts. */
const SILENT_RETRY_PERIODS = 2;

/** What following a Lease needs. */
export interface FollowParts {
  readonly lock: LeaseLock;
  readonly clock: Clock;
  readonly log: Log;
  readonly timings: Timings;
}

/**
 * Watches the Lease through everything that ends a watch, and tells each sight of it. A watch that is silent for longer
 * than a lease lasts, in which somebody would have renewed or taken it, is taken for dead and opened anew.
 *
 * @throws the signal's reason, nothing else
 */
export async function followLease(
  parts: FollowParts,
  onSeen: (record: LeaseRecord | undefined) => void,
  signal: AbortSignal,
): Promise<never> {
  const { lock, clock, log, timings } = parts;
  const backoff = new Backoff({
    minMilliseconds: MIN_WAIT_MILLISECONDS,
    maxMilliseconds: Math.max(MIN_WAIT_MILLISECONDS, MOST_RETRY_PERIODS * timings.retryPeriodMilliseconds),
  }, clock);
  // Longer than a leader that crashed is silent: its successor speaks then.
  const silence = timings.leaseDurationMilliseconds + SILENT_RETRY_PERIODS * timings.retryPeriodMilliseconds;
  let complaint: string | undefined;
  while (true) {
    signal.throwIfAborted();
    const openedAt = clock.monotonic();
    try {
      for await (const record of withWatchdog((inner) => lock.watch(inner), silence, clock, signal)) {
        complaint = undefined;
        onSeen(record);
      }
      signal.throwIfAborted();
    } catch (error) {
      signal.throwIfAborted();
      // A cut watch is no fault: the Lease is looked at as long as it is away. What a person must mend is said once.
      const isFault = isApiError(error) && !error.isPassing && error.message !== complaint;
      if (isFault) complaint = error.message;
      log[isFault ? "warn" : "debug"]("Watch of the Lease ended and is opened again", {
        error: String(error),
      });
    }
    if (clock.monotonic() - openedAt >= SHORT_MILLISECONDS) backoff.reset();
    else await clock.sleep(backoff.next(), signal);
  }
}
