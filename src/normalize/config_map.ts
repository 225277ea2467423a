import { Buffer } from "node:buffer";
import type { Normalized } from "../model/finding.ts";
import { isJsonObject, type Json, type JsonObject, property } from "../model/json.ts";
import { parseJson } from "../model/parse_json.ts";
import type { ResourceReference } from "../model/observation.ts";
import { cleanText, cutLength } from "./cut_text.ts";
import { resourceReference } from "./resource_reference.ts";
import { firstTime } from "./rfc3339.ts";
import { wordAt } from "./word_at.ts";
import { wrongShape } from "./wrong_shape.ts";

const MAX_KEY_LENGTH = 253;
/** Looked for one at a time: a pattern over the whole of a long text would overflow. */
const NO_BASE64 = /[^A-Za-z0-9+/]/;

/** Where a document of a tool lay. */
export interface DocumentHome {
  /** The ConfigMap; undefined for a document that was sent by itself. */
  readonly configMap: ResourceReference | undefined;
  readonly key: string | undefined;
  /** metadata.creationTimestamp of the ConfigMap. */
  readonly createdAt: string | undefined;
}

/** What one key of a ConfigMap holds. */
type Entry =
  | { readonly kind: "document"; readonly value: Json; readonly home: DocumentHome }
  | { readonly kind: "unreadable"; readonly item: Normalized };

/** The home of a document that was sent by itself. */
export const NO_CONFIG_MAP: DocumentHome = { configMap: undefined, key: undefined, createdAt: undefined };

/** True for a core/v1 ConfigMap. */
export function isConfigMap(payload: JsonObject): boolean {
  return wordAt(payload, "apiVersion") === "v1" && wordAt(payload, "kind") === "ConfigMap";
}

/** True for a ConfigMap with label `app=<tool>`. */
export function isConfigMapOf(payload: JsonObject, tool: string): boolean {
  return isConfigMap(payload) && wordAt(property(payload, "metadata"), "labels", "app") === tool;
}

/**
 * What the JSON documents of a ConfigMap say, key by key in the order of their names, of `data` and then of `binaryData`.
 * A key whose value is no JSON is rejected by itself.
 */
export function readConfigMap(
  payload: JsonObject,
  read: (document: Json, home: DocumentHome) => readonly Normalized[],
): readonly Normalized[] {
  const metadata = property(payload, "metadata");
  const home: DocumentHome = {
    configMap: resourceReference({
      apiVersion: "v1",
      kind: "ConfigMap",
      name: wordAt(metadata, "name"),
      namespace: wordAt(metadata, "namespace"),
    }),
    key: undefined,
    createdAt: firstTime(property(metadata, "creationTimestamp")),
  };
  return ["data", "binaryData"].flatMap((field) => entriesOf(payload, field, home)).flatMap((entry) =>
    entry.kind === "document" ? read(entry.value, entry.home) : [entry.item]
  );
}

function entriesOf(payload: JsonObject, field: string, home: DocumentHome): readonly Entry[] {
  const values = property(payload, field) ?? null;
  if (values === null) return [];
  if (!isJsonObject(values)) {
    return [{ kind: "unreadable", item: wrongShape("a ConfigMap", `${field} must be an object`, values) }];
  }
  return Object.keys(values).sort().map((name): Entry => {
    const key = cutLength(cleanText(name), MAX_KEY_LENGTH);
    const value = property(values, name);
    if (typeof value !== "string") {
      return {
        kind: "unreadable",
        item: wrongShape(`key ${key} of a ConfigMap`, "it must be a text", value),
      };
    }
    const document = documentIn(field === "data" ? value : decoded(value));
    if (document === undefined) return { kind: "unreadable", item: noJson(key, field) };
    return { kind: "document", value: document, home: { ...home, key } };
  });
}

/** The text of base64 that is text; undefined for what is neither. */
function decoded(base64: string): string | undefined {
  const packed = base64.replace(/\s+/g, "");
  if (packed.length % 4 !== 0 || NO_BASE64.test(packed.replace(/={1,2}$/, ""))) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(packed, "base64"));
  } catch {
    return undefined;
  }
}

function documentIn(text: string | undefined): Json | undefined {
  if (text === undefined) return undefined;
  try {
    return parseJson(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function noJson(key: string, field: string): Normalized {
  const must = field === "data" ? "it must hold JSON" : "it must hold JSON in base64";
  return {
    kind: "rejected",
    reason: "invalid_json",
    message: `Cannot read key ${key} of a ConfigMap: ${must}, given another text`,
  };
}
