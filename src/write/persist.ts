import { ApiError } from "../kube/errors.ts";
import { Backoff } from "../run/backoff.ts";
import type { Clock } from "../run/clock.ts";
import { isStall, refusalOf } from "./refusal.ts";
import { TermEndedError, type WriteTerms } from "./writer.ts";

/** What became of a change that was tried again until it went through, or patience was over. */
export type Persisted<T> =
  | { readonly kind: "done"; readonly value: T }
  /** The API server refuses it for good. */
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "unavailable"; readonly message: string };

/**
 * Tries something with the API server again while what hinders it may pass, or waits for a right that somebody must give.
 * A conflict means that it was read too early: it is tried again at once, so `task` must read anew.
 *
 * @throws the signal's reason, TermEndedError, and whatever is no answer of the API server
 */
export async function persist<T>(
  task: (signal: AbortSignal) => Promise<T>,
  terms: Omit<WriteTerms, "isDryRun">,
  clock: Clock,
  signal: AbortSignal,
): Promise<Persisted<T>> {
  const startedAt = clock.monotonic();
  const backoff = new Backoff({ minMilliseconds: 50, maxMilliseconds: 15_000 }, clock);
  while (true) {
    if (!terms.mayWrite()) throw new TermEndedError();
    try {
      const value = await task(signal);
      terms.onStall(undefined);
      return { kind: "done", value };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!(error instanceof ApiError)) throw error;
      const { kind, message } = error;
      if (refusalOf(error) !== undefined) return { kind: "refused", message };
      if (isStall(error)) terms.onStall(error);
      const wait = Math.max(error.retryAfterMilliseconds ?? 0, kind === "conflict" ? 0 : backoff.next());
      if (clock.monotonic() - startedAt + wait > terms.patienceMilliseconds) {
        return { kind: "unavailable", message };
      }
      if (wait > 0) await clock.sleep(wait, signal);
    }
  }
}
