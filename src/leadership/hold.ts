import { ApiError } from "../kube/errors.ts";
import type { Log } from "../observe/log.ts";
import type { Clock } from "../run/clock.ts";
import { DeadlineError } from "../run/deadline.ts";
import { type Answer, ask } from "./ask.ts";
import type { Candidate } from "./candidate.ts";
import { decide, type Decision } from "./decide.ts";
import type { LeaseLock } from "./lock.ts";
import { releasedRecord, renewedRecord, takenRecord } from "./next_record.ts";
import { OwnWrites } from "./own_writes.ts";
import { racePause, requestDeadline, retryAt } from "./pace.ts";
import type { LeaseRecord } from "./record.ts";
import { observe, type Seen } from "./seen.ts";
import type { LeaseTerm } from "./term.ts";

/** How long a release is tried; the Lease runs out by itself after that. */
const RELEASE_MILLISECONDS = 5000;
/** A decision that writes the Lease. */
export type WriteDecision = Extract<Decision, { readonly kind: "create" | "take-over" | "renew" }>;

/** What is known of the Lease, and every request for it: what a candidate sees, and what it tries. */
export class Hold {
  readonly #candidate: Candidate;
  readonly #lock: LeaseLock;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onSight: () => void;
  readonly #writes = new OwnWrites();
  #seen: Seen | undefined;
  #isInDoubt = false;
  #lookNotBefore = 0;
  #writeNotBefore = 0;
  readonly #complaints = new Map<string, string>();

  constructor(
    candidate: Candidate,
    parts: { readonly lock: LeaseLock; readonly clock: Clock; readonly log: Log },
    onSight: () => void,
  ) {
    this.#candidate = candidate;
    this.#lock = parts.lock;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#onSight = onSight;
  }

  /** Who holds the Lease, as far as was seen. */
  get holder(): string | undefined {
    const holder = this.#seen?.record?.holderIdentity;
    return holder === "" ? undefined : holder;
  }

  /** RELEASE_NAME of the installation that the Lease belongs to, as far as was seen. */
  get installation(): string | undefined {
    return this.#seen?.record?.release;
  }

  /** When the write of ours that the Lease shows was sent (monotonic); undefined when it shows none. */
  get renewedAt(): number | undefined {
    const record = this.#seen?.record;
    if (record?.renewTime === undefined || record.holderIdentity !== this.#candidate.identity) {
      return undefined;
    }
    return this.#writes.byRenewTime.get(record.renewTime)?.sentAt;
  }

  /** What to do next; `term` is the one that goes on. */
  decide(term: LeaseTerm | undefined): Decision {
    const { identity, release, timings } = this.#candidate;
    const me = {
      identity,
      release,
      writes: this.#writes.byRenewTime,
      renewedAt: term?.renewedAt,
      isInDoubt: this.#isInDoubt,
      lookNotBefore: this.#lookNotBefore,
      writeNotBefore: this.#writeNotBefore,
    };
    return decide(me, timings, this.#seen, this.#clock.monotonic());
  }

  /**
   * Takes one sight of the Lease.
   *
   * @param basis what was seen last when it was asked for; undefined for what nobody asked for
   */
  see(record: LeaseRecord | undefined, via: "look" | "watch", basis?: Seen): void {
    const { identity, timings } = this.#candidate;
    const before = this.#seen;
    const isLatest = basis !== undefined && basis.record === before?.record;
    const sight = { record, via, isLatest, now: this.#clock.monotonic() };
    this.#seen = observe(before, sight, identity, timings);
    if (via === "look" || this.#seen.record !== before?.record) this.#isInDoubt = false;
    // What was to be waited for is over: a release that is seen after a lost race is taken at once.
    if (this.#seen.changes !== before?.changes) this.#writeNotBefore = 0;
    this.#onSight();
  }

  /** Reads the Lease. */
  async look(term: LeaseTerm | undefined, signal: AbortSignal): Promise<void> {
    const startedAt = this.#clock.monotonic();
    const basis = this.#seen;
    const milliseconds = requestDeadline(this.#candidate.timings, this.#left(term));
    const answer = await ask(milliseconds, this.#clock, (inner) => this.#lock.get(inner), signal);
    if (signal.aborted) return;
    if (answer.kind === "answered") {
      this.#complaints.delete("read");
      this.see(answer.value, "look", basis);
    } else {
      this.#lookNotBefore = this.#retryAt(startedAt, answer.error, term);
      this.#complain("read", answer.error);
    }
  }

  /** Writes the Lease as was decided, if it is still as it was seen. */
  async write(decision: WriteDecision, term: LeaseTerm | undefined, signal: AbortSignal): Promise<void> {
    const startedAt = this.#clock.monotonic();
    const basis = this.#seen?.record;
    const stamp = this.#writes.nextStamp(this.#clock.now(), this.#seen?.last?.renewTime);
    const takeover = decision.kind === "renew"
      ? { kind: "own" as const, sinceMonotonic: startedAt }
      : decision.takeover;
    this.#writes.add(stamp, { sentAt: startedAt, takeover });
    const record = this.#recordFor(decision, term, stamp);
    const milliseconds = requestDeadline(this.#candidate.timings, this.#left(term));
    const answer = await this.#send(record, milliseconds, signal);
    switch (answer.kind) {
      case "answered":
        this.#complaints.delete("write");
        this.see(answer.value, "look");
        break;
      case "conflict":
        this.#log.debug("Lease was changed by somebody else", { error: answer.error.message });
        if (this.#seen?.record !== basis) break;
        this.#isInDoubt = true;
        this.#writeNotBefore = this.#clock.monotonic() +
          racePause(this.#candidate.timings, this.#clock.random());
        break;
      case "failed":
        this.#writeNotBefore = this.#retryAt(startedAt, answer.error, term);
        // What was seen since is either the write itself, or the end of its chances.
        if (this.#seen?.record === basis) this.#isInDoubt = true;
        this.#complain("write", answer.error);
        break;
      default:
        answer satisfies never;
    }
  }

  /**
   * Gives the Lease up if it is ours, on a deadline of its own. Never rejects for what the API server says.
   *
   * @param reason why, for the log
   */
  async release(reason: string, signal: AbortSignal): Promise<void> {
    const { timings, lease, identity } = this.#candidate;
    const startedAt = this.#clock.monotonic();
    const until = startedAt + RELEASE_MILLISECONDS;
    for (let left = RELEASE_MILLISECONDS; left > 0; left = until - this.#clock.monotonic()) {
      if (this.#writes.byRenewTime.size === 0 || signal.aborted) return;
      const milliseconds = Math.min(left, timings.retryPeriodMilliseconds);
      const isLooking = this.#isInDoubt;
      const basis = this.#seen;
      const answer = isLooking
        ? await ask(milliseconds, this.#clock, (inner) => this.#lock.get(inner), signal)
        : await this.#sendRelease(milliseconds, signal);
      if (answer === undefined) return;
      if (answer.kind === "answered") {
        this.see(answer.value, "look", basis);
        if (isLooking) continue;
        const duration_ms = Math.round(this.#clock.monotonic() - startedAt);
        this.#log.info("leader released", { identity, lease, reason, duration_ms });
        return;
      }
      this.#isInDoubt = true;
      if (answer.kind === "failed") {
        await this.#clock.sleep(Math.min(left, timings.retryPeriodMilliseconds / 4), signal);
      }
    }
    this.#log.warn("Lease could not be released and runs out by itself", { identity, lease });
  }

  #sendRelease(milliseconds: number, signal: AbortSignal): Promise<Answer<LeaseRecord>> | undefined {
    const record = this.#seen?.record;
    if (record === undefined || this.renewedAt === undefined) return undefined;
    const stamp = this.#writes.nextStamp(this.#clock.now(), record.renewTime);
    return this.#send(releasedRecord(record, stamp), milliseconds, signal);
  }

  #send(record: LeaseRecord, milliseconds: number, signal: AbortSignal): Promise<Answer<LeaseRecord>> {
    const request = (inner: AbortSignal): Promise<LeaseRecord> =>
      record.resourceVersion === "" ? this.#lock.create(record, inner) : this.#lock.update(record, inner);
    return ask(milliseconds, this.#clock, request, signal);
  }

  #recordFor(decision: WriteDecision, term: LeaseTerm | undefined, stamp: string): LeaseRecord {
    const candidate = this.#candidate;
    switch (decision.kind) {
      case "renew":
        return renewedRecord(decision.record, candidate, stamp);
      case "take-over":
        return takenRecord(decision.record, candidate, stamp);
      case "create": {
        const last = this.#seen?.last;
        if (term === undefined || last === undefined) return takenRecord(undefined, candidate, stamp);
        return renewedRecord({ ...last, resourceVersion: "", object: undefined }, candidate, stamp);
      }
      default:
        return decision satisfies never;
    }
  }

  /** What is left of the term. */
  #left(term: LeaseTerm | undefined): number | undefined {
    return term === undefined ? undefined : term.validUntil - this.#clock.monotonic();
  }

  #retryAt(startedAt: number, error: Error, term: LeaseTerm | undefined): number {
    const now = this.#clock.monotonic();
    const retryAfterMilliseconds = error instanceof ApiError ? error.retryAfterMilliseconds : undefined;
    const failure = { startedAt, now, left: this.#left(term), retryAfterMilliseconds };
    return retryAt(this.#candidate.timings, failure, this.#clock.random());
  }

  /** Says a failure once, until another one or a success. */
  #complain(what: "read" | "write", error: Error): void {
    const { lease, identity } = this.#candidate;
    const fields = { identity, lease, error: error.message };
    // Deadlines differ by what is left of a term, and say the same.
    const complaint = error instanceof DeadlineError ? error.name : error.message;
    const level = this.#complaints.get(what) === complaint ? "debug" : "warn";
    this.#complaints.set(what, complaint);
    this.#log[level](`Cannot ${what} the Lease; it is tried again`, fields);
  }
}
