import type { Log } from "../observe/log.ts";
import type { Clock } from "../run/clock.ts";
import { Bell } from "./bell.ts";
import { type ElectionMetrics, type Elector, type Lead, LeadError, TermStuckError } from "./elector.ts";
import { Work } from "./work.ts";

/** LEADER_ELECTION_MODE=disabled: one term without a Lease, from the start to the stop. */
export class AlwaysLeader implements Elector {
  readonly #lease: string;
  readonly #identity: string;
  readonly #clock: Clock;
  readonly #metrics: ElectionMetrics;
  readonly #log: Log;
  #isLeading = false;

  constructor(
    options: { readonly lease: string; readonly identity: string },
    parts: { readonly clock: Clock; readonly metrics: ElectionMetrics; readonly log: Log },
  ) {
    this.#lease = options.lease;
    this.#identity = options.identity;
    this.#clock = parts.clock;
    this.#metrics = parts.metrics;
    this.#log = parts.log.component("leadership");
  }

  /** {@inheritDoc Elector.isLeading} */
  get isLeading(): boolean {
    return this.#isLeading;
  }

  /** {@inheritDoc Elector.holder} */
  get holder(): string | undefined {
    return this.#isLeading ? this.#identity : undefined;
  }

  /** {@inheritDoc Elector.run} */
  async run(lead: Lead, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const fields = { identity: this.#identity, lease: this.#lease };
    this.#log.info("leader acquired", { ...fields, reason: "leader election is disabled" });
    this.#mark(true);
    try {
      await this.#endInTime(lead, signal);
    } finally {
      this.#mark(false);
      this.#log.info("leader released", { ...fields, reason: signal.aborted ? "asked to stop" : "failed" });
    }
  }

  async #endInTime(lead: Lead, signal: AbortSignal): Promise<void> {
    const bell = new Bell();
    const onStop = (): void => bell.ring();
    signal.addEventListener("abort", onStop, { once: true });
    const clock = this.#clock;
    const term = {
      lease: this.#lease,
      takeover: { kind: "none" as const, sinceMonotonic: undefined },
      signal,
      isValid: () => this.#isLeading,
      get renewedAt() {
        return clock.monotonic();
      },
    };
    const work = Work.start(lead, term, onStop);
    const { signal: never } = new AbortController();
    try {
      let askedAt: number | undefined;
      while (work.outcome === undefined) {
        const now = this.#clock.monotonic();
        if (signal.aborted) askedAt ??= now;
        const patience = askedAt === undefined ? Infinity : work.patience(askedAt, now);
        if (patience <= 0) throw new TermStuckError(this.#lease);
        await bell.wait(patience, this.#clock, never);
      }
      if (!signal.aborted) throw new LeadError(this.#lease, work.outcome.error);
    } finally {
      signal.removeEventListener("abort", onStop);
    }
  }

  #mark(isLeading: boolean): void {
    this.#isLeading = isLeading;
    this.#metrics.isLeader.set(isLeading ? 1 : 0);
    if (isLeading) this.#metrics.leaderTransitions.inc();
  }
}
