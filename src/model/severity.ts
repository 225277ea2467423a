/** How bad a finding is, in our words; the order of this list is the order of badness, worst first. */
export const SEVERITIES = ["critical", "high", "medium", "low", "info"] as const;

/** One of {@link SEVERITIES}. */
export type Severity = (typeof SEVERITIES)[number];

/** True when `severity` is as bad as `least`, or worse. */
export function isAtLeast(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(least);
}

/** Narrows any text to a Severity. */
export function isSeverity(text: unknown): text is Severity {
  return SEVERITIES.includes(text as Severity);
}
