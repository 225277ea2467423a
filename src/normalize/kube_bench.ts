import type { Normalized } from "../model/finding.ts";
import { isJsonObject, type Json, type JsonObject, listAt, property } from "../model/json.ts";
import type { Severity } from "../model/severity.ts";
import { type DocumentHome, isConfigMap, isConfigMapOf, NO_CONFIG_MAP, readConfigMap } from "./config_map.ts";
import { idAndTitle } from "./id_and_title.ts";
import { makeFinding } from "./make_finding.ts";
import { readList } from "./read_list.ts";
import { shownFields } from "./shown_fields.ts";
import { wordAt } from "./word_at.ts";
import { wrongShape } from "./wrong_shape.ts";

/** The outcomes that are findings; PASS and INFO are none. */
const OUTCOMES: ReadonlyMap<string, Severity | undefined> = new Map([
  ["FAIL", "high"],
  ["WARN", "medium"],
  ["PASS", undefined],
  ["INFO", undefined],
]);

/** What kube-bench says of a check beside its number and text. */
const SHOWN = [
  "scored",
  "remediation",
  "reason",
  "expected_result",
  "actual_value",
  "audit",
] as const;

/** What a payload must be for {@link normalizeKubeBench}. */
export const KUBE_BENCH_SHAPE =
  "it must be a ConfigMap that holds the JSON of kube-bench, or that JSON: a list Controls, or a control with a list tests";

/** True for a ConfigMap, and for what kube-bench prints: the whole, or one of its controls. */
export function isKubeBench(payload: JsonObject): boolean {
  return isConfigMap(payload) || isDocument(payload);
}

/** True for a ConfigMap with label app=kube-bench, and for what only kube-bench prints. */
export function isKubeBenchSurely(payload: JsonObject): boolean {
  return isConfigMapOf(payload, "kube-bench") ||
    isDocument(payload) &&
      (wordAt(payload, "node_type") !== undefined || isJsonObject(property(payload, "Totals")) ||
        listAt(payload, "Controls").some((control) => Array.isArray(property(control, "tests"))));
}

/** The findings of one run of kube-bench: each check that failed or warned. */
export function normalizeKubeBench(payload: JsonObject): readonly Normalized[] {
  return isConfigMap(payload) ? readConfigMap(payload, readDocument) : readDocument(payload, NO_CONFIG_MAP);
}

function isDocument(payload: JsonObject): boolean {
  return ["Controls", "tests"].some((field) => Array.isArray(property(payload, field)));
}

/** Versions before 0.4 print the list of controls alone. */
function readDocument(document: Json, home: DocumentHome): readonly Normalized[] {
  const whole = Array.isArray(document) ? { Controls: document } : document;
  const read = (control: JsonObject): readonly Normalized[] => readControl(control, home);
  if (!isJsonObject(whole)) return [wrongShape("a kube-bench document", KUBE_BENCH_SHAPE, whole)];
  if (Object.hasOwn(whole, "Controls")) {
    return readList(whole, "Controls", "a kube-bench document", "Controls", read);
  }
  if (Object.hasOwn(whole, "tests")) return read(whole);
  return [wrongShape("a kube-bench document", KUBE_BENCH_SHAPE, whole)];
}

function readControl(control: JsonObject, home: DocumentHome): readonly Normalized[] {
  return readList(
    control,
    "tests",
    "a kube-bench control",
    "tests",
    (group) =>
      readList(
        group,
        "results",
        "a group of kube-bench checks",
        "tests[].results",
        (check) => readCheck(check, group, control, home),
      ),
  );
}

function readCheck(
  check: JsonObject,
  group: JsonObject,
  control: JsonObject,
  home: DocumentHome,
): readonly Normalized[] {
  const status = wordAt(check, "status")?.trim().toUpperCase() ?? "";
  if (!OUTCOMES.has(status)) {
    return [wrongShape("a kube-bench check", "status must be PASS, FAIL, WARN or INFO", check)];
  }
  const severity = OUTCOMES.get(status);
  if (severity === undefined) return [];
  const number = wordAt(check, "test_number");
  const text = wordAt(check, "test_desc");
  const id = number ?? text;
  if (id === undefined) {
    return [wrongShape("a kube-bench check", "it must have the text test_number or test_desc", check)];
  }
  const nodeType = wordAt(control, "node_type");
  const { configMap } = home;
  return [makeFinding({
    category: "compliance",
    severity,
    eventType: "cis_benchmark",
    title: idAndTitle(number, text, id),
    description: wordAt(check, "reason") ?? wordAt(check, "remediation"),
    detectedAt: home.createdAt,
    resource: configMap,
    rule: id,
    identity: [nodeType ?? (configMap && `${configMap.namespace ?? ""}/${configMap.name ?? ""}`), id],
    isWindowed: false,
    isState: true,
    details: {
      testNumber: number,
      description: text,
      status,
      nodeType,
      section: wordAt(group, "section"),
      sectionDescription: wordAt(group, "desc"),
      benchmark: wordAt(control, "version"),
      ...shownFields(check, SHOWN),
      key: home.key,
    },
  })];
}
