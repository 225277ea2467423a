import { type Allowance, SIGNAL_UNITS } from "../../src/filter/cel_allowance.ts";
import { celValue } from "../../src/filter/cel_value.ts";
import type { Seen } from "../../src/filter/seen.ts";
import type { Finding } from "../../src/model/finding.ts";
import type { Json, JsonObject } from "../../src/model/json.ts";

/** What filters and mappings see of a payload, and the problems that they told. */
export interface TestSeen extends Seen {
  readonly problems: string[];
  readonly allowance: Allowance;
}

/** A payload as filters and mappings see it; the Observation is the finding's own fields under `spec`. */
export function seenOf(payload: Json = {}): TestSeen {
  const problems: string[] = [];
  return {
    payload,
    signal: () => celValue(payload),
    allowance: { left: SIGNAL_UNITS },
    observationOf: ({ identity: _identity, ...finding }: Finding) => ({
      metadata: { name: "n", namespace: finding.resource?.namespace ?? "zen", labels: {} },
      spec: { source: "own", ...finding } as unknown as JsonObject,
    }),
    onProblem: (field, message) => problems.push(`${field}: ${message}`),
    problems,
  };
}
