import type { API_VERSION, Category } from "./observation.ts";
import type { Severity } from "./severity.ts";

/** How signals come in: read from the API, sent to us, or read from pod logs. */
export const INGESTER_KINDS = ["informer", "webhook", "logs"] as const;
/** One of {@link INGESTER_KINDS}. */
export type IngesterKind = (typeof INGESTER_KINDS)[number];

/** How the sender of a webhook shows who it is. */
export const AUTH_TYPES = ["none", "bearer", "basic", "hmac", "mtls"] as const;
/** One of {@link AUTH_TYPES}. */
export type AuthType = (typeof AUTH_TYPES)[number];

/** Group, version and resource (plural, lower case), as in discovery; the core group is "". */
export interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** `spec.webhook.auth`. */
export interface WebhookAuth {
  readonly type: AuthType;
  /** Name of a Secret in the Ingester's namespace. */
  readonly secretName?: string | undefined;
  readonly allowedSubjects?: readonly string[] | undefined;
  readonly allowedSANs?: readonly string[] | undefined;
}

/** `spec.webhook`. */
export interface WebhookSpec {
  readonly path?: string | undefined;
  readonly methods?: readonly ("POST" | "PUT")[] | undefined;
  readonly auth?: WebhookAuth | undefined;
  readonly allowedCIDRs?: readonly string[] | undefined;
  readonly rateLimit?: RateLimit | undefined;
  /** Bytes. */
  readonly maxBodyBytes?: number | undefined;
  readonly ack?: "created" | "spooled" | undefined;
}

/** A token bucket. */
export interface RateLimit {
  readonly requestsPerSecond: number;
  readonly burst?: number | undefined;
}

/** `spec.informer`. */
export interface InformerSpec {
  readonly gvr?: GroupVersionResource | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Go duration; "0": none. */
  readonly resyncPeriod?: string | undefined;
  /** Go duration: how long before its end a Certificate is near it. */
  readonly expiryWindow?: string | undefined;
}

/** `spec.logs`. */
export interface LogsSpec {
  readonly podSelector?: string | undefined;
  readonly container?: string | undefined;
  readonly patterns?:
    | readonly {
      readonly regex: string;
      readonly eventType?: string | undefined;
      readonly severity?: Severity | undefined;
    }[]
    | undefined;
  readonly sinceSeconds?: number | undefined;
}

/** `spec.normalization`. */
export interface NormalizationSpec {
  readonly category?: Category | undefined;
  readonly eventType?: string | undefined;
  readonly severityMap?: Readonly<Record<string, Severity>> | undefined;
  readonly priority?: Readonly<Record<string, number>> | undefined;
  readonly fieldMapping?: readonly { readonly from: string; readonly to: string }[] | undefined;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly resource?: {
    readonly apiVersion?: string | undefined;
    readonly kind?: string | undefined;
    readonly name?: string | undefined;
    readonly namespace?: string | undefined;
  } | undefined;
}

/** `spec.filters`; an explicit block replaces the preset's field by field. */
export interface FilterSpec {
  readonly enabled?: boolean | undefined;
  readonly expression?: string | undefined;
  readonly minSeverity?: Severity | undefined;
  readonly minPriority?: number | undefined;
  readonly includeSeverity?: readonly Severity[] | undefined;
  readonly includeNamespaces?: readonly string[] | undefined;
  readonly excludeNamespaces?: readonly string[] | undefined;
  readonly includeKinds?: readonly string[] | undefined;
  readonly excludeKinds?: readonly string[] | undefined;
  readonly includeCategories?: readonly Category[] | undefined;
  readonly excludeCategories?: readonly Category[] | undefined;
  readonly includeEventTypes?: readonly string[] | undefined;
  readonly excludeEventTypes?: readonly string[] | undefined;
  readonly includeRules?: readonly string[] | undefined;
  readonly excludeRules?: readonly string[] | undefined;
  /** Audit stages that are taken beside the preset's. */
  readonly stages?: readonly string[] | undefined;
}

/** What FILTER_CONFIGMAP_NAME says: a filter for all Ingesters, beside their own. */
export interface ClusterFilterSpec extends Omit<FilterSpec, "stages"> {
  /** Sources of which nothing is taken. */
  readonly disabledSources?: readonly string[] | undefined;
  /** Replaces the fields above, field by field, for findings of a source. */
  readonly sources?: Readonly<Record<string, Omit<FilterSpec, "stages">>> | undefined;
}

/** `spec.deduplication`. */
export interface DeduplicationSpec {
  readonly enabled?: boolean | undefined;
  readonly strategy?: "fingerprint" | "key" | undefined;
  readonly fields?: readonly string[] | undefined;
  /** Go duration, e.g. "60s". */
  readonly window?: string | undefined;
}

/** spec of an Ingester. */
export interface IngesterSpec {
  readonly source: string;
  readonly ingester?: IngesterKind | undefined;
  readonly suspend?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly namespaces?: readonly string[] | undefined;
  readonly informer?: InformerSpec | undefined;
  readonly webhook?: WebhookSpec | undefined;
  readonly logs?: LogsSpec | undefined;
  readonly normalization?: NormalizationSpec | undefined;
  readonly filters?: FilterSpec | undefined;
  readonly deduplication?: DeduplicationSpec | undefined;
  readonly rateLimit?: RateLimit | undefined;
  readonly ttl?: {
    readonly default?: string | undefined;
    readonly bySeverity?: Readonly<Partial<Record<Severity, string>>> | undefined;
  } | undefined;
  readonly budget?: {
    readonly maxObservations?: number | undefined;
    readonly onExceed?: "rollup" | "reject" | undefined;
  } | undefined;
  readonly errorHandling?: {
    readonly retry?: {
      readonly maxAttempts?: number | undefined;
      readonly backoff?: "constant" | "exponential" | undefined;
      readonly backoffBase?: string | undefined;
    } | undefined;
    readonly deadLetter?: boolean | undefined;
  } | undefined;
  readonly destinations?:
    | readonly {
      readonly type: "crd";
      readonly value?: string | undefined;
      readonly gvr?: GroupVersionResource | undefined;
    }[]
    | undefined;
}

/** Why an Ingester is ready, or is not. */
export const READY_REASONS = [
  "Running",
  "Suspended",
  "Invalid",
  "Forbidden",
  "SourceMissing",
  "Degraded",
] as const;
/** One of {@link READY_REASONS}. */
export type ReadyReason = (typeof READY_REASONS)[number];

/** metav1.Condition. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number | undefined;
}

/** status of an Ingester (subresource), written by the leader. */
export interface IngesterStatus {
  readonly observedGeneration?: number | undefined;
  readonly conditions?: readonly Condition[] | undefined;
  readonly lastSignalTime?: string | undefined;
  readonly checkpoint?: {
    readonly resourceVersion?: string | undefined;
    readonly time?: string | undefined;
  } | undefined;
  readonly observations?: number | undefined;
}

/** One Ingester as it lies in the cluster. */
export interface Ingester {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: "Ingester";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number | undefined;
    readonly creationTimestamp?: string | undefined;
  };
  readonly spec: IngesterSpec;
  readonly status?: IngesterStatus | undefined;
}
