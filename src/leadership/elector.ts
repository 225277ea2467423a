import type { Metrics } from "../observe/metrics.ts";
import type { LossReason, Term } from "./term.ts";

/** The series that tell of an election. */
export type ElectionMetrics = Pick<Metrics, "isLeader" | "leaderTransitions">;

/** The work of a leader for one term; ends when `term.signal` has aborted and all of it has ended. */
export type Lead = (term: Term) => Promise<void>;

/** Decides when this process leads. */
export interface Elector {
  /** Whether a term of this process is valid at this moment. */
  readonly isLeading: boolean;
  /** Who leads, as far as this process has seen; undefined when nobody does. */
  readonly holder: string | undefined;
  /**
   * Runs `lead` for each term that is won, one at a time, until `signal` aborts; the lease is released when the work has
   * ended, never before.
   *
   * @throws ForeignReleaseError, TwinError, TermStuckError, LeadError
   */
  run(lead: Lead, signal: AbortSignal): Promise<void>;
}

/** How long the work of a term may take to end. */
export const END_OF_WORK_MILLISECONDS = 10_000;

/** The Lease belongs to another installation: a mistake in how this one was set up. */
export class ForeignReleaseError extends Error {
  override readonly name = "ForeignReleaseError";

  constructor(lease: string, release: string, own: string | undefined) {
    super(
      `Cannot join the election on Lease ${lease}: it must belong to this release ` +
        `(${own === undefined ? "RELEASE_NAME is not set" : own}), given ${release}; ` +
        "set RELEASE_NAME or LEADER_ELECTION_ID, or delete the Lease when that release is gone",
    );
  }
}

/** Another process renews the Lease under the same identity. */
export class TwinError extends Error {
  override readonly name = "TwinError";

  constructor(lease: string, identity: string) {
    super(
      `Cannot hold Lease ${lease}: its holder must be one process, given two that call themselves ${identity}`,
    );
  }
}

/** The work of a term went on after it was asked to end. */
export class TermStuckError extends Error {
  override readonly name = "TermStuckError";

  constructor(lease: string) {
    super(
      `Cannot end the term of Lease ${lease}: its work must end within ` +
        `${END_OF_WORK_MILLISECONDS / 1000} s, and goes on`,
    );
  }
}

/** The work of a term failed, or ended although nobody asked it to. */
export class LeadError extends Error {
  override readonly name = "LeadError";

  constructor(lease: string, cause: unknown) {
    super(`Cannot go on leading by Lease ${lease}: its work must last as long as the term`, { cause });
  }
}

/** A loss in words, for the log. */
export function lossText(reason: LossReason): string {
  switch (reason) {
    case "renew-deadline":
      return "no renewal succeeded within the renew deadline";
    case "taken":
      return "the Lease was taken or given away";
    case "twin":
      return "another process renews under the same identity";
    case "foreign-release":
      return "the Lease belongs to another release";
    case "work-ended":
      return "the work of the leader ended by itself";
    case "work-stuck":
      return "the work of the leader did not end in time";
    case "failed":
      return "the election failed";
    default:
      return reason satisfies never;
  }
}
