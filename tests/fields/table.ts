import type { FilterSpec, IngesterSpec, NormalizationSpec } from "../../src/model/ingester.ts";
import type { Json, JsonObject } from "../../src/model/json.ts";
import { SEVERITIES } from "../../src/model/severity.ts";
import {
  compiledOf,
  doorOf,
  kindOf,
  lineWritten,
  type Look,
  type Payload,
  type Probe,
  staying,
  targetsOf,
  verdictsOf,
  writtenOf,
} from "./effects.ts";

/** A field, a value for it, and what one sees of it. */
export interface FieldRow {
  readonly field: string;
  /** The Ingester with the field. */
  readonly spec: IngesterSpec;
  /** The same Ingester without it, or with another value. */
  readonly without: IngesterSpec;
  readonly see: Look | Probe;
  readonly gives: Json;
  readonly otherwise: Json;
  /** Tests in which it is seen from outside, `file: name`, where the compiled Ingester is not yet the effect. */
  readonly shownBy?: readonly string[];
}

const OPEN = { auth: { type: "none" } } as const;
const TOOL: IngesterSpec = { source: "tool", webhook: OPEN };
const FALCO: IngesterSpec = { source: "falco", webhook: OPEN };
const EVENTS: IngesterSpec = { source: "kubernetes-events" };
const PATTERN = { regex: "denied (?P<user>\\w+)" };
const LOGS: IngesterSpec = { source: "lines", ingester: "logs", logs: { patterns: [PATTERN] } };
const GVR = { group: "apps", version: "v1beta1", resource: "deployments" };
const SHELL: Payload = (nonce) => ({
  rule: "Terminal shell in container",
  priority: "Warning",
  output: "A shell",
  time: "2026-01-02T11:59:00Z",
  output_fields: { "k8s.ns.name": "shop", "k8s.pod.name": "web", "container.id": nonce },
});
const PAYLOAD: Payload = (nonce) => ({
  level: "ERROR",
  what: "it broke",
  where: { ns: "shop", name: "web" },
  nonce,
});
const INFORMER_TESTS = "tests/integration/ingesters_test.ts: an edit of an informer's Ingester takes effect";
const DOOR_TESTS = "tests/integration/webhook_doors_test.ts: ";
const WEBHOOK_TESTS = "tests/integration/ingesters_test.ts: an edit of a webhook's Ingester takes effect";

function webhook(field: string, value: NonNullable<IngesterSpec["webhook"]>): IngesterSpec {
  return { ...TOOL, webhook: { ...OPEN, [field]: value[field as keyof typeof value] } };
}

/** One of `filters` keeps Falco's event when it says one thing, and leaves it out when it says another. */
function filtered(
  field: keyof FilterSpec,
  kept: FilterSpec[keyof FilterSpec],
  leaving: FilterSpec[keyof FilterSpec],
  reason: string,
): FieldRow {
  return {
    field: `spec.filters.${field}`,
    spec: { ...FALCO, filters: { [field]: leaving } },
    without: { ...FALCO, filters: { [field]: kept } },
    see: verdictsOf(SHELL),
    gives: [`filtered ${reason}`],
    otherwise: ["created"],
  };
}

/** One of `normalization` changes what is written of a payload of one's own. */
function reworded(
  field: string,
  normalization: NormalizationSpec,
  seen: string,
  gives: Json,
  otherwise: Json,
  without: NormalizationSpec = {},
): FieldRow {
  return {
    field: `spec.normalization.${field}`,
    spec: { ...TOOL, normalization },
    without: { ...TOOL, normalization: without },
    see: writtenOf(seen, PAYLOAD),
    gives,
    otherwise,
  };
}

const LEVEL = [{ from: "level", to: "severity" }];

const source: readonly FieldRow[] = [
  {
    field: "spec.source",
    spec: { source: "falco", webhook: OPEN },
    without: { source: "tool", webhook: OPEN },
    see: writtenOf("spec.source", SHELL),
    gives: "falco",
    otherwise: "tool",
  },
  {
    field: "spec.ingester",
    spec: { source: "own", ingester: "informer", informer: { gvr: GVR } },
    without: { source: "own" },
    see: kindOf,
    gives: "informer",
    otherwise: "webhook",
  },
  {
    field: "spec.suspend",
    spec: { ...TOOL, suspend: true },
    without: TOOL,
    see: kindOf,
    gives: "suspended",
    otherwise: "webhook",
    shownBy: [WEBHOOK_TESTS, INFORMER_TESTS],
  },
  {
    field: "spec.dryRun",
    spec: { ...TOOL, dryRun: true },
    without: TOOL,
    see: verdictsOf(PAYLOAD),
    gives: ["filtered dry_run"],
    otherwise: ["created"],
  },
  {
    field: "spec.namespaces",
    spec: { ...EVENTS, namespaces: ["a", "b"] },
    without: EVENTS,
    see: targetsOf("namespace"),
    gives: ["a", "b"],
    otherwise: [null],
    shownBy: [INFORMER_TESTS],
  },
];

const informer: readonly FieldRow[] = [
  ...(["group", "version", "resource"] as const).map((part): FieldRow => ({
    field: `spec.informer.gvr.${part}`,
    spec: { ...EVENTS, informer: { gvr: GVR } },
    without: EVENTS,
    see: targetsOf(`gvr.${part}`),
    gives: [GVR[part]],
    otherwise: [{ group: "", version: "v1", resource: "events" }[part]],
  })),
  ...(["labelSelector", "fieldSelector"] as const).map((selector): FieldRow => ({
    field: `spec.informer.${selector}`,
    spec: { ...EVENTS, informer: { [selector]: "a=b" } },
    without: EVENTS,
    see: targetsOf(selector),
    gives: ["a=b"],
    otherwise: [null],
  })),
];

const informerTimes: readonly FieldRow[] = [
  {
    field: "spec.informer.resyncPeriod",
    spec: { source: "trivy", informer: { resyncPeriod: "1h" } },
    without: { source: "trivy" },
    see: compiledOf("resyncMilliseconds"),
    gives: 3600_000,
    otherwise: null,
  },
  {
    field: "spec.informer.expiryWindow",
    spec: { source: "cert-manager", informer: { expiryWindow: "720h" } },
    without: { source: "cert-manager" },
    see: compiledOf("lane.expiryWindowSeconds"),
    gives: 2592000,
    otherwise: null,
  },
];

const doors: readonly FieldRow[] = [
  {
    field: "spec.webhook.path",
    spec: webhook("path", { path: "/hooks/tool" }),
    without: TOOL,
    see: doorOf("path"),
    gives: "/hooks/tool",
    otherwise: "/ingest/tool",
    shownBy: [WEBHOOK_TESTS],
  },
  {
    field: "spec.webhook.methods",
    spec: webhook("methods", { methods: ["PUT"] }),
    without: TOOL,
    see: doorOf("methods"),
    gives: ["PUT"],
    otherwise: ["POST"],
    shownBy: ["tests/intake/intake_app_test.ts: another method"],
  },
  {
    field: "spec.webhook.auth.type",
    spec: { ...TOOL, webhook: { auth: { type: "bearer", secretName: "token" } } },
    without: TOOL,
    see: doorOf("auth.type"),
    gives: "bearer",
    otherwise: "none",
    shownBy: ["tests/intake/authenticate_test.ts: who is refused is told what to do"],
  },
  {
    field: "spec.webhook.auth.secretName",
    spec: { ...TOOL, webhook: { auth: { type: "bearer", secretName: "token" } } },
    without: { ...TOOL, webhook: { auth: { type: "bearer", secretName: "other" } } },
    see: doorOf("auth.secretName"),
    gives: "token",
    otherwise: "other",
    shownBy: ["tests/intake/intake_app_test.ts: a Secret that cannot be read is 503 for who shows a token"],
  },
  ...(["allowedSubjects", "allowedSANs"] as const).map((list): FieldRow => ({
    field: `spec.webhook.auth.${list}`,
    spec: { ...TOOL, webhook: { auth: { type: "mtls", [list]: ["falco"] } } },
    without: { ...TOOL, webhook: { auth: { type: "mtls" } } },
    see: doorOf(`auth.${list}`),
    gives: ["falco"],
    otherwise: null,
    shownBy: [`${DOOR_TESTS}with authorities of clients, a certificate lets in whom the Ingester names`],
  })),
  {
    field: "spec.webhook.allowedCIDRs",
    spec: webhook("allowedCIDRs", { allowedCIDRs: ["10.0.0.0/8", "fd00::/8"] }),
    without: TOOL,
    see: doorOf("allowedRanges.length"),
    gives: 2,
    otherwise: 0,
    shownBy: [`${DOOR_TESTS}webhooks let in who may`],
  },
  ...(["requestsPerSecond", "burst"] as const).map((part): FieldRow => ({
    field: `spec.webhook.rateLimit.${part}`,
    spec: webhook("rateLimit", { rateLimit: { requestsPerSecond: 2, burst: 5 } }),
    without: TOOL,
    see: doorOf(`rateLimit.${part}`),
    gives: { requestsPerSecond: 2, burst: 5 }[part],
    otherwise: null,
    shownBy: [`${DOOR_TESTS}webhooks let in who may`],
  })),
  {
    field: "spec.webhook.maxBodyBytes",
    spec: webhook("maxBodyBytes", { maxBodyBytes: 10 }),
    without: TOOL,
    see: doorOf("maxBodyBytes"),
    gives: 10,
    otherwise: 1048576,
    shownBy: [
      "tests/intake/read_body_test.ts: a body of unknown length is given up as soon as it is too large",
    ],
  },
  {
    field: "spec.webhook.ack",
    spec: webhook("ack", { ack: "spooled" }),
    without: TOOL,
    see: doorOf("ack"),
    gives: "spooled",
    otherwise: "created",
    shownBy: ["tests/intake/webhook_spool_test.ts: ack: spooled is on disk before anything is written"],
  },
];

const logs: readonly FieldRow[] = [
  ...(["podSelector", "container"] as const).map((selector): FieldRow => ({
    field: `spec.logs.${selector}`,
    spec: { ...LOGS, logs: { ...LOGS.logs, [selector]: "web" } },
    without: LOGS,
    see: targetsOf(selector),
    gives: ["web"],
    otherwise: [null],
  })),
  {
    field: "spec.logs.patterns[].regex",
    spec: LOGS,
    without: { ...LOGS, logs: { patterns: [{ regex: "granted" }] } },
    see: lineWritten("spec.details.user", "denied mallory"),
    gives: "mallory",
    otherwise: null,
  },
  {
    field: "spec.logs.patterns[].eventType",
    spec: { ...LOGS, logs: { patterns: [{ ...PATTERN, eventType: "denied" }] } },
    without: LOGS,
    see: lineWritten("spec.eventType", "denied mallory"),
    gives: "denied",
    otherwise: "log_match",
  },
  {
    field: "spec.logs.patterns[].severity",
    spec: { ...LOGS, logs: { patterns: [{ ...PATTERN, severity: "low" }] } },
    without: LOGS,
    see: lineWritten("spec.severity", "denied mallory"),
    gives: "low",
    otherwise: "high",
  },
  {
    field: "spec.logs.sinceSeconds",
    spec: { ...LOGS, logs: { ...LOGS.logs, sinceSeconds: 60 } },
    without: LOGS,
    see: compiledOf("logs.sinceSeconds"),
    gives: 60,
    otherwise: 0,
    shownBy: [
      "tests/source/pod_logs_test.ts: Where nothing is to be resumed, it is read as far back as was asked",
    ],
  },
];

const normalization: readonly FieldRow[] = [
  reworded("category", { category: "cost" }, "spec.category", "cost", "operations"),
  reworded("eventType", { eventType: "broken" }, "spec.eventType", "broken", "generic"),
  reworded(
    "severityMap",
    { severityMap: { ERROR: "critical" }, fieldMapping: LEVEL },
    "spec.severity",
    "critical",
    "high",
    { severityMap: { error: "high" }, fieldMapping: LEVEL },
  ),
  reworded(
    "priority",
    { priority: { ERROR: 0.7 }, fieldMapping: [{ from: "level", to: "priority" }] },
    "spec.priority",
    0.7,
    null,
  ),
  reworded(
    "fieldMapping[].from",
    { fieldMapping: [{ from: "what", to: "title" }] },
    "spec.title",
    "it broke",
    "web",
    { fieldMapping: [{ from: "where.name", to: "title" }] },
  ),
  reworded(
    "fieldMapping[].to",
    { fieldMapping: [{ from: "what", to: "details.found" }] },
    "spec.details.found",
    "it broke",
    null,
    { fieldMapping: [{ from: "what", to: "details.other" }] },
  ),
  reworded("title", { title: "Broken: {{ .what }}" }, "spec.title", "Broken: it broke", "tool signal"),
  reworded("description", { description: "In {{ .where.ns }}" }, "spec.description", "In shop", null),
  reworded(
    "resource.apiVersion",
    { resource: { apiVersion: "'apps/v1'" } },
    "spec.resource.apiVersion",
    "apps/v1",
    null,
  ),
  reworded("resource.kind", { resource: { kind: "'Pod'" } }, "spec.resource.kind", "Pod", null),
  reworded("resource.name", { resource: { name: "signal.where.name" } }, "spec.resource.name", "web", null),
  reworded(
    "resource.namespace",
    { resource: { namespace: "signal.where.ns" } },
    "metadata.namespace",
    "shop",
    "zen",
  ),
];

const filters: readonly FieldRow[] = [
  {
    field: "spec.filters.enabled",
    spec: { ...FALCO, filters: { enabled: false, minSeverity: "critical" } },
    without: { ...FALCO, filters: { enabled: true, minSeverity: "critical" } },
    see: verdictsOf(SHELL),
    gives: ["created"],
    otherwise: ["filtered severity"],
  },
  filtered(
    "expression",
    "observation.spec.severity == 'medium'",
    "signal.priority == 'Critical'",
    "expression",
  ),
  filtered("minSeverity", "medium", "high", "severity"),
  filtered("minPriority", 0.5, 0.6, "priority"),
  filtered("includeSeverity", ["medium"], ["high"], "severity"),
  filtered("includeNamespaces", ["shop"], ["other"], "namespace"),
  filtered("excludeNamespaces", ["other"], ["shop"], "namespace"),
  filtered("includeKinds", ["Pod"], ["Node"], "kind"),
  filtered("excludeKinds", ["Node"], ["Pod"], "kind"),
  filtered("includeCategories", ["security"], ["cost"], "category"),
  filtered("excludeCategories", ["cost"], ["security"], "category"),
  filtered("includeEventTypes", ["terminal_*"], ["other"], "event_type"),
  filtered("excludeEventTypes", ["other"], ["terminal_*"], "event_type"),
  filtered("includeRules", ["Terminal*"], ["Other"], "rule"),
  filtered("excludeRules", ["Other"], ["Terminal*"], "rule"),
  {
    field: "spec.filters.stages",
    spec: { source: "audit", webhook: OPEN, filters: { stages: ["RequestReceived"] } },
    without: { source: "audit", webhook: OPEN },
    see: verdictsOf((nonce) => ({
      apiVersion: "audit.k8s.io/v1",
      kind: "Event",
      auditID: nonce,
      stage: "RequestReceived",
      verb: "delete",
      requestURI: "/api/v1/namespaces/a/pods/b",
      user: { username: "alice" },
      objectRef: { resource: "pods", namespace: "a", name: "b" },
    })),
    gives: ["created"],
    otherwise: ["filtered stage"],
  },
];

const NOON = "2026-01-02T12:00:00Z";
const SAME = [1, 2].map((turn): Payload => (nonce) => ({ what: nonce, turn: `${nonce}-${turn}` }));
const shellAt = (time: string, output = "A shell"): Payload => (nonce) => ({
  ...SHELL(nonce) as JsonObject,
  time,
  output,
});
const KEY = { strategy: "key", fields: ["what"] } as const;
const deduplication: readonly FieldRow[] = [
  {
    field: "spec.deduplication.enabled",
    spec: { ...FALCO, deduplication: { enabled: false } },
    without: FALCO,
    see: staying(shellAt(NOON), shellAt(NOON, "A shell again")),
    gives: 2,
    otherwise: 1,
  },
  {
    field: "spec.deduplication.strategy",
    spec: { ...TOOL, deduplication: KEY },
    without: { ...TOOL, deduplication: { ...KEY, strategy: "fingerprint" } },
    see: staying(...SAME),
    gives: 1,
    otherwise: 2,
  },
  {
    field: "spec.deduplication.fields",
    spec: { ...TOOL, deduplication: KEY },
    without: { ...TOOL, deduplication: { ...KEY, fields: ["turn"] } },
    see: staying(...SAME),
    gives: 1,
    otherwise: 2,
  },
  {
    field: "spec.deduplication.window",
    spec: { ...FALCO, deduplication: { window: "1h" } },
    without: { ...FALCO, deduplication: { window: "1m" } },
    see: staying(shellAt("2026-01-02T11:00:00Z"), shellAt("2026-01-02T11:30:00Z")),
    gives: 1,
    otherwise: 2,
  },
];

const ttl: readonly FieldRow[] = [
  {
    field: "spec.ttl.default",
    spec: { ...TOOL, ttl: { default: "2m" } },
    without: TOOL,
    see: writtenOf("spec.ttlSecondsAfterCreation", PAYLOAD),
    gives: 120,
    otherwise: 3600,
    shownBy: ["tests/write/collector_test.ts: When an Observation expires is one table"],
  },
  ...SEVERITIES.map((severity): FieldRow => ({
    field: `spec.ttl.bySeverity.${severity}`,
    spec: { ...TOOL, normalization: { fieldMapping: LEVEL }, ttl: { bySeverity: { [severity]: "1m" } } },
    without: { ...TOOL, normalization: { fieldMapping: LEVEL } },
    see: writtenOf("spec.ttlSecondsAfterCreation", (nonce) => ({ level: severity, nonce })),
    gives: 60,
    otherwise: 3600,
  })),
];

const limits: readonly FieldRow[] = [
  ...(["requestsPerSecond", "burst"] as const).map((part): FieldRow => ({
    field: `spec.rateLimit.${part}`,
    spec: { ...TOOL, rateLimit: { requestsPerSecond: 2, burst: 5 } },
    without: TOOL,
    see: compiledOf(`lane.rateLimit.${part}`),
    gives: { requestsPerSecond: 2, burst: 5 }[part],
    otherwise: null,
    shownBy: ["tests/write/rate_limit_test.ts: So many as the burst pass at once, and the rest at the rate"],
  })),
  {
    field: "spec.budget.maxObservations",
    spec: { ...TOOL, budget: { maxObservations: 10 } },
    without: TOOL,
    see: compiledOf("lane.budget.maxObservations"),
    gives: 10,
    otherwise: 50000,
    shownBy: ["tests/write/budget_test.ts: A changed rule is in force at once"],
  },
  {
    field: "spec.budget.onExceed",
    spec: { ...TOOL, budget: { onExceed: "reject" } },
    without: TOOL,
    see: compiledOf("lane.budget.onExceed"),
    gives: "reject",
    otherwise: "rollup",
    shownBy: [
      "tests/pipeline/finding_writer_test.ts: With onExceed reject what is beyond the budget is rejected",
    ],
  },
  {
    field: "spec.errorHandling.retry.maxAttempts",
    spec: { ...TOOL, errorHandling: { retry: { maxAttempts: 3 } } },
    without: TOOL,
    see: compiledOf("lane.errorHandling.retry.maxAttempts"),
    gives: 3,
    otherwise: null,
    shownBy: ["tests/write/retry_test.ts: Only a rule that says how often exhausts"],
  },
  {
    field: "spec.errorHandling.retry.backoff",
    spec: { ...TOOL, errorHandling: { retry: { backoff: "constant" } } },
    without: { ...TOOL, errorHandling: { retry: {} } },
    see: compiledOf("lane.errorHandling.retry.backoff"),
    gives: "constant",
    otherwise: "exponential",
    shownBy: ["tests/write/retry_test.ts: Waits stay or double, up to 15 s or the first one"],
  },
  {
    field: "spec.errorHandling.retry.backoffBase",
    spec: { ...TOOL, errorHandling: { retry: { backoffBase: "3s" } } },
    without: TOOL,
    see: compiledOf("lane.errorHandling.retry.baseMilliseconds"),
    gives: 3000,
    otherwise: null,
    shownBy: ["tests/write/retry_test.ts: Waits stay or double, up to 15 s or the first one"],
  },
  {
    field: "spec.errorHandling.deadLetter",
    spec: { ...TOOL, errorHandling: { deadLetter: false } },
    without: { ...TOOL, errorHandling: { deadLetter: true } },
    see: compiledOf("lane.errorHandling.keepsDeadLetters"),
    gives: false,
    otherwise: true,
    shownBy: [
      "tests/pipeline/observation_sink_test.ts: What is tried too often is laid aside, or given up where no dead letter",
    ],
  },
];

const FINDINGS = { group: "example.com", version: "v1", resource: "findings" };
const destinations: readonly FieldRow[] = [
  ...(["group", "version", "resource"] as const).map((part): FieldRow => ({
    field: `spec.destinations[].gvr.${part}`,
    spec: { ...TOOL, destinations: [{ type: "crd", gvr: FINDINGS }] },
    without: TOOL,
    see: compiledOf(`lane.destinations.others.0.${part}`),
    gives: FINDINGS[part],
    otherwise: null,
    shownBy: ["tests/pipeline/finding_writer_test.ts: Each destination has its object before the verdict"],
  })),
  {
    field: "spec.destinations[].type",
    spec: { ...TOOL, destinations: [{ type: "crd" }] },
    without: { ...TOOL, destinations: [{ type: "file" as "crd" }] },
    see: kindOf,
    gives: "webhook",
    otherwise: "invalid",
  },
  {
    field: "spec.destinations[].value",
    spec: { ...TOOL, destinations: [{ type: "crd", value: "observations" }] },
    without: { ...TOOL, destinations: [{ type: "crd", value: "secrets" }] },
    see: kindOf,
    gives: "webhook",
    otherwise: "invalid",
  },
];

/** Every field of an Ingester's spec that this program follows, with what one sees of it. */
export const FIELD_ROWS: readonly FieldRow[] = [
  ...source,
  ...informer,
  ...informerTimes,
  ...doors,
  ...logs,
  ...normalization,
  ...filters,
  ...deduplication,
  ...ttl,
  ...limits,
  ...destinations,
];
