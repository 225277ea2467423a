import type { Normalized } from "../model/finding.ts";
import { at, isJsonObject, type Json, type JsonObject, listAt, property } from "../model/json.ts";
import type { ResourceReference } from "../model/observation.ts";
import type { Severity } from "../model/severity.ts";
import { builtinByKind } from "./builtin_kinds.ts";
import { type DocumentHome, isConfigMap, isConfigMapOf, NO_CONFIG_MAP, readConfigMap } from "./config_map.ts";
import { idAndTitle } from "./id_and_title.ts";
import { makeFinding } from "./make_finding.ts";
import { readList } from "./read_list.ts";
import { resourceReference } from "./resource_reference.ts";
import { severityWord } from "./severity_word.ts";
import { shownFields } from "./shown_fields.ts";
import { wordAt } from "./word_at.ts";
import { wrongShape } from "./wrong_shape.ts";

/** Checkov's words that are not ours. */
const WORDS: ReadonlyMap<string, Severity> = new Map([
  ["IMPORTANT", "high"],
  ["MODERATE", "medium"],
  ["NONE", "info"],
]);

/** What checkov says of a check that is shown as it is; never `code_block`, which may be the secret itself. */
const SHOWN = [
  "bc_check_id",
  "severity",
  "file_path",
  "repo_file_path",
  "file_line_range",
  "resource",
  "check_class",
  "guideline",
] as const;

/** Checkov's name of a Kubernetes object: kind, namespace, name. */
const OBJECT = /^([A-Z][A-Za-z]*)\.([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.([a-z0-9][a-z0-9.-]*)$/;

/** What a payload must be for {@link normalizeCheckov}. */
export const CHECKOV_SHAPE =
  "it must be a ConfigMap that holds the JSON of checkov, or that JSON: an object results with a list failed_checks";

/** True for a ConfigMap, and for what checkov prints of one framework. */
export function isCheckov(payload: JsonObject): boolean {
  return isConfigMap(payload) || isDocument(payload);
}

/** True for a ConfigMap with label app=checkov, and for what only checkov prints. */
export function isCheckovSurely(payload: JsonObject): boolean {
  return isConfigMapOf(payload, "checkov") || isDocument(payload);
}

/** The findings of one run of checkov: each check that failed. */
export function normalizeCheckov(payload: JsonObject): readonly Normalized[] {
  return isConfigMap(payload) ? readConfigMap(payload, readDocument) : readDocument(payload, NO_CONFIG_MAP);
}

function isDocument(payload: JsonObject): boolean {
  return Array.isArray(at(payload, "results", "failed_checks")) || isEmptyRun(payload);
}

/** What checkov prints when there was nothing to check. */
function isEmptyRun(payload: JsonObject): boolean {
  return wordAt(payload, "checkov_version") !== undefined && !Object.hasOwn(payload, "results");
}

/** One framework by itself, or a list of them when several were run. */
function readDocument(document: Json, home: DocumentHome): readonly Normalized[] {
  if (Array.isArray(document)) {
    return readList(
      { list: document },
      "list",
      "a checkov document",
      "it",
      (item) => readFramework(item, home),
    );
  }
  if (!isJsonObject(document)) return [wrongShape("a checkov document", CHECKOV_SHAPE, document)];
  return readFramework(document, home);
}

function readFramework(framework: JsonObject, home: DocumentHome): readonly Normalized[] {
  if (isEmptyRun(framework)) return [];
  const results = property(framework, "results");
  if (!isJsonObject(results)) return [wrongShape("a checkov document", CHECKOV_SHAPE, framework)];
  return readList(
    results,
    "failed_checks",
    "a checkov document",
    "results.failed_checks",
    (check) => [readCheck(check, wordAt(framework, "check_type"), home)],
  );
}

function readCheck(check: JsonObject, checkType: string | undefined, home: DocumentHome): Normalized {
  const checkID = wordAt(check, "check_id");
  const name = wordAt(check, "check_name");
  const id = checkID ?? name;
  if (id === undefined) {
    return wrongShape("a checkov check", "it must have the text check_id or check_name", check);
  }
  const filePath = wordAt(check, "file_path");
  const resource = wordAt(check, "resource");
  return makeFinding({
    category: "compliance",
    severity: severityOf(property(check, "severity")),
    eventType: "iac_check",
    title: idAndTitle(checkID, name, id),
    description: wordAt(check, "description") ?? describe(check, filePath, resource),
    detectedAt: home.createdAt,
    resource: objectOf(resource) ?? home.configMap,
    rule: id,
    identity: [id, filePath, resource],
    isWindowed: false,
    isState: true,
    details: {
      checkID,
      checkName: name,
      checkType,
      ...shownFields(check, SHOWN),
      evaluatedKeys: at(check, "check_result", "evaluated_keys"),
      key: home.key,
    },
  });
}

/** Its own word; medium where it says none. */
function severityOf(value: Json | undefined): Severity {
  const word = typeof value === "string" ? value.trim().toUpperCase() : "";
  return severityWord(word) ?? WORDS.get(word) ?? "medium";
}

function describe(
  check: JsonObject,
  filePath: string | undefined,
  resource: string | undefined,
): string | undefined {
  const lines = listAt(check, "file_line_range").filter((line) => typeof line === "number");
  const where = filePath === undefined || lines.length !== 2 ? filePath : `${filePath}:${lines.join("-")}`;
  return [resource, where].filter((part) => part !== undefined).join(" in ") || undefined;
}

/** The object that a check of a manifest is about; what other frameworks name lies in no cluster. */
function objectOf(resource: string | undefined): ResourceReference | undefined {
  const [, kind = "", namespace, name] = OBJECT.exec(resource ?? "") ?? [];
  const builtin = builtinByKind(kind);
  if (builtin === undefined) return undefined;
  return resourceReference({
    apiVersion: builtin.apiVersion,
    kind,
    name,
    namespace: builtin.isNamespaced ? namespace : undefined,
  });
}
