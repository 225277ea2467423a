/** The three times of an election, in milliseconds. */
export interface Timings {
  /** How long a candidate waits for a holder that is silent; whole seconds, as the Lease has them. */
  readonly leaseDurationMilliseconds: number;
  /** How long a leader leads after it sent its last successful renewal. */
  readonly renewDeadlineMilliseconds: number;
  /** How often a leader renews, and a candidate that hears nothing looks. */
  readonly retryPeriodMilliseconds: number;
}

/** A try may come this much later than the retry period says, as in client-go. */
export const JITTER = 1.2;

/** Why these times cannot work together, a sentence each; empty when they can. */
export function timingProblems(timings: Timings): readonly string[] {
  const {
    leaseDurationMilliseconds: lease,
    renewDeadlineMilliseconds: renew,
    retryPeriodMilliseconds: retry,
  } = timings;
  const problems: string[] = [];
  const refuse = (what: string, must: string, given: number): void => {
    problems.push(`Cannot elect a leader with this ${what}: it must be ${must}, given ${given} ms`);
  };
  if (!(lease >= 1000 && lease % 1000 === 0)) refuse("lease duration", "1 or more whole seconds", lease);
  if (!(renew > 0)) refuse("renew deadline", "more than 0", renew);
  if (!(retry > 0)) refuse("retry period", "more than 0", retry);
  if (problems.length > 0) return problems;
  if (renew >= lease) refuse("renew deadline", `less than the lease duration (${lease} ms)`, renew);
  if (retry * JITTER >= renew) {
    refuse("retry period", `less than the renew deadline (${renew} ms) by a factor of ${JITTER}`, retry);
  }
  return problems;
}
