import { isApiError } from "../kube/errors.ts";
import type { Clock } from "../run/clock.ts";
import { withDeadline } from "../run/deadline.ts";

/** What became of a request. */
export type Answer<T> =
  | { readonly kind: "answered"; readonly value: T }
  /** Somebody else was faster: the Lease is not as it was seen. */
  | { readonly kind: "conflict"; readonly error: Error }
  /** Refused, or no answer in time: it may have taken effect all the same. */
  | { readonly kind: "failed"; readonly error: Error };

/**
 * Sends a request with a deadline of its own, and has an answer by then even when the request does not listen to its
 * signal. Never rejects.
 */
export async function ask<T>(
  milliseconds: number,
  clock: Clock,
  request: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<Answer<T>> {
  try {
    const value = await withDeadline(milliseconds, clock, (inner) => orAborted(request, inner), signal);
    return { kind: "answered", value };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return { kind: isConflict(error) ? "conflict" : "failed", error };
  }
}

/** A Lease that is not there was deleted by somebody; that its namespace is not there is a mistake, to be said. */
function isConflict(error: Error): boolean {
  return isApiError(error, "conflict", "already-exists") ||
    isApiError(error, "not-found") && error.subject !== "namespaces";
}

/** What the request gives, or the signal's reason as soon as that aborts. */
async function orAborted<T>(request: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([request(signal), aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
