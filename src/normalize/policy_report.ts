import { canonicalJson } from "../model/canonical_json.ts";
import type { Normalized } from "../model/finding.ts";
import { at, isJsonObject, type Json, type JsonObject, listAt, property } from "../model/json.ts";
import type { ResourceReference } from "../model/observation.ts";
import type { Severity } from "../model/severity.ts";
import { sha256Hex } from "../model/sha256.ts";
import { builtinByKind } from "./builtin_kinds.ts";
import { makeFinding } from "./make_finding.ts";
import { readList } from "./read_list.ts";
import { resourceReference } from "./resource_reference.ts";
import { firstTime, timestampTime } from "./rfc3339.ts";
import { severityWord } from "./severity_word.ts";
import { wordAt } from "./word_at.ts";
import { wrongShape } from "./wrong_shape.ts";

const GROUPS = ["wgpolicyk8s.io/", "openreports.io/"];

/** The results that are findings, and how bad they are where they do not say; pass, skip and nothing are none. */
const OUTCOMES: ReadonlyMap<string, Severity | undefined> = new Map([
  ["error", "critical"],
  ["fail", "high"],
  ["warn", "medium"],
  ["pass", undefined],
  ["skip", undefined],
  ["", undefined],
]);

/** What a payload must be for {@link normalizePolicyReport}. */
export const POLICY_REPORT_SHAPE =
  "it must be a report of wgpolicyk8s.io or openreports.io, such as PolicyReport or ClusterReport";

/** True for a policy report of any engine, of either API and any of their versions. */
export function isPolicyReport(payload: JsonObject): boolean {
  const apiVersion = wordAt(payload, "apiVersion") ?? "";
  return GROUPS.some((group) => apiVersion.startsWith(group)) &&
    /Report$/.test(wordAt(payload, "kind") ?? "");
}

/**
 * The findings of one policy report: each result fail, warn or error, once for each resource it names; for the report's
 * scope where it names none. A result without an outcome says nothing is wrong, and yields nothing; v1alpha1 writes the
 * outcome as `status`.
 */
export function normalizePolicyReport(payload: JsonObject): readonly Normalized[] {
  const results = at(payload, "results");
  if (results === undefined || results === null) return [];
  if (!Array.isArray(results)) {
    return [wrongShape("a policy report", "results must be a list", results as Json)];
  }
  return (results as readonly Json[]).flatMap((result) => {
    if (!isJsonObject(result)) return [wrongShape("a policy result", "results[] must be an object", result)];
    const said = [property(result, "result"), property(result, "status")]
      .find((word) => word !== undefined && word !== null && word !== "") ?? "";
    const outcome = typeof said === "string" ? said.trim().toLowerCase() : undefined;
    if (outcome === undefined || !OUTCOMES.has(outcome)) {
      return [wrongShape("a policy result", "result must be pass, fail, warn, error or skip", result)];
    }
    const severity = OUTCOMES.get(outcome);
    if (severity === undefined) return [];
    if ((wordAt(result, "policy") ?? wordAt(result, "rule")) === undefined) {
      return [wrongShape("a policy result", "it must have the text policy or rule", result)];
    }
    const wrong = wrongResources(result);
    const given = severityWord(property(result, "severity")) ?? severity;
    const resources = resourcesOf(result, payload, wrong.length > 0);
    return [
      ...wrong,
      ...resources.map((resource) => readResult(result, outcome, given, resource, payload)),
    ];
  });
}

function readResult(
  result: JsonObject,
  outcome: string,
  severity: Severity,
  resource: ResourceReference | undefined,
  report: JsonObject,
): Normalized {
  const policy = wordAt(result, "policy");
  const rule = wordAt(result, "rule");
  const source = wordAt(result, "source") ?? wordAt(report, "source");
  const message = wordAt(result, "message") ?? wordAt(result, "description");
  const properties = property(result, "properties") ?? property(result, "data");
  const timestamp = property(result, "timestamp");
  return makeFinding({
    category: "compliance",
    severity,
    eventType: "policy_violation",
    title: [policy, rule].filter((part) => part !== undefined).join("/") || "Policy violation",
    description: message,
    detectedAt: timestampTime(property(timestamp, "seconds"), property(timestamp, "nanos")) ??
      firstTime(timestamp, at(report, "metadata", "creationTimestamp")),
    resource,
    rule: rule ?? policy,
    identity: resource === undefined
      ? [
        policy,
        rule,
        source,
        wordAt(report, "metadata", "namespace"),
        wordAt(report, "metadata", "name"),
        sha256Hex(canonicalJson([message ?? null, scalars(properties)])),
      ]
      : [policy, rule, resource.apiVersion, resource.kind, resource.namespace, resource.name, source],
    isWindowed: false,
    isState: true,
    details: {
      policy,
      rule,
      result: outcome,
      severity: property(result, "severity"),
      source,
      category: property(result, "category"),
      scored: property(result, "scored"),
      properties,
      resourceSelector: property(result, "resourceSelector"),
    },
  });
}

/** Resources that cannot be read must not make a finding about something else of the result. */
function wrongResources(result: JsonObject): readonly Normalized[] {
  return ["resources", "subjects"].flatMap((field) =>
    readList(result, field, "a policy result", `results[].${field}`, () => [])
  );
}

/** What a result is about: its resources (older versions: subjects), else the report's scope, else nothing known. */
function resourcesOf(
  result: JsonObject,
  report: JsonObject,
  hasUnreadable: boolean,
): readonly (ResourceReference | undefined)[] {
  const listed = [...listAt(result, "resources"), ...listAt(result, "subjects")]
    .map((item) => readReference(item, report))
    .filter((reference) => reference !== undefined);
  return listed.length > 0 || hasUnreadable ? listed : [readReference(property(report, "scope"), report)];
}

/** A reference without namespace in a namespaced report means the report's own, unless the kind is cluster-wide. */
function readReference(reference: Json | undefined, report: JsonObject): ResourceReference | undefined {
  const [apiVersion, kind, name] = ["apiVersion", "kind", "name"].map((field) => wordAt(reference, field));
  if (kind === undefined && name === undefined) return undefined;
  const isClusterWide = kind !== undefined && builtinByKind(kind)?.isNamespaced === false;
  const namespace = wordAt(reference, "namespace") ??
    (isClusterWide ? undefined : wordAt(report, "metadata", "namespace"));
  return resourceReference({ apiVersion, kind, name, namespace });
}

/** Properties as they may be: names with texts. What else stands there is only known to be there. */
function scalars(properties: Json | undefined): Json {
  if (!isJsonObject(properties)) return null;
  const entries = Object.entries(properties);
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === "object" ? null : value]));
}
