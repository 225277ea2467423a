import type { Normalized } from "../model/finding.ts";
import { at, type Json, type JsonObject, property } from "../model/json.ts";
import { GROUP } from "../model/observation.ts";
import type { Severity } from "../model/severity.ts";
import { snakeCase } from "./event_type.ts";
import { looseInteger } from "./loose.ts";
import { makeFinding } from "./make_finding.ts";
import { resourceReference } from "./resource_reference.ts";
import { firstTime } from "./rfc3339.ts";
import { wordAt } from "./word_at.ts";
import { wrongShape } from "./wrong_shape.ts";

/**
 * Reasons of Warnings that are high instead of medium: a node is lost or running out of something, or the kernel killed
 * or lost something. Reasons that come and go in any cluster (FailedScheduling, FailedMount, BackOff, Unhealthy) are not
 * among them.
 */
const HIGH_REASONS: ReadonlySet<string> = new Set([
  "EvictionThresholdMet",
  "FilesystemIsReadOnly",
  "KernelOops",
  "NodeNotReady",
  "OOMKilling",
  "SystemOOM",
]);

/** What a payload must be for {@link normalizeKubernetesEvent}. */
export const KUBERNETES_EVENT_SHAPE = "it must be an Event of v1 or events.k8s.io";

/** True for an Event of the core group or of events.k8s.io. */
export function isKubernetesEvent(payload: JsonObject): boolean {
  const apiVersion = wordAt(payload, "apiVersion") ?? "";
  return wordAt(payload, "kind") === "Event" &&
    (apiVersion === "v1" || apiVersion.startsWith("events.k8s.io/"));
}

/**
 * The finding of one Event, in the words of core/v1 or of events.k8s.io. Its own count is followed, so all that repeats it
 * has the same identity. An Event about an Ingester was caused by this installation.
 */
export function normalizeKubernetesEvent(payload: JsonObject): readonly Normalized[] {
  const involved = first(payload, "involvedObject", "regarding");
  if (isAboutIngester(involved)) return [{ kind: "filtered", reason: "self" }];
  const reason = wordAt(payload, "reason");
  const message = wordAt(payload, "message") ?? wordAt(payload, "note");
  const identity = identityOf(payload, involved, reason, message);
  if (identity.every((field) => field === undefined)) {
    return [
      wrongShape("an Event", "it must have metadata.uid, metadata.name, a reason or a message", payload),
    ];
  }
  const count = positive(at(payload, "series", "count")) ??
    positive(first(payload, "count", "deprecatedCount"));
  const source = first(payload, "source", "deprecatedSource");
  const firstTimestamp = first(payload, "firstTimestamp", "deprecatedFirstTimestamp");
  return [makeFinding({
    category: "operations",
    severity: severityOf(wordAt(payload, "type"), reason),
    eventType: snakeCase(reason ?? "", "event"),
    title: reason ?? "Event",
    description: message,
    detectedAt: firstTime(
      at(payload, "series", "lastObservedTime"),
      first(payload, "lastTimestamp", "deprecatedLastTimestamp"),
      property(payload, "eventTime"),
      at(payload, "metadata", "creationTimestamp"),
    ),
    firstSeen: firstTime(
      firstTimestamp,
      property(payload, "eventTime"),
      at(payload, "metadata", "creationTimestamp"),
    ),
    count,
    resource: resourceReference({
      apiVersion: wordAt(involved, "apiVersion"),
      kind: wordAt(involved, "kind"),
      name: wordAt(involved, "name"),
      namespace: wordAt(involved, "namespace"),
    }),
    identity,
    isWindowed: false,
    isState: false,
    details: {
      type: property(payload, "type"),
      reason,
      action: property(payload, "action"),
      count,
      component: first(payload, "reportingComponent", "reportingController") || wordAt(source, "component"),
      host: wordAt(source, "host"),
      instance: property(payload, "reportingInstance"),
      fieldPath: property(involved, "fieldPath"),
      related: property(payload, "related"),
      event: wordAt(payload, "metadata", "name"),
    },
  })];
}

/** Warning is medium or, for few reasons, high; Normal and what is neither are info. */
function severityOf(type: string | undefined, reason: string | undefined): Severity {
  if (type?.toLowerCase() !== "warning") return "info";
  return reason !== undefined && HIGH_REASONS.has(reason) ? "high" : "medium";
}

/** The uid; else namespace and name; one without any (never from an API server) is told apart by what it says. */
function identityOf(
  payload: JsonObject,
  involved: Json | undefined,
  reason: string | undefined,
  message: string | undefined,
): readonly (Json | undefined)[] {
  const uid = wordAt(payload, "metadata", "uid");
  if (uid !== undefined) return [uid];
  const named = [wordAt(payload, "metadata", "namespace"), wordAt(payload, "metadata", "name")];
  if (named[1] !== undefined) return named;
  const about = ["apiVersion", "kind", "namespace", "name"].map((field) => wordAt(involved, field));
  return [...named, ...about, reason, message];
}

function isAboutIngester(involved: Json | undefined): boolean {
  return wordAt(involved, "kind") === "Ingester" &&
    wordAt(involved, "apiVersion")?.startsWith(`${GROUP}/`) === true;
}

/** The first of several fields that has a value: the same thing has other names in events.k8s.io. */
function first(payload: JsonObject, ...names: readonly string[]): Json | undefined {
  for (const name of names) {
    const value = property(payload, name);
    if (value !== undefined && value !== null && value !== "") return value;
  }
  return undefined;
}

function positive(value: Json | undefined): number | undefined {
  const number = looseInteger(value);
  return number !== undefined && number > 0 ? number : undefined;
}
