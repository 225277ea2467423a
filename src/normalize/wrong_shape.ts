import type { Normalized } from "../model/finding.ts";
import { isJsonObject, type Json } from "../model/json.ts";
import { cleanText, cutLength } from "./cut_text.ts";

const MAX_FIELDS = 10;
const MAX_FIELD_LENGTH = 40;

/**
 * Rejects a payload. The message says what must hold and what was given; of the payload it repeats field names and types
 * only, since it goes into an HTTP answer and into logs.
 *
 * @param what what was to be taken, e.g. "a falco signal"
 * @param must what must hold, e.g. "it must be an object with the text rule"
 */
export function wrongShape(what: string, must: string, given: Json | undefined): Normalized {
  return {
    kind: "rejected",
    reason: "wrong_shape",
    message: `Cannot take ${what}: ${must}, given ${describe(given)}`,
  };
}

/** What a value is, without telling it: its type, and of an object the names and types of its fields. */
export function describe(value: Json | undefined): string {
  if (!isJsonObject(value)) return typeName(value);
  const fields = Object.entries(value);
  if (fields.length === 0) return "an object without fields";
  const shown = fields.slice(0, MAX_FIELDS)
    .map(([name, member]) => `${cutLength(cleanText(name), MAX_FIELD_LENGTH)} (${typeName(member)})`);
  const more = fields.length > MAX_FIELDS ? ` and ${fields.length - MAX_FIELDS} more` : "";
  return `an object with ${shown.join(", ")}${more}`;
}

function typeName(value: Json | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  switch (typeof value) {
    case "string":
      return value === "" ? "an empty text" : "a text";
    case "object":
      return "an object";
    default:
      return `a ${typeof value}`;
  }
}
