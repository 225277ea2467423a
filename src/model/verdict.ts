/** Why a finding was left out on purpose: a closed set (contract, section 1). */
export const FILTERED_REASONS = [
  "expression",
  "severity",
  "priority",
  "namespace",
  "kind",
  "category",
  "event_type",
  "rule",
  "stage",
  "resolved",
  "expired",
  "self",
  "dry_run",
  "configmap",
  "source_disabled",
] as const;
/** One of {@link FILTERED_REASONS}. */
export type FilteredReason = (typeof FILTERED_REASONS)[number];

/** Why a finding could not be taken: a closed set. */
export const REJECTED_REASONS = [
  /** Not JSON. */
  "invalid_json",
  /** JSON, but not what this source sends. */
  "wrong_shape",
  /** Larger than the limit. */
  "too_large",
  /** The API server refused the object for good (400, 413, 422) or too often, and no dead letter was kept of it. */
  "refused",
  /** The budget of its Ingester is used up, and spec.budget.onExceed says so. */
  "budget",
  /** It could neither be written nor spooled now, and its sender was told so (503). */
  "unavailable",
  /** This replica stopped leading before it was written; the next leader reads it again. */
  "term_ended",
  /** A mistake of this program; its log line says where. */
  "internal",
] as const;
/** One of {@link REJECTED_REASONS}. */
export type RejectedReason = (typeof REJECTED_REASONS)[number];

/** Why a finding was laid aside with all that is needed to try it again: a closed set. */
export const DEAD_LETTER_REASONS = [
  /** The API server refused the object (400). */
  "refused",
  /** It does not fit the definition of Observations (422). */
  "invalid",
  /** It is larger than the API server takes (413). */
  "too_large",
  /** It could not be written within SPOOL_MAX_AGE. */
  "too_old",
  /** It was tried as often as its Ingester's errorHandling.retry.maxAttempts says. */
  "retries_exhausted",
  /** Its Ingester was deleted, and did not come back within SPOOL_MAX_AGE. */
  "ingester_gone",
] as const;
/** One of {@link DEAD_LETTER_REASONS}. */
export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** Where an Observation lies. */
export interface ObservationRef {
  readonly namespace: string;
  readonly name: string;
}

/** What became of one finding; each gets exactly one (promise P5). */
export type Verdict =
  | { readonly kind: "created"; readonly observation: ObservationRef }
  | {
    readonly kind: "deduplicated";
    readonly observation: ObservationRef;
    /** True: the budget is used up, and this is the roll-up that counts it. */
    readonly isRolledUp?: boolean;
  }
  | { readonly kind: "filtered"; readonly reason: FilteredReason }
  /** `message` may be the API server's own words, which are for the log and not for a sender. */
  | {
    readonly kind: "rejected";
    readonly reason: RejectedReason;
    readonly message: string;
    /** Which fields of the object the API server found wrong, where it named any. */
    readonly fields?: readonly string[] | undefined;
  }
  | {
    readonly kind: "dead-lettered";
    readonly reason: DeadLetterReason;
    readonly message: string;
    readonly fields?: readonly string[] | undefined;
  };
