import { isOlder } from "../kube/resource_version.ts";
import { isSameHold, type LeaseRecord } from "./record.ts";
import type { Timings } from "./timings.ts";

/** What a candidate knows of the Lease. All times are of its own monotonic clock. */
export interface Seen {
  /** The Lease; undefined while there is none. */
  readonly record: LeaseRecord | undefined;
  /** The last Lease there was, also after its deletion. */
  readonly last: LeaseRecord | undefined;
  /** When it was first seen to be so. */
  readonly changedAt: number;
  /** Until then the holder (or the last holder of a Lease that was deleted) may lead. */
  readonly expiresAt: number;
  /** When the last renewal of a holder was seen. */
  readonly renewedAt: number | undefined;
  /** How often the hold was seen to change since the first look. */
  readonly changes: number;
  /** When a candidate that heard nothing since should look by itself. */
  readonly lookAt: number;
}

/** One sight of the Lease: an answer (`look`) or an event (`watch`). */
export interface Sight {
  readonly record: LeaseRecord | undefined;
  readonly via: "look" | "watch";
  /** True when it was asked for after all that is known was seen; what is older then was not outrun on its way. */
  readonly isLatest: boolean;
  readonly now: number;
}

/** With a watch that works every renewal is heard, so that only a leader that is late makes a candidate look. */
const PATIENCE_WITH_WATCH = 1.5;

/**
 * What is known after one more sight. Only a change of the hold (holder, times, transitions) begins a new lease duration;
 * what is older than what was seen, as the echo of a write on a slow watch, tells nothing. An older one that is the
 * {@link Sight.isLatest latest} is another thing: history went back (etcd was restored), and what was seen is no more.
 */
export function observe(before: Seen | undefined, sight: Sight, identity: string, timings: Timings): Seen {
  const { record, via, now } = sight;
  const patience = via === "watch" ? PATIENCE_WITH_WATCH : 1;
  const lookAt = now + patience * timings.retryPeriodMilliseconds;
  if (before === undefined) {
    return { ...changed(undefined, record, now, identity, timings), changes: 0, lookAt };
  }
  const known = before.record;
  if (known === undefined && record === undefined) return { ...before, lookAt };
  if (known !== undefined && record !== undefined) {
    if (!sight.isLatest && isOlder(record.resourceVersion, known.resourceVersion)) {
      return { ...before, lookAt };
    }
    if (isSameHold(known, record)) return { ...before, record, last: record, lookAt };
  }
  return { ...changed(before, record, now, identity, timings), changes: before.changes + 1, lookAt };
}

function changed(
  before: Seen | undefined,
  record: LeaseRecord | undefined,
  now: number,
  identity: string,
  timings: Timings,
): Omit<Seen, "changes" | "lookAt"> {
  const changedAt = now;
  if (record === undefined) {
    // A Lease that is deleted under its holder does not end its term: only time does.
    const { last, expiresAt = now, renewedAt } = before ?? {};
    return { record, last, changedAt, expiresAt, renewedAt };
  }
  if (record.holderIdentity === "") {
    return { record, last: record, changedAt, expiresAt: now, renewedAt: before?.renewedAt };
  }
  const isOwn = record.holderIdentity === identity;
  const duration = record.leaseDurationSeconds === undefined
    ? timings.leaseDurationMilliseconds
    : record.leaseDurationSeconds * 1000;
  return { record, last: record, changedAt, expiresAt: isOwn ? now : now + duration, renewedAt: now };
}
