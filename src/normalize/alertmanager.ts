import { canonicalJson } from "../model/canonical_json.ts";
import type { Finding, Normalized } from "../model/finding.ts";
import { isJsonObject, type JsonObject, property } from "../model/json.ts";
import type { ResourceReference } from "../model/observation.ts";
import type { Severity } from "../model/severity.ts";
import { sha256Hex } from "../model/sha256.ts";
import { builtinByPlural } from "./builtin_kinds.ts";
import { eventTypeOf } from "./event_type.ts";
import { makeFinding } from "./make_finding.ts";
import { readList } from "./read_list.ts";
import { redactUri } from "./redact.ts";
import { resourceReference } from "./resource_reference.ts";
import { rfc3339 } from "./rfc3339.ts";
import { wordAt } from "./word_at.ts";
import { wrongShape } from "./wrong_shape.ts";

const SEVERITIES: ReadonlyMap<string, Severity> = new Map([
  ["critical", "critical"],
  ["page", "critical"],
  ["error", "high"],
  ["high", "high"],
  ["warning", "medium"],
  ["medium", "medium"],
  ["low", "low"],
  ["info", "info"],
  ["none", "info"],
]);

/**
 * Labels that name an object, the most telling first: where kube-state-metrics tells of a Deployment, `pod` may be its
 * own.
 */
const RESOURCE_LABELS: readonly (readonly [label: string, plural: string])[] = [
  ["persistentvolumeclaim", "persistentvolumeclaims"],
  ["horizontalpodautoscaler", "horizontalpodautoscalers"],
  ["cronjob", "cronjobs"],
  ["job_name", "jobs"],
  ["deployment", "deployments"],
  ["statefulset", "statefulsets"],
  ["daemonset", "daemonsets"],
  ["pod", "pods"],
  ["node", "nodes"],
];

/** Annotations that people describe an alert with, best first. */
const DESCRIPTIONS = ["description", "summary", "message"];

/** What a payload must be for {@link normalizeAlertmanager}. */
export const ALERTMANAGER_SHAPE = "it must be a webhook of Alertmanager, version 4, with a list alerts";

/** True for a webhook of Alertmanager; one that says another version is none that we can read. */
export function isAlertmanager(payload: JsonObject): boolean {
  return Array.isArray(property(payload, "alerts")) && (wordAt(payload, "version") ?? "4") === "4";
}

/** True for what only Alertmanager sends. */
export function isAlertmanagerSurely(payload: JsonObject): boolean {
  return isAlertmanager(payload) && wordAt(payload, "version") === "4" &&
    ["groupKey", "receiver"].every((field) => typeof property(payload, field) === "string");
}

/** The findings of one notification: each alert in it. One that is resolved is no finding, but is handed on. */
export function normalizeAlertmanager(payload: JsonObject): readonly Normalized[] {
  return readList(
    payload,
    "alerts",
    "a notification of Alertmanager",
    "alerts",
    (alert) => [readAlert(alert, payload)],
  );
}

function readAlert(alert: JsonObject, payload: JsonObject): Normalized {
  const status = (wordAt(alert, "status") ?? wordAt(payload, "status"))?.toLowerCase();
  if (status !== "firing" && status !== "resolved") {
    return wrongShape("an alert", "status must be firing or resolved", alert);
  }
  const labels = property(alert, "labels") ?? {};
  if (!isJsonObject(labels)) return wrongShape("an alert", "labels must be an object", alert);
  const words = wordsOf(labels);
  const fingerprint = wordAt(alert, "fingerprint");
  if (fingerprint === undefined && Object.keys(words).length === 0) {
    return wrongShape("an alert", "it must have a fingerprint or labels", alert);
  }
  const item = makeFinding(draft(alert, payload, {
    labels,
    words,
    identity: fingerprint ?? sha256Hex(canonicalJson(words)),
  }));
  if (status === "firing" || item.kind !== "finding") return item;
  const resolved: Finding = { ...item.finding, resolved: { at: rfc3339(property(alert, "endsAt")) } };
  return { kind: "filtered", reason: "resolved", finding: resolved };
}

function draft(
  alert: JsonObject,
  payload: JsonObject,
  { labels, words, identity }: {
    readonly labels: JsonObject;
    readonly words: Readonly<Record<string, string>>;
    readonly identity: string;
  },
): Parameters<typeof makeFinding>[0] {
  const name = words["alertname"];
  const annotations = property(alert, "annotations");
  const url = (value: string | undefined): string | undefined =>
    value === undefined ? undefined : redactUri(value);
  return {
    category: "operations",
    severity: SEVERITIES.get(words["severity"]?.trim().toLowerCase() ?? "") ?? "medium",
    eventType: eventTypeOf(name ?? "", "alert"),
    title: name ?? "Alert",
    description: DESCRIPTIONS.map((field) => wordAt(annotations, field)).find((text) => text !== undefined),
    detectedAt: rfc3339(property(alert, "startsAt")),
    resource: resourceOf(words),
    rule: name,
    identity: [identity],
    isWindowed: false,
    isState: true,
    details: {
      status: property(alert, "status"),
      labels,
      annotations,
      startsAt: rfc3339(property(alert, "startsAt")),
      endsAt: rfc3339(property(alert, "endsAt")),
      fingerprint: property(alert, "fingerprint"),
      generatorURL: url(wordAt(alert, "generatorURL")),
      externalURL: url(wordAt(payload, "externalURL")),
      receiver: property(payload, "receiver"),
      groupKey: property(payload, "groupKey"),
    },
  };
}

/** Labels as they may be: names with texts. */
function wordsOf(labels: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.keys(labels).flatMap((name) => {
      const word = wordAt(labels, name);
      return word === undefined ? [] : [[name, word]];
    }),
  );
}

function resourceOf(words: Readonly<Record<string, string>>): ResourceReference | undefined {
  const own = (label: string): string | undefined => Object.hasOwn(words, label) ? words[label] : undefined;
  const namespace = own("namespace");
  const [label, plural] = RESOURCE_LABELS.find(([name]) => own(name) !== undefined) ?? [];
  const builtin = plural === undefined ? undefined : builtinByPlural(plural);
  if (label === undefined || builtin === undefined) return resourceReference({ namespace });
  return resourceReference({
    apiVersion: builtin.apiVersion,
    kind: builtin.kind,
    name: own(label),
    namespace: builtin.isNamespaced ? namespace : undefined,
  });
}
