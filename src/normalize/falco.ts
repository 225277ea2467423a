import type { Normalized } from "../model/finding.ts";
import { isJsonObject, type Json, type JsonObject, property } from "../model/json.ts";
import type { ResourceReference } from "../model/observation.ts";
import type { Severity } from "../model/severity.ts";
import { builtinByPlural } from "./builtin_kinds.ts";
import { eventTypeOf } from "./event_type.ts";
import { looseInteger } from "./loose.ts";
import { makeFinding } from "./make_finding.ts";
import { resourceReference } from "./resource_reference.ts";
import { rfc3339 } from "./rfc3339.ts";
import { wordAt } from "./word_at.ts";
import { wrongShape } from "./wrong_shape.ts";

/** Falco's priorities, best known by their words; in protobuf they are the numbers of syslog, which is this order. */
const PRIORITIES: readonly (readonly [words: readonly string[], severity: Severity])[] = [
  [["emergency"], "critical"],
  [["alert"], "critical"],
  [["critical"], "critical"],
  [["error"], "high"],
  [["warning"], "medium"],
  [["notice"], "low"],
  [["informational", "info"], "info"],
  [["debug"], "info"],
];

/** Sources of Falco whose hostname is the node on which it happened; a plugin's is only where the plugin runs. */
const NODE_SOURCES: ReadonlySet<string> = new Set(["syscall", "syscalls", "internal"]);

/** What a payload must be for {@link normalizeFalco}. */
export const FALCO_SHAPE =
  "it must be an object with a text rule, and with priority, output or output_fields";

/** True for what can only be meant as Falco's: a rule beside one of its companions. */
export function isFalcoLike(payload: JsonObject): boolean {
  return typeof field(payload, "rule") === "string" && field(payload, "rule") !== "" &&
    ["priority", "output", "output_fields"].some((name) => (field(payload, name) ?? null) !== null);
}

/** True for what is Falco's beyond doubt: a rule, a priority of Falco and an output. */
export function isFalco(payload: JsonObject): boolean {
  return isFalcoLike(payload) && severityOf(field(payload, "priority")) !== undefined &&
    (typeof field(payload, "output") === "string" || isJsonObject(field(payload, "output_fields")));
}

/**
 * The finding of one Falco alert, in the spellings of Falco, Falcosidekick and Talon, whose readers take field names in
 * any case. A priority that is none of Falco's is info.
 */
export function normalizeFalco(payload: JsonObject): readonly Normalized[] {
  const rule = wordAt({ rule: field(payload, "rule") }, "rule") ?? "";
  const found = field(payload, "output_fields");
  if ((found ?? null) !== null && !isJsonObject(found)) {
    return [wrongShape("a falco signal", "output_fields must be an object", found)];
  }
  const fields = isJsonObject(found) ? found : {};
  const hostname = known(field(payload, "hostname")) ?? known(property(fields, "evt.hostname")) ??
    known(property(fields, "hostname"));
  const namespace = output(fields, "k8s.ns.name") ?? output(fields, "k8smeta.ns.name");
  const pod = output(fields, "k8s.pod.name") ?? output(fields, "k8smeta.pod.name");
  const container = containerOf(fields);
  const process = pod === undefined && container === undefined
    ? [output(fields, "proc.name"), output(fields, "fd.name")]
    : [];
  const source = known(field(payload, "source"));
  return [makeFinding({
    category: "security",
    severity: severityOf(field(payload, "priority")) ?? "info",
    eventType: eventTypeOf(rule, "falco_rule"),
    title: rule,
    description: known(field(payload, "output")),
    detectedAt: rfc3339(field(payload, "time")),
    resource: pod === undefined
      ? auditTarget(fields) ?? nodeOf(hostname, source)
      : resourceReference({ apiVersion: "v1", kind: "Pod", name: pod, namespace }),
    rule,
    identity: [rule, hostname, namespace, pod, container, ...process],
    isWindowed: true,
    isState: false,
    details: {
      priority: field(payload, "priority"),
      hostname,
      source,
      tags: field(payload, "tags"),
      uuid: field(payload, "uuid"),
      output_fields: fields,
    },
  })];
}

/** A field by its name, else by one that differs in case or underscores only (Rule, outputFields). */
function field(payload: JsonObject, name: string): Json | undefined {
  if (Object.hasOwn(payload, name)) return payload[name];
  const wanted = fold(name);
  // The order of keys must not decide.
  const [key] = Object.keys(payload).filter((candidate) =>
    candidate.length <= 2 * wanted.length && fold(candidate) === wanted
  ).sort();
  return key === undefined ? undefined : payload[key];
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll("_", "");
}

function severityOf(priority: Json | undefined): Severity | undefined {
  const number = looseInteger(priority);
  if (number !== undefined) return PRIORITIES[number]?.[1];
  if (typeof priority !== "string") return undefined;
  const word = priority.trim().toLowerCase();
  return PRIORITIES.find(([words]) => words.includes(word))?.[1];
}

/** An output field's value; Falco writes null or <NA> for what it does not know. */
function output(fields: JsonObject, name: string): string | undefined {
  return known(property(fields, name));
}

function known(value: Json | undefined): string | undefined {
  const word = wordAt({ value }, "value");
  return word === "<NA>" ? undefined : word;
}

/** The container's id, else its name. "host" is Falco's word for outside of any container. */
function containerOf(fields: JsonObject): string | undefined {
  const container = output(fields, "container.id") ?? output(fields, "container.name");
  return container === "host" ? undefined : container;
}

/** What an alert over the audit log (plugin k8saudit) is about. */
function auditTarget(fields: JsonObject): ResourceReference | undefined {
  const plural = output(fields, "ka.target.resource");
  const name = output(fields, "ka.target.name");
  if (plural === undefined || name === undefined) return undefined;
  const builtin = builtinByPlural(plural);
  return resourceReference({
    apiVersion: builtin?.apiVersion,
    kind: builtin?.kind ?? plural,
    name,
    namespace: output(fields, "ka.target.namespace"),
  });
}

function nodeOf(hostname: string | undefined, source: string | undefined): ResourceReference | undefined {
  if (hostname === undefined || source !== undefined && !NODE_SOURCES.has(source)) return undefined;
  return resourceReference({ apiVersion: "v1", kind: "Node", name: hostname });
}
