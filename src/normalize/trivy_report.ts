import type { Finding } from "../model/finding.ts";
import { isJsonObject, type Json, type JsonObject, listAt, property } from "../model/json.ts";
import type { ResourceReference } from "../model/observation.ts";
import type { Severity } from "../model/severity.ts";
import { builtinByKind } from "./builtin_kinds.ts";
import { resourceReference } from "./resource_reference.ts";
import { firstTime } from "./rfc3339.ts";
import { severityWord } from "./severity_word.ts";
import { wordAt } from "./word_at.ts";

const LABEL = "trivy-operator.resource";
const CONTAINER_LABEL = "trivy-operator.container.name";

/** What all findings of one report of trivy-operator have in common. */
export interface TrivyReport {
  /** Name of the report. */
  readonly name: string | undefined;
  /** The workload, role or node it is about; the report itself where it says nothing else. */
  readonly resource: ResourceReference | undefined;
  readonly container: string | undefined;
  readonly detectedAt: string | undefined;
}

/** Fields that every finding of trivy-operator has alike. */
export const TRIVY_STATE: Pick<Finding, "isWindowed" | "isState"> = { isWindowed: false, isState: true };

/** Reads what a report is about; `body` is its `report`, or its `status` for a compliance report. */
export function readTrivyReport(payload: JsonObject, body: Json | undefined): TrivyReport {
  return {
    name: wordAt(payload, "metadata", "name"),
    resource: readResource(payload),
    container: wordAt(payload, "metadata", "labels", CONTAINER_LABEL),
    detectedAt: firstTime(
      property(body, "updateTimestamp"),
      property(property(payload, "metadata"), "creationTimestamp"),
    ),
  };
}

/** The severity of a finding: UNKNOWN, NONE and absent are info. */
export function trivySeverity(item: JsonObject): Severity {
  return severityWord(property(item, "severity")) ?? "info";
}

/**
 * Labels first, then ownerReferences, then the report, field by field: a label may be missing. A name that is no legal
 * label value (`system:node`) stands in the annotation of the same key.
 */
function readResource(payload: JsonObject): ResourceReference | undefined {
  const labelled = (field: string): string | undefined =>
    wordAt(payload, "metadata", "labels", `${LABEL}.${field}`);
  const owner = readOwner(payload, labelled("kind"));
  const kind = labelled("kind") ?? wordAt(owner, "kind") ?? wordAt(payload, "kind");
  const name = labelled("name") ?? wordAt(payload, "metadata", "annotations", `${LABEL}.name`) ??
    wordAt(owner, "name") ?? wordAt(payload, "metadata", "name");
  return resourceReference({
    apiVersion: apiVersionOf(kind, owner, payload),
    kind,
    name,
    namespace: labelled("namespace") ?? wordAt(payload, "metadata", "namespace"),
  });
}

/** The owner of the labelled kind, else the controller, else the first. */
function readOwner(payload: JsonObject, kind: string | undefined): JsonObject | undefined {
  const owners = listAt(payload, "metadata", "ownerReferences").filter(isJsonObject);
  return owners.find((owner) => kind !== undefined && wordAt(owner, "kind") === kind) ??
    owners.find((owner) => property(owner, "controller") === true) ??
    owners[0];
}

function apiVersionOf(
  kind: string | undefined,
  owner: JsonObject | undefined,
  payload: JsonObject,
): string | undefined {
  if (kind === undefined) return undefined;
  if (wordAt(owner, "kind") === kind) return wordAt(owner, "apiVersion") ?? builtinByKind(kind)?.apiVersion;
  if (wordAt(payload, "kind") === kind) return wordAt(payload, "apiVersion");
  return builtinByKind(kind)?.apiVersion;
}
