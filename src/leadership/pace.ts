import { JITTER, type Timings } from "./timings.ts";

/** Shortest deadline of a request, where the renew deadline has room for two of them. */
const MIN_REQUEST_MILLISECONDS = 1000;
/** A leader whose time runs out tries at most this many times in a retry period. */
const HASTE = 10;
/** Who lost a race writes again after at most this part of the retry period. */
const RACE = 0.5;

/**
 * How long a request may take: a retry period, and never longer than the term lasts.
 *
 * @param left what is left of the term in milliseconds; undefined for a candidate
 */
export function requestDeadline(timings: Timings, left: number | undefined): number {
  const { renewDeadlineMilliseconds: renew, retryPeriodMilliseconds: retry } = timings;
  const most = Math.max(retry, Math.min(MIN_REQUEST_MILLISECONDS, renew / 2));
  return Math.max(0, Math.min(left ?? renew, most));
}

/** A request that failed. */
export interface Failure {
  readonly startedAt: number;
  readonly now: number;
  /** What is left of the term in milliseconds; undefined for a candidate. */
  readonly left: number | undefined;
  /** What the server asks to wait, in milliseconds. */
  readonly retryAfterMilliseconds: number | undefined;
}

/**
 * When to try again what failed: a retry period after its start, with jitter; a leader whose time runs out tries sooner
 * and sooner. A wait that the server asks for is kept.
 *
 * @param random a number in [0, 1)
 */
export function retryAt(timings: Timings, failure: Failure, random: number): number {
  const { retryPeriodMilliseconds: retry } = timings;
  const { startedAt, now, left, retryAfterMilliseconds = 0 } = failure;
  const jittered = startedAt + retry * (1 + (JITTER - 1) * random);
  const hasty = left === undefined ? Infinity : now + Math.max(retry / HASTE, left / 2);
  return Math.max(now + retryAfterMilliseconds, Math.min(jittered, hasty));
}

/**
 * How long who lost a race waits before it writes again, so that losers do not come back together.
 *
 * @param random a number in [0, 1)
 */
export function racePause(timings: Timings, random: number): number {
  return Math.max(1, timings.retryPeriodMilliseconds * RACE * random);
}
