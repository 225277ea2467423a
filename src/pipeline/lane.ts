import type { Identify } from "../deduplicate/identity.ts";
import type { Filter } from "../filter/filter.ts";
import type { Severity } from "../model/severity.ts";
import type { Conform } from "../normalize/mapping.ts";
import type { BudgetRule } from "../write/budget.ts";
import type { Destinations } from "../write/destination.ts";
import type { RateLimitRule } from "../write/rate_limit.ts";
import type { RetryRule } from "../write/retry.ts";

/** An Ingester as the pipeline needs it: everything compiled once, nothing that may change under way. */
export interface Lane {
  readonly source: string;
  readonly ingester: { readonly namespace: string; readonly name: string };
  /** `spec.namespaces`; empty: all. */
  readonly namespaces: readonly string[];
  readonly filter: Filter;
  /** `spec.normalization`; undefined: findings stay as their normalizer made them. */
  readonly conform?: Conform | undefined;
  /** `spec.deduplication` where it says who a finding is; undefined: its normalizer says it. */
  readonly identify?: Identify | undefined;
  /** Audit stages that are taken beside the usual ones. */
  readonly stages: readonly string[];
  /** How long before its end a Certificate is near it; undefined: the normalizer's default. */
  readonly expiryWindowSeconds?: number | undefined;
  /** Length of the deduplication window. */
  readonly windowSeconds: number;
  readonly isDryRun: boolean;
  /** How long an event-like Observation lives after its last sight. */
  readonly ttlSeconds: (severity: Severity) => number;
  /** `spec.rateLimit`; undefined: as fast as it goes. */
  readonly rateLimit?: RateLimitRule | undefined;
  /** `spec.budget`; undefined: as many as there are. */
  readonly budget?: BudgetRule | undefined;
  /** `spec.destinations`; undefined: Observations alone. */
  readonly destinations?: Destinations | undefined;
  /** `spec.errorHandling`; undefined: what may pass is tried without end, what is refused becomes a dead letter. */
  readonly errorHandling?: ErrorHandling | undefined;
}

/** What becomes of findings that cannot be written. */
export interface ErrorHandling {
  readonly retry: RetryRule | undefined;
  /** False: they are rejected, and nothing is kept of them. */
  readonly keepsDeadLetters: boolean;
}
