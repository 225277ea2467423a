import { Backoff } from "../run/backoff.ts";
import type { Clock } from "../run/clock.ts";
import { ApiError } from "./errors.ts";

/** Why a watch was opened anew; the closed set of the metric's label. */
export const RESTART_REASONS = [
  "closed",
  "expired",
  "rewound",
  "silence",
  "resync",
  "unreachable",
  "throttled",
  "forbidden",
  "missing",
  "server_error",
  "line_too_long",
  "unparsable",
] as const;
/** One of {@link RESTART_REASONS}. */
export type RestartReason = (typeof RESTART_REASONS)[number];

/** What a failure of a watch or list means for what comes next. */
export interface Failure {
  readonly reason: RestartReason;
  readonly error: Error;
  /** Whether the resourceVersion that was reached is still good; else everything is listed. */
  readonly isPositionKept: boolean;
}

/** Judges what ended a request or a stream. */
export function judgeFailure(error: unknown): Failure {
  if (!(error instanceof ApiError)) {
    // A body that breaks off: the connection was cut.
    const cause = error instanceof Error ? error : new Error(String(error));
    return { reason: "unreachable", error: cause, isPositionKept: true };
  }
  const judged = (reason: RestartReason, isPositionKept: boolean): Failure => ({
    reason,
    error,
    isPositionKept,
  });
  switch (error.kind) {
    case "expired":
      return judged("expired", false);
    // A right that comes back, or a resource that is served again, finds its history where it was, or is told 410.
    case "forbidden":
    case "namespace-terminating":
      return judged("forbidden", true);
    case "not-found":
      return judged("missing", false);
    case "throttled":
      return judged("throttled", true);
    case "unreachable":
      return judged("unreachable", true);
    case "unauthorized":
    case "server":
      // "Too large resource version" (504): the server does not know our position.
      return judged("server_error", !/too large resource version/i.test(error.message));
    case "bad-request":
    case "already-exists":
    case "conflict":
    case "too-large":
    case "invalid":
      return judged("server_error", false);
    default:
      error.kind satisfies never;
      return judged("server_error", true);
  }
}

const MISSING_MILLISECONDS = 10_000;
/** A server that has just started refuses for a moment what it will grant: its RBAC is not read yet. */
const FIRST_FORBIDDEN_MILLISECONDS = 1000;
const FORBIDDEN_MILLISECONDS = 30_000;

/** How long to wait, growing from try to try; what one trouble has taught says nothing of another. */
export class Waits {
  readonly #passing: Backoff;
  readonly #expired: Backoff;
  readonly #forbidden: Backoff;

  constructor(clock: Clock) {
    const passing = { minMilliseconds: 200, maxMilliseconds: 10_000 };
    this.#passing = new Backoff(passing, clock);
    this.#expired = new Backoff(passing, clock);
    this.#forbidden = new Backoff({
      minMilliseconds: FIRST_FORBIDDEN_MILLISECONDS,
      maxMilliseconds: FORBIDDEN_MILLISECONDS,
    }, clock);
  }

  /** The wait before the next try, in milliseconds; a planned restart has no error, and none. */
  after(reason: RestartReason, error: Error | undefined): number {
    switch (reason) {
      case "missing":
        return MISSING_MILLISECONDS;
      case "forbidden":
        return this.#forbidden.next();
      case "expired":
        return this.#expired.next();
      case "closed":
      case "rewound":
      case "resync":
        return error === undefined ? 0 : this.#passing.next();
      default: {
        const asked = error instanceof ApiError ? error.retryAfterMilliseconds ?? 0 : 0;
        return Math.max(asked, this.#passing.next());
      }
    }
  }

  /** A list was read whole. */
  onListed(): void {
    this.#passing.reset();
  }

  /** A watch was granted. */
  onOpened(): void {
    this.#forbidden.reset();
  }

  /** A watch brings something, or lasted long. */
  onRecovered(): void {
    this.#passing.reset();
    this.#expired.reset();
  }
}
