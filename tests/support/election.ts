import { Counter, Gauge } from "prom-client";
import type { Elector } from "../../src/leadership/elector.ts";
import { LeaseElector } from "../../src/leadership/lease_elector.ts";
import type { Term } from "../../src/leadership/term.ts";
import type { Timings } from "../../src/leadership/timings.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeProcess } from "./fake_process.ts";
import { MemoryLease, type Network, promptly } from "./memory_lease.ts";
import { RecordingLog } from "./recording_log.ts";

/** The times that are the default of the program. */
export const DEFAULT_TIMINGS: Timings = {
  leaseDurationMilliseconds: 15_000,
  renewDeadlineMilliseconds: 10_000,
  retryPeriodMilliseconds: 2_000,
};

/** How a process joins. */
export interface JoinOptions {
  readonly release?: string | undefined;
  readonly timings?: Timings;
  readonly rate?: number;
  readonly wallOffsetMilliseconds?: number;
  /** Default: prompt. */
  readonly network?: Network;
  /** What the leader does; default: nothing, until its term ends. */
  readonly work?: (term: Term) => Promise<void>;
}

/** One process that takes part. */
export interface Participant {
  readonly identity: string;
  readonly elector: Elector;
  readonly process: FakeProcess;
  readonly log: RecordingLog;
  readonly metrics: { readonly isLeader: Gauge; readonly leaderTransitions: Counter };
  /** Its terms, in order; the last one may go on. */
  readonly terms: Term[];
  /** What the network does to it; may be changed at any time. */
  network: Network;
  /** How it ended: with "stopped", or with what it rejected; undefined while it runs. */
  ended: unknown;
  /** Asks it to stop, as SIGTERM does. */
  stop(): void;
}

/** One election: a clock, a Lease and the processes that want it. */
export class Election {
  readonly clock: FakeClock;
  readonly lease: MemoryLease = new MemoryLease();
  readonly participants: Participant[] = [];

  constructor(seed = 1) {
    this.clock = new FakeClock({ seed });
  }

  /** Starts a process. */
  join(identity: string, options: JoinOptions = {}): Participant {
    const { timings = DEFAULT_TIMINGS, release, work = untilItsEnd, network = promptly } = options;
    const seed = Math.floor(this.clock.random() * 2 ** 32);
    const process = new FakeProcess(this.clock, { seed, ...options });
    const log = new RecordingLog();
    const metrics = {
      isLeader: new Gauge({ name: "is_leader", help: "-", registers: [] }),
      leaderTransitions: new Counter({ name: "transitions_total", help: "-", registers: [] }),
    };
    const connection = this.lease.connect((request) => participant.network(request), this.clock);
    const elector = new LeaseElector(
      { lease: "the-lease", identity, release, timings },
      { lock: process.lock(connection), clock: process.clock, metrics, log },
    );
    const stop = new AbortController();
    const terms: Term[] = [];
    const participant: Participant = {
      identity,
      elector,
      process,
      log,
      metrics,
      terms,
      network,
      ended: undefined,
      stop: () => stop.abort(new DOMException("Got SIGTERM", "AbortError")),
    };
    const lead = (term: Term): Promise<void> => {
      terms.push(term);
      return work(term);
    };
    elector.run(lead, stop.signal).then(
      () => participant.ended = "stopped",
      (error) => participant.ended = error,
    );
    this.participants.push(participant);
    return participant;
  }

  /** Who holds a valid term right now; processes that are stopped do nothing with theirs. */
  get leaders(): readonly string[] {
    return this.participants
      .filter(({ process, terms }) => !process.isStopped && terms.some((term) => term.isValid()))
      .map(({ identity }) => identity);
  }

  /** Moves time on. */
  async advance(milliseconds: number): Promise<void> {
    await this.clock.advance(milliseconds);
  }

  /** Moves time on in small steps until `isTrue`; how long that took, in milliseconds. */
  async until(isTrue: () => boolean, withinMilliseconds: number, step = 1): Promise<number> {
    const startedAt = this.clock.monotonic();
    await this.clock.settle();
    while (!isTrue()) {
      const passed = this.clock.monotonic() - startedAt;
      if (passed >= withinMilliseconds) throw new Error(`Not within ${withinMilliseconds} ms`);
      await this.advance(step);
    }
    return this.clock.monotonic() - startedAt;
  }
}

/** Work that ends as soon as it should. */
export function untilItsEnd(term: Term): Promise<void> {
  return new Promise((resolve) => {
    if (term.signal.aborted) resolve();
    else term.signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** The value of a series without labels. */
export async function valueOf(series: Gauge | Counter): Promise<number> {
  return (await series.get()).values[0]?.value ?? 0;
}
