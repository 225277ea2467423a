import type { Finding } from "../model/finding.ts";
import type { FilterSpec } from "../model/ingester.ts";
import { priorityOf } from "../model/priority.ts";
import { isAtLeast } from "../model/severity.ts";
import type { FilteredReason } from "../model/verdict.ts";
import type { Expression } from "./cel.ts";
import { evaluateOver, type ExpressionField, type Seen } from "./seen.ts";

/** Says why a finding is left out, or undefined when it passes. */
export type Filter = (finding: Finding, seen: Seen) => FilteredReason | undefined;

/** `filters.expression` made ready, and where it stands. */
export interface FilterExpression {
  readonly field: ExpressionField;
  readonly evaluate: Expression<boolean>;
}

/** The preset's filter, replaced field by field by what the Ingester says. */
export function mergeFilters(preset: FilterSpec, own: FilterSpec | undefined): FilterSpec {
  const merged: Record<string, unknown> = { ...preset };
  for (const [name, value] of Object.entries(own ?? {})) if (value !== undefined) merged[name] = value;
  return merged as FilterSpec;
}

/**
 * Compiles `spec.filters` and `spec.namespaces` once. In lists, `*` stands for any run of characters; an empty
 * list says nothing. An expression that cannot be evaluated lets the finding pass: one too many is seen, one lost is not.
 *
 * @param namespaces `spec.namespaces`; empty lets all pass
 * @param expression `spec.filters.expression`; asked last, since it costs most
 */
export function compileFilter(
  spec: FilterSpec,
  namespaces: readonly string[],
  expression?: FilterExpression,
): Filter {
  const inOwnNamespaces: Filter = (finding) =>
    namespaces.length === 0 || namespaces.includes(finding.resource?.namespace ?? "")
      ? undefined
      : "namespace";
  if (spec.enabled === false) return inOwnNamespaces;
  const steps: Filter[] = [inOwnNamespaces];
  const { minPriority, minSeverity, includeSeverity } = spec;
  if (minSeverity !== undefined) {
    steps.push((finding) => isAtLeast(finding.severity, minSeverity) ? undefined : "severity");
  }
  if (includeSeverity !== undefined && includeSeverity.length > 0) {
    steps.push((finding) => includeSeverity.includes(finding.severity) ? undefined : "severity");
  }
  if (minPriority !== undefined) {
    steps.push((finding) => priorityOf(finding) >= minPriority ? undefined : "priority");
  }
  const list = (
    include: readonly string[] | undefined,
    exclude: readonly string[] | undefined,
    valueOf: (finding: Finding) => string | undefined,
    reason: FilteredReason,
  ): void => {
    const included = include === undefined || include.length === 0 ? undefined : matcher(include);
    const excluded = exclude === undefined ? undefined : matcher(exclude);
    if (included === undefined && excluded === undefined) return;
    steps.push((finding) => {
      const value = valueOf(finding) ?? "";
      return (included?.(value) ?? true) && !(excluded?.(value) ?? false) ? undefined : reason;
    });
  };
  list(spec.includeNamespaces, spec.excludeNamespaces, (finding) => finding.resource?.namespace, "namespace");
  list(spec.includeKinds, spec.excludeKinds, (finding) => finding.resource?.kind, "kind");
  list(spec.includeCategories, spec.excludeCategories, (finding) => finding.category, "category");
  list(spec.includeEventTypes, spec.excludeEventTypes, (finding) => finding.eventType, "event_type");
  list(spec.includeRules, spec.excludeRules, (finding) => finding.rule, "rule");
  if (expression !== undefined) {
    const { evaluate, field } = expression;
    steps.push((finding, seen) =>
      evaluateOver(evaluate, field, finding, seen) === false ? "expression" : undefined
    );
  }
  return (finding, seen) => {
    for (const step of steps) {
      const reason = step(finding, seen);
      if (reason !== undefined) return reason;
    }
    return undefined;
  };
}

function matcher(patterns: readonly string[]): (value: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes("*")));
  const globs = patterns.filter((pattern) => pattern.includes("*")).map((pattern) => pattern.split("*"));
  return (value) => exact.has(value) || globs.some((parts) => matchesGlob(value, parts));
}

/** Linear in the value's length for each part, so that no pattern can make it run long. */
function matchesGlob(value: string, parts: readonly string[]): boolean {
  const first = parts[0] ?? "";
  const last = parts.at(-1) ?? "";
  if (!value.startsWith(first) || !value.endsWith(last) || value.length < first.length + last.length) {
    return false;
  }
  let from = first.length;
  const end = value.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = value.indexOf(part, from);
    if (found === -1 || found + part.length > end) return false;
    from = found + part.length;
  }
  return true;
}
