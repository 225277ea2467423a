import { DEFAULT_EXPIRY_WINDOW_SECONDS } from "../../src/normalize/certificate.ts";

const preset = "the preset's";

/** What holds where an Ingester does not say a field of its spec; a field that is not here has no default. */
export const FIELD_DEFAULTS: Readonly<Record<string, string>> = {
  "spec.ingester": `${preset}; else webhook`,
  "spec.suspend": "false",
  "spec.dryRun": "false",
  "spec.namespaces": "all",
  "spec.informer.gvr": preset,
  "spec.informer.labelSelector": preset,
  "spec.informer.resyncPeriod": "0",
  "spec.informer.expiryWindow": `${DEFAULT_EXPIRY_WINDOW_SECONDS / 3600}h`,
  "spec.webhook.path": "/ingest/<source>",
  "spec.webhook.methods": "POST",
  "spec.webhook.allowedCIDRs": "all",
  "spec.webhook.maxBodyBytes": `${preset}; else 1048576`,
  "spec.webhook.ack": "created",
  "spec.logs.podSelector": preset,
  "spec.logs.container": "all",
  "spec.logs.patterns": preset,
  "spec.logs.patterns[].eventType": "log_match",
  "spec.logs.patterns[].severity": "high",
  "spec.logs.sinceSeconds": "0",
  "spec.filters.enabled": "true",
  "spec.filters.minSeverity": preset,
  "spec.deduplication.enabled": "true",
  "spec.deduplication.strategy": "fingerprint",
  "spec.deduplication.window": "DEDUP_WINDOW_SECONDS",
  "spec.ttl.default": "OBSERVATION_TTL_SECONDS or _DAYS",
  "spec.budget.maxObservations": "50000",
  "spec.budget.onExceed": "rollup",
  "spec.errorHandling.deadLetter": "true",
  "spec.destinations": "Observations",
};
