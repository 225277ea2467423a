import { z } from "zod";
import type { Json, JsonObject } from "./json.ts";
import { SEVERITIES, type Severity } from "./severity.ts";

/** API group of both resources. */
export const GROUP = "zen.kube-zen.io" as const;
/** API version of both resources. */
export const VERSION = "v1alpha1" as const;
/** `apiVersion` of both resources. */
export const API_VERSION: "zen.kube-zen.io/v1alpha1" = `${GROUP}/${VERSION}`;
/** Where Observations are served. */
export const OBSERVATIONS: {
  readonly group: typeof GROUP;
  readonly version: typeof VERSION;
  readonly resource: "observations";
} = { group: GROUP, version: VERSION, resource: "observations" };
/** The fields of an Observation's spec that say what was found; the others say how it came here. */
export const FINDING_FIELDS = [
  "source",
  "category",
  "severity",
  "eventType",
  "title",
  "description",
  "detectedAt",
  "resource",
  "details",
  "priority",
] as const;

/** What kind of concern a finding is. */
export const CATEGORIES = ["security", "compliance", "performance", "operations", "cost"] as const;
/** One of {@link CATEGORIES}. */
export type Category = (typeof CATEGORIES)[number];

/** The object a finding is about; every field as in the Kubernetes API. */
export interface ResourceReference {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
}

/** The API object that a finding was read from, e.g. the VulnerabilityReport. */
export interface Origin extends ResourceReference {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

/** spec of an Observation. Times are RFC 3339. */
export interface ObservationSpec {
  readonly source?: string | undefined;
  readonly category?: Category | undefined;
  readonly severity?: Severity | undefined;
  readonly eventType?: string | undefined;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly detectedAt?: string | undefined;
  readonly resource?: ResourceReference | undefined;
  readonly details?: JsonObject | undefined;
  readonly fingerprint?: string | undefined;
  readonly ttlSecondsAfterCreation?: number | undefined;
  readonly ingester?: { readonly namespace: string; readonly name: string } | undefined;
  readonly origin?: Origin | undefined;
  readonly domain?: string | undefined;
  readonly type?: string | undefined;
  readonly priority?: number | undefined;
  readonly resources?: readonly JsonObject[] | undefined;
  readonly raw?: JsonObject | undefined;
  readonly adapter?: string | undefined;
  readonly expiresAt?: string | undefined;
  readonly processedAt?: string | undefined;
}

/** status of an Observation (subresource). */
export interface ObservationStatus {
  readonly phase?: "Active" | "Resolved" | undefined;
  readonly count?: number | undefined;
  readonly firstSeen?: string | undefined;
  readonly lastSeen?: string | undefined;
  readonly resolvedAt?: string | undefined;
}

/** One finding as it lies in the cluster. */
export interface Observation {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: "Observation";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>> | undefined;
    readonly annotations?: Readonly<Record<string, string>> | undefined;
    readonly uid?: string | undefined;
    readonly resourceVersion?: string | undefined;
    readonly creationTimestamp?: string | undefined;
  };
  readonly spec: ObservationSpec;
  readonly status?: ObservationStatus | undefined;
}

const free: z.ZodType<JsonObject> = z.record(z.string(), z.json() as z.ZodType<Json>);
const time = z.iso.datetime({ offset: true });
const reference = {
  apiVersion: z.string().max(253).describe("Group and version").optional(),
  kind: z.string().max(253).describe("Kind, e.g. Deployment").optional(),
  name: z.string().max(1024).describe("Name").optional(),
  namespace: z.string().max(253).describe("Namespace; absent for cluster-wide ones").optional(),
};
const hasAll = (...fields: readonly (keyof ObservationSpec)[]): string =>
  `(${fields.map((field) => `has(self.${field})`).join(" && ")})`;

/** Checks the spec of an Observation; the CRD is generated from it. */
export const observationSpecSchema: z.ZodType<ObservationSpec> = z.strictObject({
  source: z.string().regex(/^[a-z0-9-]+$/).max(63).describe("Source that saw it, e.g. trivy").optional(),
  category: z.enum(CATEGORIES).describe("Kind of concern").optional(),
  severity: z.enum(SEVERITIES).describe("How bad it is, worst first: critical, high, medium, low, info")
    .optional(),
  eventType: z.string().regex(/^[a-z0-9_]+$/).max(253).describe("What happened, e.g. vulnerability")
    .optional(),
  title: z.string().max(1024).describe("One line for people").optional(),
  description: z.string().max(8192).describe("More, for people").optional(),
  detectedAt: time.describe("The signal's own time").optional(),
  resource: z.strictObject(reference).describe("The object it is about").optional(),
  details: free.describe("What the source says beside; at most 32 KiB").optional(),
  fingerprint: z.string().max(128).describe("SHA-256 over the finding's identity, hexadecimal").optional(),
  ttlSecondsAfterCreation: z.int32().min(1).describe("Seconds until it is collected, from its last sight")
    .optional(),
  ingester: z.strictObject({
    namespace: z.string().max(63).describe("Its namespace"),
    name: z.string().max(253).describe("Its name"),
  }).describe("The Ingester that owns it").optional(),
  origin: z.strictObject({
    ...reference,
    uid: z.string().max(128).describe("Its uid").optional(),
    resourceVersion: z.string().max(64).describe("Its version when it was read").optional(),
  }).describe("The API object it was read from").optional(),
  domain: z.string().max(253).describe("For other writers").optional(),
  type: z.string().max(253).describe("For other writers").optional(),
  priority: z.number().min(0).max(1).describe("Weight from 0 to 1").optional(),
  resources: z.array(free).max(256).describe("For other writers").optional(),
  raw: free.describe("For other writers").optional(),
  adapter: z.string().max(253).describe("For other writers").optional(),
  expiresAt: time.describe("For other writers: when it is collected").optional(),
  processedAt: time.describe("For other writers").optional(),
}).meta({
  "x-kubernetes-validations": [{
    rule: `${hasAll("category", "severity", "eventType")} || ${
      hasAll("domain", "type", "priority", "title", "description", "detectedAt")
    }`,
    message: "either category, severity and eventType must be given, " +
      "or domain, type, priority, title, description and detectedAt",
  }],
}).describe("What was seen");

/** Checks the status of an Observation; the CRD is generated from it. */
export const observationStatusSchema: z.ZodType<ObservationStatus> = z.strictObject({
  phase: z.enum(["Active", "Resolved"]).describe("Active until the finding is gone").optional(),
  count: z.int().min(0).describe("How often it was seen").optional(),
  firstSeen: time.describe("Absent means detectedAt").optional(),
  lastSeen: time.describe("Absent means detectedAt").optional(),
  resolvedAt: time.describe("When it was seen to be gone").optional(),
}).describe("What became of it since");
