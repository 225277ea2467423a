import type { LeaseRecord } from "./record.ts";

/**
 * Access to one Lease: the fence that every candidate goes through. Answers that are no success are thrown as ApiError;
 * kinds conflict, already-exists and not-found mean that somebody else was faster.
 */
export interface LeaseLock {
  /** The Lease as it is now; undefined when there is none. */
  get(signal: AbortSignal): Promise<LeaseRecord | undefined>;
  /** Creates the Lease; resolves to it as it was stored. */
  create(record: LeaseRecord, signal: AbortSignal): Promise<LeaseRecord>;
  /** Replaces the Lease, only if it still has the record's resourceVersion; resolves to it as it was stored. */
  update(record: LeaseRecord, signal: AbortSignal): Promise<LeaseRecord>;
  /** One watch: the Lease as it is, then every change; undefined is its deletion. Ends when the server ends it. */
  watch(signal: AbortSignal): AsyncGenerator<LeaseRecord | undefined, void, undefined>;
}
