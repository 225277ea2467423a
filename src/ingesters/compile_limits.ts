import { parseDuration } from "../model/duration.ts";
import type { IngesterSpec } from "../model/ingester.ts";
import type { ErrorHandling, Lane } from "../pipeline/lane.ts";
import type { Destinations } from "../write/destination.ts";
import { DEFAULT_BASE_MILLISECONDS, type RetryRule } from "../write/retry.ts";

/** What `spec.budget` is where nobody says it (contract, section 5). */
const DEFAULT_MAX_OBSERVATIONS = 50_000;

/** What an Ingester says of where findings are written, how many, how fast, and what becomes of the rest. */
export function compileLimits(
  spec: IngesterSpec,
  destinations: Destinations | undefined,
): Pick<Lane, "rateLimit" | "budget" | "errorHandling" | "destinations"> {
  const { maxObservations = DEFAULT_MAX_OBSERVATIONS, onExceed = "rollup" } = spec.budget ?? {};
  return {
    ...(destinations === undefined ? {} : { destinations }),
    // It bounds Observations alone.
    ...(maxObservations === 0 || destinations?.areObservationsWritten === false
      ? {}
      : { budget: { maxObservations, onExceed } }),
    ...(spec.rateLimit === undefined ? {} : {
      rateLimit: {
        requestsPerSecond: spec.rateLimit.requestsPerSecond,
        burst: spec.rateLimit.burst ?? Math.max(1, Math.ceil(spec.rateLimit.requestsPerSecond)),
      },
    }),
    ...(spec.errorHandling === undefined ? {} : { errorHandling: errorHandlingOf(spec.errorHandling) }),
  };
}

function errorHandlingOf({ retry, deadLetter }: NonNullable<IngesterSpec["errorHandling"]>): ErrorHandling {
  return {
    retry: retry === undefined ? undefined : retryOf(retry),
    keepsDeadLetters: deadLetter !== false,
  };
}

function retryOf(retry: NonNullable<NonNullable<IngesterSpec["errorHandling"]>["retry"]>): RetryRule {
  const base = retry.backoffBase === undefined ? undefined : parseDuration(retry.backoffBase);
  return {
    maxAttempts: retry.maxAttempts,
    backoff: retry.backoff ?? "exponential",
    // 0 would ask without a pause.
    baseMilliseconds: Math.max(1, base ?? DEFAULT_BASE_MILLISECONDS),
  };
}
