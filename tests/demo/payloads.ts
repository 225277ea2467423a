import { isJsonObject, type Json, type JsonObject, listAt, textAt } from "../../src/model/json.ts";
import { readSample } from "../normalize/samples.ts";
import { entryOfAlert, entryOfAuditEvent, entryOfObject } from "./ledger.ts";
import { asNew } from "./objects.ts";

/** Real payloads of one source, and what must become of them. */
export interface Payloads {
  readonly source: string;
  /** What is sent, e.g. "7 reports". */
  readonly what: string;
  /** How many findings are in it. */
  readonly findings: number;
  /** Which of them are kept, as the ledger writes them. */
  readonly kept: readonly string[];
  /** Which that are, in a few words. */
  readonly rule: string;
}

/** Payloads that lie in the API as objects. */
export interface ObjectPayloads extends Payloads {
  readonly objects: readonly JsonObject[];
}

/** Payloads that are sent to a webhook, one request each. */
export interface WebhookPayloads extends Payloads {
  readonly path: string;
  readonly bodies: readonly Json[];
}

/** Says in which namespace a thing of a namespace lies. */
export type Place = (namespace: string) => string;

const TRIVY_FILES = [
  "trivy/defectdojo/vulnerabilityreport_many.json",
  "trivy/docs/vulnerability-report-1.yaml",
  "trivy/envtest/vulnerability-ttl.yaml",
  "trivy/docs/configaudit-report-1.yaml",
  "trivy/defectdojo/configauditreport_many.json",
  "trivy/defectdojo/exposedsecretreport_many.json",
];
const KYVERNO_FILES = [
  "kyverno/website/reports-1.yaml",
  "kyverno/website/reports-2.yaml",
  "kyverno/trivy-polr-adapter/readme-6.yaml",
  "kyverno/wg-policy/sample-falco-policy.1.yaml",
  "openreports/sample-cis-k8s.yaml",
];
const EVENT_FILES = [
  "events/troubleshoot-message-image-pull-fail.json",
  "events/troubleshoot-message-pod-init-crashloop-backoff.json",
];
const FALCO_FOLDER = "falco/falco-website";
const FALCO_FILES = [
  `${FALCO_FOLDER}/notice__attach-exec-pod__detect-threats-falco-ovh-mks-audit-logs-plugin-L212.json`,
  `${FALCO_FOLDER}/notice__contact-k8s-api-server-from-container__falcosidekick-response-engine-part-9-fission-md-L467.json`,
  `${FALCO_FOLDER}/notice__terminal-shell-in-container__falcosidekick-response-engine-part-1-kubeless-md-L309.json`,
  `${FALCO_FOLDER}/notice__terminal-shell-in-container__falcosidekick-response-engine-part-3-knative-md-L422.json`,
  `${FALCO_FOLDER}/notice__terminal-shell-in-container__falcosidekick-response-engine-part-8-fluxv2-L318.json`,
  `${FALCO_FOLDER}/warning__disallowed-k8s-user__detect-threats-falco-ovh-mks-audit-logs-plugin-L168.json`,
  "falco/plugins/warning__read-sensitive-file-untrusted__readme-md-L51.json",
];
const AUDIT_FILES = [
  "exec_pod",
  "create_nginx_pod_privileged",
  "create_cluster_role_wildcard_resources",
  "create_clusterrolebinding",
  "create_secret",
  "delete_secret",
  "delete_deployment",
  "some-user_creates_namespace_foo",
  "create_nginx_pod_unsensitive_mount",
].map((name) => `audit/falco/${name}.json`);
/** kube-apiserver sends its audit events in lists. */
const AUDIT_BATCH = 3;

/** Reports of Trivy: vulnerabilities, failed checks, exposed secrets. */
export function trivyReports(place: Place): ObjectPayloads {
  const objects = TRIVY_FILES.flatMap(documentsOf).map((report) => withNewerFields(placed(report, place)));
  const findings = objects.flatMap((report) =>
    ["vulnerabilities", "checks", "secrets"].flatMap((list) => listAt(report, "report", list))
      .filter((item) => !isJsonObject(item) || item["success"] !== true)
      .map((item) => ({ report, item }))
  );
  const kept = findings.filter(({ item }) => ["CRITICAL", "HIGH"].includes(textAt(item, "severity") ?? ""));
  return {
    source: "trivy",
    what: `${objects.length} reports`,
    objects,
    findings: findings.length,
    kept: kept.map(({ report, item }) => entryIn(report, trivyTitle(item))),
    rule: "critical, high",
  };
}

/** Reports of Kyverno and of others that write policy reports, in both APIs. */
export function policyReports(place: Place): ObjectPayloads {
  const objects = KYVERNO_FILES.flatMap(documentsOf).map((report) => placed(report, place));
  const results = objects.flatMap((report) =>
    listAt(report, "results").map((result) => ({ report, result }))
  );
  const findings = results.filter(({ result }) =>
    ["fail", "warn", "error"].includes(textAt(result, "result") ?? "")
  );
  return {
    source: "kyverno",
    what: `${objects.length} policy reports`,
    objects,
    findings: findings.length,
    kept: findings.map(({ report, result }) =>
      entryIn(
        report,
        [textAt(result, "policy"), textAt(result, "rule")].filter((part) => part !== undefined).join("/"),
      )
    ),
    rule: "not pass, skip",
  };
}

/** Events of a cluster with failing pods. */
export function clusterEvents(place: Place): ObjectPayloads {
  const objects = EVENT_FILES.flatMap(documentsOf).map((event) => aboutPlaced(event, place("default")));
  return {
    source: "kubernetes-events",
    what: `${objects.length} Events`,
    objects,
    findings: objects.length,
    kept: objects.filter((event) => event["type"] === "Warning")
      .map((event) => entryIn(event, textAt(event, "reason") ?? "")),
    rule: "Warnings",
  };
}

/** Alerts of Falco, each a request of its own. */
export function falcoAlerts(): WebhookPayloads {
  const bodies = FALCO_FILES.flatMap(documentsOf);
  return {
    source: "falco",
    path: "/ingest/falco",
    what: `${bodies.length} alerts`,
    bodies,
    findings: bodies.length,
    kept: bodies.map((alert) =>
      entryOfAlert(
        textAt(alert, "rule") ?? "",
        textAt(alert, "output_fields", "k8s.pod.name"),
        textAt(alert, "time") ?? "",
      )
    ),
    rule: "all",
  };
}

/** Events of an audit log, in lists. */
export function auditEvents(): WebhookPayloads {
  const events = AUDIT_FILES.flatMap(documentsOf);
  const bodies = Array.from({ length: Math.ceil(events.length / AUDIT_BATCH) }, (_, index) => ({
    apiVersion: "audit.k8s.io/v1",
    kind: "EventList",
    items: events.slice(index * AUDIT_BATCH, (index + 1) * AUDIT_BATCH),
  }));
  return {
    source: "audit",
    path: "/ingest/audit",
    what: `${bodies.length} EventLists`,
    bodies,
    findings: events.length,
    kept: events.filter((event) => textAt(event, "verb") !== "get")
      .map((event) => entryOfAuditEvent(textAt(event, "auditID") ?? "")),
    rule: "not reads",
  };
}

/** One of the Events, to be repeated. */
export function sampleEvent(): JsonObject {
  const found = EVENT_FILES.flatMap(documentsOf).find((event) =>
    textAt(event, "type") === "Warning" && textAt(event, "reason") === "BackOff"
  );
  return aboutPlaced(found ?? null, "default");
}

/** One of the alerts, to be repeated. */
export function sampleAlert(): JsonObject {
  const alert = documentsOf(FALCO_FILES[4] ?? "")[0] ?? null;
  if (!isJsonObject(alert)) throw new Error("Cannot use a Falco alert: it must be an object");
  return alert;
}

/** The documents of a file; of a list its items. */
function documentsOf(file: string): readonly Json[] {
  return (readSample(file).payloads ?? []).flatMap((document) => {
    const items = listAt(document, "items");
    return items.length > 0 ? items : [document];
  });
}

/** Trivy Operator writes more today, and its definitions insist on that: what an older report lacks is empty. */
function withNewerFields(object: JsonObject): JsonObject {
  const report = { os: {}, updateTimestamp: new Date().toISOString(), ...objectOf(object["report"]) };
  const vulnerabilities = listAt(report, "vulnerabilities")
    .map((item) => ({ publishedDate: "", lastModifiedDate: "", ...objectOf(item) }));
  return { ...object, report: vulnerabilities.length > 0 ? { ...report, vulnerabilities } : report };
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function placed(report: Json, place: Place): JsonObject {
  return asNew(report, place(textAt(report, "metadata", "namespace") ?? "default"));
}

/** An Event must lie where the thing lies that it is about. */
function aboutPlaced(event: Json, namespace: string): JsonObject {
  const object = asNew(event, namespace);
  return { ...object, involvedObject: { ...objectOf(object["involvedObject"]), namespace } };
}

function entryIn(object: JsonObject, finding: string): string {
  const part = (field: string): string => textAt(object, "metadata", field) ?? "";
  return entryOfObject(part("namespace"), part("name"), finding);
}

function trivyTitle(item: Json): string {
  const part = (field: string): string | undefined => textAt(item, field);
  const vulnerability = part("vulnerabilityID");
  if (vulnerability !== undefined) {
    return `${vulnerability} in ${part("resource") ?? ""} ${part("installedVersion") ?? ""}`;
  }
  return [part("checkID") ?? part("ruleID"), part("title")].filter((one) => one !== undefined).join(": ");
}
