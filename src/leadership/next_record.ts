import type { Candidate } from "./candidate.ts";
import type { LeaseRecord } from "./record.ts";

/** The record that makes the Lease ours; `before` is what it says now, undefined when there is none. */
export function takenRecord(
  before: LeaseRecord | undefined,
  candidate: Candidate,
  stamp: string,
): LeaseRecord {
  const isOurs = before?.holderIdentity === candidate.identity;
  const transitions = before?.leaseTransitions ?? 0;
  return {
    ...heldRecord(before, candidate, stamp),
    acquireTime: stamp,
    leaseTransitions: before === undefined || isOurs ? transitions : transitions + 1,
  };
}

/** The record that prolongs our hold. */
export function renewedRecord(before: LeaseRecord, candidate: Candidate, stamp: string): LeaseRecord {
  return {
    ...heldRecord(before, candidate, stamp),
    acquireTime: before.acquireTime ?? stamp,
    leaseTransitions: before.leaseTransitions,
  };
}

/** The record that gives the Lease up, as client-go writes it: nobody's, and not for long. */
export function releasedRecord(before: LeaseRecord, stamp: string): LeaseRecord {
  return { ...before, holderIdentity: "", leaseDurationSeconds: 1, acquireTime: stamp, renewTime: stamp };
}

function heldRecord(
  before: LeaseRecord | undefined,
  candidate: Candidate,
  stamp: string,
): Omit<LeaseRecord, "acquireTime" | "leaseTransitions"> {
  return {
    holderIdentity: candidate.identity,
    leaseDurationSeconds: candidate.timings.leaseDurationMilliseconds / 1000,
    renewTime: stamp,
    release: candidate.release ?? before?.release,
    resourceVersion: before?.resourceVersion ?? "",
    object: before?.object,
  };
}
