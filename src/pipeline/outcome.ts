import type { Verdict } from "../model/verdict.ts";

/** A finding that has no verdict yet: it could not be written in the time that was given, or nobody tried. */
export interface Open {
  readonly kind: "open";
  readonly message: string;
  /** True: only a person can mend what hinders it. */
  readonly isStalled: boolean;
  /** What the API server asked to wait. */
  readonly retryAfterMilliseconds?: number | undefined;
  /** How many tries failed in a way that may pass. */
  readonly tries?: number | undefined;
  /** True: nothing hinders it but the rate of its Ingester. */
  readonly isPaced?: boolean | undefined;
}

/** How a finding stands. */
export type Outcome = Verdict | Open;

/** How the findings of a signal stand that was left open before. */
export interface Resumed {
  /** Their places in the signal, beside what became of them. */
  readonly outcomes: readonly (readonly [index: number, outcome: Outcome])[];
  readonly total: number;
}
