import type { Log } from "../observe/log.ts";
import type { Clock } from "../run/clock.ts";
import { Group } from "../run/group.ts";
import { Bell } from "./bell.ts";
import type { Candidate } from "./candidate.ts";
import type { Decision } from "./decide.ts";
import {
  type ElectionMetrics,
  type Elector,
  ForeignReleaseError,
  type Lead,
  LeadError,
  lossText,
  TermStuckError,
  TwinError,
} from "./elector.ts";
import { followLease } from "./follow_lease.ts";
import { Hold } from "./hold.ts";
import type { LeaseLock } from "./lock.ts";
import { LeaseTerm, type LossReason, type Takeover } from "./term.ts";
import { Work } from "./work.ts";

/** What an elector works with. */
export interface LeaseElectorParts {
  readonly lock: LeaseLock;
  readonly clock: Clock;
  readonly metrics: ElectionMetrics;
  readonly log: Log;
}

/** A term and the work that goes on in it. */
interface Leading {
  readonly term: LeaseTerm;
  readonly work: Work;
}

/** Elects by a Lease: sees, decides, obeys; see {@link decide} for what is guaranteed and what is not. */
export class LeaseElector implements Elector {
  readonly #candidate: Candidate;
  readonly #clock: Clock;
  readonly #metrics: ElectionMetrics;
  readonly #log: Log;
  readonly #parts: LeaseElectorParts;
  readonly #hold: Hold;
  readonly #bell = new Bell();
  #leading: Leading | undefined;

  constructor(candidate: Candidate, parts: LeaseElectorParts) {
    this.#candidate = candidate;
    this.#parts = { ...parts, log: parts.log.component("leadership") };
    this.#clock = parts.clock;
    this.#metrics = parts.metrics;
    this.#log = this.#parts.log;
    this.#hold = new Hold(candidate, this.#parts, () => this.#onSight());
  }

  /** {@inheritDoc Elector.isLeading} */
  get isLeading(): boolean {
    return this.#leading?.term.isValid() ?? false;
  }

  /** {@inheritDoc Elector.holder} */
  get holder(): string | undefined {
    return this.#hold.holder;
  }

  /** {@inheritDoc Elector.run} */
  async run(lead: Lead, signal: AbortSignal): Promise<void> {
    // Not a group of `signal`: a stop must cut neither the renewals while the work ends, nor the release after it.
    await using tasks = new Group(new AbortController().signal);
    const onStop = (): void => {
      this.#leading?.term.stop(signal.reason);
      this.#bell.ring();
    };
    signal.addEventListener("abort", onStop, { once: true });
    tasks.run("watch of the Lease", async (inner) => {
      await followLease(
        { ...this.#parts, timings: this.#candidate.timings },
        (record) => this.#hold.see(record, "watch"),
        inner,
      );
    });
    try {
      await this.#elect(lead, tasks, signal);
    } catch (error) {
      this.#leading?.term.lose(error instanceof TermStuckError ? "work-stuck" : "failed");
      throw error;
    } finally {
      signal.removeEventListener("abort", onStop);
      // While its work goes on a term is not given away, come what may: the Lease runs out by itself.
      if (this.#leading === undefined) {
        await this.#hold.release(signal.aborted ? "asked to stop" : "failed", tasks.signal);
      }
    }
  }

  /** One step after the other until the stop. */
  async #elect(lead: Lead, tasks: Group, signal: AbortSignal): Promise<void> {
    while (true) {
      const leading = this.#leading;
      if (leading?.work.outcome !== undefined) {
        this.#conclude(leading.term, leading.work.outcome.error);
        continue;
      }
      if (leading === undefined && signal.aborted) return;
      const askedAt = leading?.term.askedToEndAt;
      const patience = leading === undefined || askedAt === undefined
        ? Infinity
        : leading.work.patience(askedAt, this.#clock.monotonic());
      if (patience <= 0) throw new TermStuckError(this.#candidate.lease);
      if (leading?.term.lost !== undefined) {
        await this.#bell.wait(patience, this.#clock, tasks.signal);
        continue;
      }
      const decision = this.#hold.decide(leading?.term);
      await this.#obey(decision, patience, lead, tasks, leading === undefined ? signal : tasks.signal);
    }
  }

  async #obey(
    decision: Decision,
    patience: number,
    lead: Lead,
    tasks: Group,
    signal: AbortSignal,
  ): Promise<void> {
    const term = this.#leading?.term;
    switch (decision.kind) {
      case "wait": {
        const milliseconds = Math.min(patience, decision.untilMonotonic - this.#clock.monotonic());
        return await this.#bell.wait(milliseconds, this.#clock, tasks.signal);
      }
      case "look":
        return await this.#hold.look(term, signal);
      case "create":
      case "take-over":
      case "renew":
        // Not cut by a stop: what was sent may win the Lease, and is then to be released.
        return await this.#hold.write(decision, term, tasks.signal);
      case "lead":
        return this.#begin(decision.renewedAt, decision.takeover, lead, tasks, signal);
      case "step-down":
        return term?.lose(decision.reason);
      case "twin":
        throw new TwinError(this.#candidate.lease, this.#candidate.identity);
      case "foreign-release":
        throw new ForeignReleaseError(this.#candidate.lease, decision.release, this.#candidate.release);
      default:
        return decision satisfies never;
    }
  }

  #begin(renewedAt: number, takeover: Takeover, lead: Lead, tasks: Group, signal: AbortSignal): void {
    if (signal.aborted) return;
    const { lease, timings } = this.#candidate;
    const term = new LeaseTerm({
      lease,
      takeover,
      renewedAt,
      renewDeadlineMilliseconds: timings.renewDeadlineMilliseconds,
      onLost: (reason) => this.#onLost(reason),
    }, this.#clock);
    this.#metrics.isLeader.set(1);
    this.#metrics.leaderTransitions.inc();
    const { kind, sinceMonotonic } = takeover;
    this.#log.info("leader acquired", {
      ...this.#who,
      reason: kind,
      duration_ms: sinceMonotonic === undefined ? undefined : this.#since(sinceMonotonic),
    });
    tasks.run("deadline of the term", () => term.guard());
    this.#leading = { term, work: Work.start(lead, term, () => this.#bell.ring()) };
  }

  /** The work of a term has ended. */
  #conclude(term: LeaseTerm, error: unknown): void {
    // Work that found its term run out before the timer did has not failed.
    if (term.isValid() && term.askedToEndAt === undefined) {
      term.lose("work-ended");
      this.#leading = undefined;
      throw new LeadError(this.#candidate.lease, error);
    }
    if (error !== undefined && error !== term.signal.reason) {
      this.#log.warn("Work of the leader ended with an error", { ...this.#who, error: String(error) });
    }
    term.close();
    this.#leading = undefined;
    this.#metrics.isLeader.set(0);
    const { lease, identity, release } = this.#candidate;
    if (term.lost === "twin") throw new TwinError(lease, identity);
    if (term.lost === "foreign-release") {
      throw new ForeignReleaseError(lease, this.#hold.installation ?? "", release);
    }
  }

  /** A sight may end a term at once, also while a request is under way. */
  #onSight(): void {
    const term = this.#leading?.term;
    if (term !== undefined && term.lost === undefined) {
      const renewedAt = this.#hold.renewedAt;
      if (renewedAt !== undefined) term.renew(renewedAt);
      const decision = this.#hold.decide(term);
      if (decision.kind === "step-down") term.lose(decision.reason);
    }
    this.#bell.ring();
  }

  #onLost(reason: LossReason): void {
    const term = this.#leading?.term;
    this.#metrics.isLeader.set(0);
    const level = reason === "twin" || reason === "foreign-release" ? "error" : "warn";
    this.#log[level]("leader lost", {
      ...this.#who,
      reason: lossText(reason),
      holder: this.#hold.holder,
      duration_ms: term === undefined ? undefined : this.#since(term.renewedAt),
    });
    this.#bell.ring();
  }

  #since(monotonic: number): number {
    return Math.round(this.#clock.monotonic() - monotonic);
  }

  get #who(): { readonly identity: string; readonly lease: string } {
    return { identity: this.#candidate.identity, lease: this.#candidate.lease };
  }
}
