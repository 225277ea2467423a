import { isJsonObject, type Json, type JsonObject, textAt } from "../model/json.ts";
import { cleanText } from "./cut_text.ts";

/** What stands in the place of a secret. */
export const REDACTED = "[redacted]";

/** Deeper than any known payload; what lies deeper is cut off. */
const MAX_DEPTH = 64;
const TOO_DEEP = "…";

const SECRET = /passw(or)?d|passphrase|pwd|token|secret|apikey|accesskey|privatekey|signingkey/;
const SECRET_END = /(authorization(header)?|credentials?|cookies?|jwt)$/;
/** `secretName` names a Secret and is none; the same goes for tokenType or passwordCount. */
const NAMES_ONLY = /(names?|namespaces?|kind|type|count|ref|refs)$/;
/** What can be a name, other than a sentence. */
const IDENTIFIER = /^[\w./-]+$/;

/**
 * True for a key whose value is a secret: password, token, authorization, secret, apiKey and their usual spellings
 * (client_secret, X-Api-Key, dbPassword), but not for one that only says where it is (secretName, secretKeyRef).
 */
export function namesSecret(key: string): boolean {
  const word = key.toLowerCase().replace(/[^a-z0-9]/g, "");
  return SECRET.test(word) && !NAMES_ONLY.test(word) || SECRET_END.test(word);
}

/**
 * A copy without secrets: values under keys that name one become "[redacted]" at any depth (true, false and null stay:
 * they can hide nothing), and so does `value` beside a `name` or `key` that names one. All texts are clean.
 */
export function redact(value: Json): Json {
  return copy(value, 0);
}

/** {@link redact} for an object. */
export function redactObject(object: JsonObject): JsonObject {
  return copyObject(object, 0);
}

/** A request's URI without the values of query parameters that name a secret. */
export function redactUri(uri: string): string {
  return uri.replace(
    /([?&])([^=&?]*)=[^&]*/g,
    (whole, mark: string, name: string) => namesSecret(name) ? `${mark}${name}=${REDACTED}` : whole,
  );
}

function copy(value: Json, depth: number): Json {
  if (typeof value === "string") return cleanText(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return TOO_DEEP;
  return isJsonObject(value) ? copyObject(value, depth) : value.map((item) => copy(item, depth + 1));
}

function copyObject(object: JsonObject, depth: number): JsonObject {
  const label = textAt(object, "name") ?? textAt(object, "key");
  const isPair = label !== undefined && IDENTIFIER.test(label) && namesSecret(label);
  const entries: [string, Json][] = [];
  for (const [key, member] of Object.entries(object)) {
    if (member === undefined) continue;
    const isSecret = namesSecret(key) || isPair && key === "value";
    entries.push([cleanText(key), isSecret && canHide(member) ? REDACTED : copy(member, depth + 1)]);
  }
  // fromEntries defines own properties, so that no key can reach a prototype.
  return Object.fromEntries(entries);
}

function canHide(value: Json): boolean {
  return typeof value !== "boolean" && value !== null && value !== "";
}
