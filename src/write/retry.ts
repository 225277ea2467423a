import type { Clock } from "../run/clock.ts";

/** How writes that may pass later are tried again, where an Ingester says it. */
export interface RetryRule {
  /** After so many tries it is given up; undefined: never. */
  readonly maxAttempts: number | undefined;
  readonly backoff: "constant" | "exponential";
  /** The first wait. */
  readonly baseMilliseconds: number;
}

/** What backoffBase is where nobody says it. */
export const DEFAULT_BASE_MILLISECONDS = 50;
/** No wait grows beyond this, unless the first is longer already. */
const LONGEST_MILLISECONDS = 15_000;

/** The wait after so many tries, in milliseconds: within a quarter of its step either way, so that many do not come at once. */
export function waitAfter(rule: RetryRule, tries: number, clock: Pick<Clock, "random">): number {
  const { backoff, baseMilliseconds } = rule;
  const growth = backoff === "constant" ? 1 : 2 ** Math.min(30, Math.max(0, tries - 1));
  const longest = Math.max(LONGEST_MILLISECONDS, baseMilliseconds);
  return Math.min(longest, baseMilliseconds * growth) * (0.75 + clock.random() / 2);
}

/** Whether nothing is to be tried any more. */
export function isExhausted(rule: RetryRule | undefined, tries: number): boolean {
  return rule?.maxAttempts !== undefined && tries >= rule.maxAttempts;
}
