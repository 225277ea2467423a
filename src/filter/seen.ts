import type { Finding } from "../model/finding.ts";
import type { Json } from "../model/json.ts";
import type { Evaluated, Expression } from "./cel.ts";
import type { Allowance } from "./cel_allowance.ts";
import type { CelValue } from "./cel_value.ts";

/** Where an expression stands that could not be evaluated; a label of a metric, so a closed set. */
export type ExpressionField = "filters.expression" | "normalization.resource" | "configmap";

/** What filters and mappings see of a signal beside a finding of it. */
export interface Seen {
  /** The object of the signal that the finding was found in. */
  readonly payload: Json;
  /** The payload for expressions, converted when first asked for. */
  readonly signal: () => CelValue;
  /** What all evaluations over this signal may still cost. */
  readonly allowance: Allowance;
  /** The Observation that would be written of a finding. */
  readonly observationOf: (finding: Finding) => Json;
  /** Told when an expression could not be evaluated. */
  readonly onProblem: (field: ExpressionField, message: string) => void;
}

/** Evaluates an expression over a finding and its signal; what goes wrong is told, and then undefined is returned. */
export function evaluateOver<T>(
  evaluate: Expression<T>,
  field: ExpressionField,
  finding: Finding,
  seen: Seen,
): T | undefined {
  const result: Evaluated<T> = evaluate({
    observation: () => seen.observationOf(finding),
    signal: seen.signal,
    allowance: seen.allowance,
  });
  if (result.kind === "value") return result.value;
  seen.onProblem(field, result.message);
  return undefined;
}
