import type { Invariant } from "./ledger.ts";
import type { Outcome } from "./simulation.ts";

/** What many schedules came to; may be sent between threads. */
export interface Tally {
  schedules: number;
  signals: number;
  /** Signals that were lost, and rightly: the model says why for each. */
  excused: number;
  terms: number;
  virtualMilliseconds: number;
  /** Schedules in which etcd was restored. */
  restored: number;
  violations: { readonly seed: number; readonly invariant: Invariant; readonly message: string }[];
}

/** Nothing yet. */
export function emptyTally(): Tally {
  return {
    schedules: 0,
    signals: 0,
    excused: 0,
    terms: 0,
    virtualMilliseconds: 0,
    restored: 0,
    violations: [],
  };
}

/** Counts one schedule. */
export function count(tally: Tally, outcome: Outcome): void {
  const { seed, violation } = outcome;
  add(tally, {
    schedules: 1,
    signals: outcome.signals,
    excused: outcome.excused,
    terms: outcome.terms,
    virtualMilliseconds: outcome.virtualMilliseconds,
    restored: outcome.restores > 0 ? 1 : 0,
    violations: violation === undefined
      ? []
      : [{ seed, invariant: violation.invariant, message: violation.message }],
  });
}

/** Adds what another thread counted. */
export function add(tally: Tally, more: Tally): void {
  tally.schedules += more.schedules;
  tally.signals += more.signals;
  tally.excused += more.excused;
  tally.terms += more.terms;
  tally.virtualMilliseconds += more.virtualMilliseconds;
  tally.restored += more.restored;
  tally.violations.push(...more.violations);
}

/** A line that says how far it is. */
export function lineOf(tally: Tally, seconds: number): string {
  const { schedules, signals, excused, terms, restored, violations, virtualMilliseconds } = tally;
  return `${schedules} schedules in ${seconds.toFixed(1)} s: ${signals} signals ` +
    `(${excused} lost with their history), ${terms} terms, ${restored} with etcd restored, ` +
    `${(virtualMilliseconds / 3_600_000).toFixed(1)} h of virtual time, ${violations.length} violations`;
}
