import type { Json, JsonObject } from "./json.ts";
import type { Category, ResourceReference } from "./observation.ts";
import type { Severity } from "./severity.ts";
import type { FilteredReason, RejectedReason } from "./verdict.ts";

/**
 * What one Observation is made of: the unit of every count. A normalizer splits a signal into findings.
 */
export interface Finding {
  readonly category: Category;
  readonly severity: Severity;
  /** `^[a-z0-9_]+$`, e.g. `vulnerability`. */
  readonly eventType: string;
  readonly title: string;
  readonly description?: string | undefined;
  /** The signal's own time in RFC 3339, undefined where it has none: then the time of receipt counts. */
  readonly detectedAt?: string | undefined;
  readonly resource?: ResourceReference | undefined;
  readonly details: JsonObject;
  /** What `filters.includeRules` and `excludeRules` look at: rule, policy, check or vulnerability id. */
  readonly rule?: string | undefined;
  /** What the fingerprint takes after the source; absent fields are null. Never what may change. */
  readonly identity: readonly Json[];
  /** True: the dedup window's number and length join the fingerprint (contract, section 2: "window"). */
  readonly isWindowed: boolean;
  /** True: it shows a state (a report's finding) and lasts until that is gone; false: it happened, and expires. */
  readonly isState: boolean;
  /** The signal's own count of repeats (Event count or series.count). */
  readonly count?: number | undefined;
  /** The signal's own first time, RFC 3339. */
  readonly firstSeen?: string | undefined;
  /** The signal says that this is over, and since when (RFC 3339, where it says so); only beside `filtered`. */
  readonly resolved?: { readonly at: string | undefined } | undefined;
  /** Weight from 0 to 1, when somebody said one. */
  readonly priority?: number | undefined;
  /** The time that says its window, when that is not `detectedAt`: a mapped time must not change who a finding is. */
  readonly windowTime?: string | undefined;
}

/** What a normalizer says of one item of a signal. */
export type Normalized =
  | {
    readonly kind: "finding";
    readonly finding: Finding;
    /** The object of the signal that it was found in: what expressions and paths call `signal`; not part of the finding. */
    readonly payload?: JsonObject | undefined;
  }
  | {
    readonly kind: "filtered";
    readonly reason: FilteredReason;
    /** Of reason resolved: what is over, with the identity under which it began. */
    readonly finding?: Finding;
    /** As beside a finding. */
    readonly payload?: JsonObject | undefined;
  }
  | { readonly kind: "rejected"; readonly reason: RejectedReason; readonly message: string };
