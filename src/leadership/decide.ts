import type { LeaseRecord } from "./record.ts";
import type { Seen } from "./seen.ts";
import type { LossReason, Takeover } from "./term.ts";
import type { Timings } from "./timings.ts";

/** A write of ours whose effect was or may be seen. */
export interface OwnWrite {
  /** When it was sent (monotonic): what it wins counts from here, never from when its answer came. */
  readonly sentAt: number;
  /** From what it takes the Lease, when it does. */
  readonly takeover: Takeover;
}

/** Who decides, and what it did so far. */
export interface Me {
  readonly identity: string;
  /** RELEASE_NAME; undefined when this process belongs to none. */
  readonly release: string | undefined;
  /** Writes by their renewTime; a record under our identity that none of them made is not ours. */
  readonly writes: ReadonlyMap<string, OwnWrite>;
  /** While leading: when the last renewal that succeeded was sent (monotonic). */
  readonly renewedAt: number | undefined;
  /** True after a write whose outcome is not known: look before writing again. */
  readonly isInDoubt: boolean;
  /** No look, no write before these times (monotonic). */
  readonly lookNotBefore: number;
  readonly writeNotBefore: number;
}

/** What to do next. */
export type Decision =
  /** Nothing before that time, unless something is seen. */
  | { readonly kind: "wait"; readonly untilMonotonic: number }
  /** Read the Lease. */
  | { readonly kind: "look" }
  /** There is none: create it. While leading it is made anew as it was. */
  | { readonly kind: "create"; readonly takeover: Takeover }
  /** Nobody holds it any more: make it ours, unless somebody else is faster. */
  | { readonly kind: "take-over"; readonly record: LeaseRecord; readonly takeover: Takeover }
  /** It is ours, by a write that is young enough: the term begins. */
  | { readonly kind: "lead"; readonly renewedAt: number; readonly takeover: Takeover }
  /** It is ours and leads: prolong it. */
  | { readonly kind: "renew"; readonly record: LeaseRecord }
  /** The term is over. */
  | { readonly kind: "step-down"; readonly reason: LossReason }
  /** Somebody else renews under our identity. */
  | { readonly kind: "twin"; readonly record: LeaseRecord }
  /** The Lease belongs to another installation. */
  | { readonly kind: "foreign-release"; readonly release: string };

/**
 * Decides the next step of a candidate or leader from what it has seen, at `now` on its own monotonic clock. Pure: the
 * elector only obeys, and so does every simulation.
 *
 * Why at most one leads: a term is counted from the sending of its last renewal and lasts the renew deadline; a candidate
 * counts the longer lease duration from when it saw that renewal, which was later; and a take-over names the
 * resourceVersion it saw, so it fails when there was a renewal that it did not see. This needs clocks that run about
 * equally fast, not clocks that agree. Where even that fails (a machine suspended with its monotonic clock), the API
 * server's names are the fence (promise P2).
 */
export function decide(me: Me, timings: Timings, seen: Seen | undefined, now: number): Decision {
  if (me.renewedAt !== undefined) return paced(judgeTerm(me, me.renewedAt, timings, seen, now), me, now);
  const next = judgeCandidacy(me, timings, seen, now);
  if (next.kind !== "wait" || seen === undefined) return paced(next, me, now);
  return now >= seen.lookAt
    ? paced({ kind: "look" }, me, now, next.untilMonotonic)
    : { kind: "wait", untilMonotonic: Math.min(next.untilMonotonic, seen.lookAt) };
}

function judgeCandidacy(me: Me, timings: Timings, seen: Seen | undefined, now: number): Decision {
  if (seen === undefined) return { kind: "look" };
  const { record, expiresAt, changedAt, renewedAt } = seen;
  if (record === undefined) {
    return now >= expiresAt
      ? { kind: "create", takeover: { kind: "none", sinceMonotonic: renewedAt } }
      : { kind: "wait", untilMonotonic: expiresAt };
  }
  if (record.release !== undefined && record.release !== me.release) {
    return { kind: "foreign-release", release: record.release };
  }
  if (record.holderIdentity === me.identity) return judgeOwn(me, timings, record, seen, now);
  if (record.holderIdentity === "") {
    const sinceMonotonic = seen.changes === 0 ? undefined : changedAt;
    return { kind: "take-over", record, takeover: { kind: "released", sinceMonotonic } };
  }
  return now >= expiresAt
    ? { kind: "take-over", record, takeover: { kind: "expired", sinceMonotonic: renewedAt } }
    : { kind: "wait", untilMonotonic: expiresAt };
}

/** A record with our name: of a write of ours, of an earlier life of this process, or of a twin. */
function judgeOwn(me: Me, timings: Timings, record: LeaseRecord, seen: Seen, now: number): Decision {
  const write = writeOf(me, record);
  if (write === undefined) {
    return seen.changes === 0
      ? { kind: "take-over", record, takeover: { kind: "own", sinceMonotonic: undefined } }
      : { kind: "twin", record };
  }
  return now < write.sentAt + timings.renewDeadlineMilliseconds
    ? { kind: "lead", renewedAt: write.sentAt, takeover: write.takeover }
    : { kind: "take-over", record, takeover: { kind: "own", sinceMonotonic: seen.changedAt } };
}

function judgeTerm(
  me: Me,
  renewedAt: number,
  timings: Timings,
  seen: Seen | undefined,
  now: number,
): Decision {
  if (now >= renewedAt + timings.renewDeadlineMilliseconds) {
    return { kind: "step-down", reason: "renew-deadline" };
  }
  const record = seen?.record;
  if (record === undefined) return { kind: "create", takeover: { kind: "own", sinceMonotonic: renewedAt } };
  if (record.release !== undefined && record.release !== me.release) {
    return { kind: "step-down", reason: "foreign-release" };
  }
  if (record.holderIdentity !== me.identity) return { kind: "step-down", reason: "taken" };
  if (writeOf(me, record) === undefined) return { kind: "step-down", reason: "twin" };
  const renewAt = renewedAt + timings.retryPeriodMilliseconds;
  return now >= renewAt ? { kind: "renew", record } : { kind: "wait", untilMonotonic: renewAt };
}

function writeOf(me: Me, record: LeaseRecord): OwnWrite | undefined {
  return record.renewTime === undefined ? undefined : me.writes.get(record.renewTime);
}

/** Keeps requests apart, and looks first where the outcome of the last write is not known. */
function paced(next: Decision, me: Me, now: number, until = Infinity): Decision {
  switch (next.kind) {
    case "create":
    case "take-over":
    case "renew":
      if (me.isInDoubt) return paced({ kind: "look" }, me, now);
      if (now < me.writeNotBefore) return { kind: "wait", untilMonotonic: me.writeNotBefore };
      return next;
    case "look":
      if (now >= me.lookNotBefore) return next;
      return { kind: "wait", untilMonotonic: Math.min(until, me.lookNotBefore) };
    case "wait":
    case "lead":
    case "step-down":
    case "twin":
    case "foreign-release":
      return next;
    default:
      return next satisfies never;
  }
}
