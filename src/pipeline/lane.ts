import type { Filter } from "../filter/filter.ts";
import type { Severity } from "../model/severity.ts";

/** An Ingester as the pipeline needs it: everything compiled once, nothing that may change under way. */
export interface Lane {
  readonly source: string;
  readonly ingester: { readonly namespace: string; readonly name: string };
  /** `spec.namespaces`; empty: all. */
  readonly namespaces: readonly string[];
  readonly filter: Filter;
  /** Audit stages that are taken beside the usual ones. */
  readonly stages: readonly string[];
  /** Length of the deduplication window. */
  readonly windowSeconds: number;
  readonly isDryRun: boolean;
  /** How long an event-like Observation lives after its last sight. */
  readonly ttlSeconds: (severity: Severity) => number;
}
