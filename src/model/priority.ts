import type { Severity } from "./severity.ts";

const DEFAULTS: Readonly<Record<Severity, number>> = {
  critical: 1,
  high: 0.8,
  medium: 0.5,
  low: 0.3,
  info: 0.1,
};

/** The weight of a finding from 0 to 1: what was said of it, else what goes with its severity. */
export function priorityOf(
  finding: { readonly severity: Severity; readonly priority?: number | undefined },
): number {
  return finding.priority ?? DEFAULTS[finding.severity];
}
