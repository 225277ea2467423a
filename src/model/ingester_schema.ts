import { z } from "zod";
import {
  AUTH_TYPES,
  type ClusterFilterSpec,
  INGESTER_KINDS,
  type IngesterKind,
  type IngesterSpec,
  type IngesterStatus,
  READY_REASONS,
} from "./ingester.ts";
import type { JsonObject } from "./json.ts";
import { CATEGORIES } from "./observation.ts";
import { SEVERITIES } from "./severity.ts";

const label63 = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const duration = z.string().max(32).regex(/^(0|([0-9]+(\.[0-9]+)?(ms|s|m|h))+)$/);
const eventType = z.string().max(63).regex(/^[a-z0-9_]+$/);
const time = z.iso.datetime({ offset: true });
const rateLimit = z.strictObject({
  requestsPerSecond: z.number().gt(0).max(100000).describe("How many on average"),
  burst: z.int32().min(1).max(100000).describe("How many at once").optional(),
});
const gvr = z.strictObject({
  group: z.string().max(253).regex(/^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$/).describe(
    'API group; "" for the core group',
  ),
  version: z.string().max(63).regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/).describe("Version, e.g. v1alpha1"),
  resource: z.string().min(1).max(253).regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/).describe(
    "Plural, lower case",
  ),
});
const names = z.array(z.string().min(1).max(253)).max(500);

/** Sources by the kind of their preset; used by the CEL rules that refuse what cannot work. */
const INFORMER_PRESETS = ["trivy", "kyverno", "kubernetes-events", "kube-bench", "checkov", "cert-manager"];
const LOGS_PRESETS = ["sealed-secrets"];
const WEBHOOK_PRESETS = ["falco", "audit", "alertmanager"];
const listed = (values: readonly string[]): string => `[${values.map((v) => `'${v}'`).join(", ")}]`;
const blockRule = (block: IngesterKind, otherPresets: readonly string[]): JsonObject => ({
  rule: `!has(self.${block}) || (has(self.ingester) ? self.ingester == '${block}' : !(self.source in ${
    listed(otherPresets)
  }))`,
  message: `block ${block} needs ingester ${block}`,
});
const rules = (...validations: readonly JsonObject[]): Record<string, unknown> => ({
  "x-kubernetes-validations": validations,
});

/** For what would mean nothing at 0. */
const atLeastOneSecond = duration.meta(rules({
  rule: "duration(self) >= duration('1s')",
  message: "must be at least 1s",
}));

const informer = z.strictObject({
  gvr: gvr.describe("The resource to watch, as in discovery; defaults to the preset's").optional(),
  labelSelector: z.string().max(1024).describe("Only objects with these labels").optional(),
  fieldSelector: z.string().max(1024).describe("Only objects with these fields").optional(),
  resyncPeriod: duration.meta(rules({
    rule: "self == '0' || duration(self) == duration('0s') || duration(self) >= duration('10s')",
    message: "must be 0 or at least 10s",
  })).describe('Go duration after which everything is listed again; "0", the default: none').optional(),
  expiryWindow: atLeastOneSecond.describe(
    "For Certificates: Go duration before the end in which one is near it; default 168h",
  ).optional(),
});

const webhook = z.strictObject({
  path: z.string().max(253).regex(/^\/[A-Za-z0-9._~/-]+$/)
    .describe("Path on WEBHOOK_PORT; defaults to /ingest/<source>").optional(),
  methods: z.array(z.enum(["POST", "PUT"])).min(1).max(2).describe("Defaults to POST").optional(),
  auth: z.strictObject({
    type: z.enum(AUTH_TYPES).describe("How the sender shows who it is; none must be said"),
    secretName: z.string().min(1).max(253).describe("Secret in the Ingester's namespace").optional(),
    allowedSubjects: names.describe("For mtls: subjects of client certificates").optional(),
    allowedSANs: names.describe("For mtls: alternative names of client certificates").optional(),
  }).meta(rules({
    rule: "!(self.type in ['bearer', 'basic', 'hmac']) || has(self.secretName)",
    message: "auth of type bearer, basic or hmac needs secretName",
  })).describe("Without it every request is refused with 401").optional(),
  allowedCIDRs: z.array(z.string().max(64)).max(100).describe("Only senders in these ranges").optional(),
  rateLimit: rateLimit.describe("Above it a sender is answered 429").optional(),
  maxBodyBytes: z.int32().min(1).max(67108864).describe("Bytes; default 1 MiB").optional(),
  ack: z.enum(["created", "spooled"]).describe("What an answer of success waits for").optional(),
});

const logs = z.strictObject({
  podSelector: z.string().max(1024).describe("Only pods with these labels").optional(),
  container: z.string().max(63).describe("Only this container").optional(),
  patterns: z.array(z.strictObject({
    regex: z.string().min(1).max(1024).describe("Regular expression with named groups"),
    eventType: eventType.describe("What a match is; default log_match").optional(),
    severity: z.enum(SEVERITIES).describe("How bad a match is").optional(),
  })).max(100).describe("What makes a line a finding").optional(),
  sinceSeconds: z.int32().min(0).describe("How far back to read at first").optional(),
});

const normalization = z.strictObject({
  category: z.enum(CATEGORIES).describe("Category of every Observation").optional(),
  eventType: eventType.describe("Event type of every Observation").optional(),
  severityMap: z.record(z.string(), z.enum(SEVERITIES)).describe(
    "The payload's word to our severity, in any case",
  )
    .optional(),
  priority: z.record(z.string(), z.number().min(0).max(1)).describe(
    "The payload's word to 0 to 1, in any case",
  )
    .optional(),
  fieldMapping: z.array(z.strictObject({
    from: z.string().min(1).max(1024).describe(
      "Path in the payload, e.g. alert.labels['app.name'] or items[0].id",
    ),
    to: z.string().min(1).max(1024).describe(
      "Where it goes in the Observation's spec: title, description, severity, priority, eventType, category, " +
        "detectedAt, resource.<field> or details.<path>",
    ),
  })).max(100).describe("What is copied from the payload").optional(),
  title: z.string().max(1024).describe('Template, e.g. {{ .alert.name | default "An alert" }}').optional(),
  description: z.string().max(4096).describe("Template, as for title").optional(),
  resource: z.strictObject({
    apiVersion: z.string().max(1024).describe("CEL over observation, signal that gives a string").optional(),
    kind: z.string().max(1024).describe("CEL over observation, signal that gives a string").optional(),
    name: z.string().max(1024).describe("CEL over observation, signal that gives a string").optional(),
    namespace: z.string().max(1024).describe("CEL over observation, signal that gives a string").optional(),
  }).describe("The object it is about").optional(),
});

const filterFields = {
  enabled: z.boolean().describe("false: nothing is left out").optional(),
  expression: z.string().max(4096).describe(
    "CEL over observation, signal; what is true is kept, and what it cannot judge",
  ).optional(),
  minSeverity: z.enum(SEVERITIES).describe("This severity and worse").optional(),
  minPriority: z.number().min(0).max(1).describe(
    "This priority and above; without one it goes by severity: 1, 0.8, 0.5, 0.3, 0.1",
  ).optional(),
  includeSeverity: z.array(z.enum(SEVERITIES)).max(5).describe("Only these").optional(),
  includeNamespaces: names.describe("Only resources in these").optional(),
  excludeNamespaces: names.describe("No resources in these").optional(),
  includeKinds: names.describe("Only resources of these kinds").optional(),
  excludeKinds: names.describe("No resources of these kinds").optional(),
  includeCategories: z.array(z.enum(CATEGORIES)).max(5).describe("Only these").optional(),
  excludeCategories: z.array(z.enum(CATEGORIES)).max(5).describe("None of these").optional(),
  includeEventTypes: names.describe("Only these").optional(),
  excludeEventTypes: names.describe("None of these").optional(),
  includeRules: names.describe("Only these rules, policies, checks or vulnerabilities").optional(),
  excludeRules: names.describe("None of these rules, policies, checks or vulnerabilities").optional(),
};
const filters = z.strictObject({
  ...filterFields,
  stages: z.array(z.enum(["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"])).max(4)
    .describe("Audit stages that are taken beside the preset's").optional(),
});

const deduplication = z.strictObject({
  enabled: z.boolean().describe(
    "false: every signal is an Observation of its own; a signal read again is still the same",
  ).optional(),
  strategy: z.enum(["fingerprint", "key"]).describe("The preset's identity, or fields").optional(),
  fields: z.array(z.string().min(1).max(253)).max(32).describe(
    "For strategy key: paths in the payload, or from observation.spec on, whose values make it the same",
  )
    .optional(),
  window: atLeastOneSecond.describe("Go duration; default DEDUP_WINDOW_SECONDS").optional(),
}).meta(rules({
  rule: "!has(self.strategy) || self.strategy != 'key' || (has(self.fields) && size(self.fields) > 0)",
  message: "strategy key needs fields",
}));

const errorHandling = z.strictObject({
  retry: z.strictObject({
    maxAttempts: z.int32().min(1).max(1000).describe(
      "How often a write that may pass later is tried; then it is a dead letter; default without end",
    ).optional(),
    backoff: z.enum(["constant", "exponential"]).describe(
      "How the wait grows; default exponential, up to 15s",
    ).optional(),
    backoffBase: duration.describe("Go duration of the first wait; default 50ms").optional(),
  }).describe("For writes that may pass later").optional(),
  deadLetter: z.boolean().describe("Keep what the API server refuses for good; default true").optional(),
});

/** Checks the spec of an Ingester; the CRD is generated from it. */
export const ingesterSpecSchema: z.ZodType<IngesterSpec> = z.strictObject({
  source: z.string().max(63).regex(label63)
    .describe(
      "Name of the source; a preset (trivy, kyverno, falco, audit, kubernetes-events, ...) or your own",
    ),
  ingester: z.enum(INGESTER_KINDS).describe("How signals come in; defaults to the preset's").optional(),
  suspend: z.boolean().describe("Stop reading; what was read stays").optional(),
  dryRun: z.boolean().describe("Run up to the verdict, but write nothing").optional(),
  namespaces: z.array(z.string().max(63).regex(label63)).max(500)
    .describe("Only these; empty: all that the Ingester may see").optional(),
  informer: informer.describe("For sources read from the API").optional(),
  webhook: webhook.describe("For sources that send to us").optional(),
  logs: logs.describe("For sources read from pod logs").optional(),
  normalization: normalization.describe("How a payload becomes an Observation").optional(),
  filters: filters.describe("What is left out; replaces the preset's filter field by field").optional(),
  deduplication: deduplication.describe("What counts as the same").optional(),
  rateLimit: rateLimit.describe("Above it signals wait; nothing is dropped").optional(),
  ttl: z.strictObject({
    default: atLeastOneSecond.describe("Go duration").optional(),
    bySeverity: z.partialRecord(z.enum(SEVERITIES), atLeastOneSecond.describe("Go duration"))
      .describe("Instead of the default").optional(),
  }).describe("How long event-like Observations live after their last sight").optional(),
  budget: z.strictObject({
    maxObservations: z.int32().min(0).describe("Default 50000; 0: none").optional(),
    onExceed: z.enum(["rollup", "reject"]).describe("What happens above it; default rollup").optional(),
  }).describe("Ceiling on the number of Observations").optional(),
  errorHandling: errorHandling.describe("What happens when a write fails").optional(),
  destinations: z.array(z.strictObject({
    type: z.enum(["crd"]).describe("A custom resource"),
    value: z.string().max(253).describe("observations").optional(),
    gvr: gvr.describe("Another custom resource, if DESTINATION_ALLOWLIST names it").optional(),
  })).max(10).describe("Where findings go; default Observations").optional(),
}).meta(rules(
  blockRule("webhook", [...INFORMER_PRESETS, ...LOGS_PRESETS]),
  blockRule("informer", [...WEBHOOK_PRESETS, ...LOGS_PRESETS]),
  blockRule("logs", [...WEBHOOK_PRESETS, ...INFORMER_PRESETS]),
  {
    rule: "[has(self.webhook), has(self.informer), has(self.logs)].filter(given, given).size() <= 1",
    message: "at most one of the blocks webhook, informer and logs may be given",
  },
  {
    rule: `!has(self.ingester) || self.ingester != 'informer' || self.source in ${
      listed(INFORMER_PRESETS)
    } || (has(self.informer) && has(self.informer.gvr))`,
    message: "ingester informer needs informer.gvr, unless the source's preset has one",
  },
)).describe("What is taken in");

/** Checks the status of an Ingester; the CRD is generated from it. */
export const ingesterStatusSchema: z.ZodType<IngesterStatus> = z.strictObject({
  observedGeneration: z.int().min(0).describe("Generation of the spec that this is about").optional(),
  conditions: z.array(z.strictObject({
    type: z.string().max(316).describe("Ready; Degraded only while it holds"),
    status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds"),
    reason: z.string().max(1024).describe(
      `Why; of Ready one of ${READY_REASONS.join(", ")}; of Degraded Overlap`,
    ),
    message: z.string().max(32768).describe("Why, in words"),
    lastTransitionTime: time.describe("When status changed last"),
    observedGeneration: z.int().min(0).describe("Generation of the spec that this is about").optional(),
  })).max(16).meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
    .describe("Ready: whether signals come in; Degraded: another Ingester reads the same").optional(),
  lastSignalTime: time.describe("The last signal that the leader saw").optional(),
  checkpoint: z.strictObject({
    resourceVersion: z.string().max(64).describe("As the API server counts").optional(),
    time: time.describe("When it was saved").optional(),
  }).describe("Up to where everything has its verdict").optional(),
  observations: z.int().min(0).describe("How many Observations this Ingester owns").optional(),
}).describe("How it goes; written by the leader");

/** Checks the filter for all Ingesters (FILTER_CONFIGMAP_NAME): a filters block, and one for each source that needs another. */
export const clusterFilterSchema: z.ZodType<ClusterFilterSpec> = z.strictObject({
  ...filterFields,
  disabledSources: z.array(z.string().max(63).regex(label63)).max(500)
    .describe("Nothing of these sources is taken").optional(),
  sources: z.record(z.string().max(63).regex(label63), z.strictObject(filterFields))
    .describe("Instead of the fields above, field by field, for findings of a source").optional(),
});
