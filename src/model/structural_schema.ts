import { z } from "zod";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";

const INT32_MAX = 2147483647;
const FREE = "x-kubernetes-preserve-unknown-fields";
/** Keywords that mean the same in JSON schema and in a structural schema. */
const SAME = new Set([
  "description",
  "default",
  "nullable",
  "enum",
  "format",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
  "required",
]);
/** Keywords that a structural schema has no word for and loses nothing without. */
const DROPPED = new Set(["$schema", "definitions", "$defs", "id", "title"]);

/**
 * The structural schema (apiextensions.k8s.io/v1) of what a zod schema takes: free JSON becomes
 * `x-kubernetes-preserve-unknown-fields`, records become `additionalProperties`, `x-kubernetes-*` of `.meta()` is kept.
 *
 * @throws TypeError for what Kubernetes cannot say, so that no check is lost in silence
 */
export function structuralSchema(schema: z.ZodType): JsonObject {
  const json = z.toJSONSchema(schema, { target: "draft-7", io: "input", reused: "inline" });
  return convert(json as unknown as JsonObject, "spec");
}

function convert(schema: JsonObject, path: string): JsonObject {
  // With everything else inlined, only a schema that contains itself is referred to: that is JSON of any shape.
  if (schema.$ref !== undefined) return { [FREE]: true };
  const result: Record<string, Json> = {
    ...(schema.description === undefined ? {} : { description: schema.description }),
    type: typeOf(schema, path),
    ...(schema.type === "integer" ? { format: isInt32(schema) ? "int32" : "int64" } : {}),
  };
  for (const [keyword, value] of Object.entries(schema)) {
    if (value === undefined || DROPPED.has(keyword)) continue;
    if (SAME.has(keyword) || keyword.startsWith("x-kubernetes-")) result[keyword] = value;
    else Object.assign(result, convertKeyword(schema, keyword, value, path));
  }
  return result;
}

function typeOf(schema: JsonObject, path: string): string {
  if (typeof schema.type === "string") return schema.type;
  throw cannot(path, "it must have exactly one type", schema);
}

function convertKeyword(schema: JsonObject, keyword: string, value: Json, path: string): JsonObject {
  switch (keyword) {
    case "type":
      return {};
    case "pattern":
      // The server checks date-time itself; zod's pattern for it only says the same again.
      return schema.format === "date-time" ? {} : { pattern: pattern(value, path) };
    case "properties":
      return {
        properties: Object.fromEntries(
          objects(value).map(([name, child]) => [name, convert(child, `${path}.${name}`)]),
        ),
      };
    // A number in JSON schema; beside its bound in a structural one.
    case "exclusiveMinimum":
      return { minimum: value, exclusiveMinimum: true };
    case "exclusiveMaximum":
      return { maximum: value, exclusiveMaximum: true };
    case "items":
      if (!isJsonObject(value)) throw cannot(path, "items must be one schema", value);
      return { items: convert(value, `${path}[]`) };
    case "additionalProperties":
      return convertRecord(schema, value, path);
    case "propertyNames":
      if (isAnyText(value)) return {};
      throw cannot(path, "keys of a record must be any text, or one of a list", value);
    default:
      throw cannot(path, `${keyword} has no structural form`, value);
  }
}

/** A strict object's `false` is what pruning does anyway; a record over an enum is an object with those fields. */
function convertRecord(schema: JsonObject, value: Json, path: string): JsonObject {
  if (value === false) return {};
  if (!isJsonObject(value)) throw cannot(path, "additionalProperties must be a schema or false", value);
  const child = convert(value, `${path}.*`);
  if (child[FREE] === true && child.type === undefined) return { [FREE]: true };
  const keys = isJsonObject(schema.propertyNames) ? schema.propertyNames.enum : undefined;
  if (!Array.isArray(keys)) return { additionalProperties: child };
  return { properties: Object.fromEntries(keys.map((key) => [String(key), child])) };
}

/** The server compiles patterns with RE2, which knows neither look-around nor back references. */
function pattern(value: Json, path: string): string {
  const text = String(value);
  if (/\(\?[=!<]|\\[1-9]/.test(text)) throw cannot(path, "a pattern must be one that RE2 knows", value);
  return text.replaceAll("\\/", "/");
}

/** A record over an enum has become an object with those fields; other limits of keys cannot be said. */
function isAnyText(keys: Json): boolean {
  return isJsonObject(keys) && keys.type === "string" &&
    Object.keys(keys).every((keyword) => keyword === "type" || keyword === "enum");
}

function isInt32(schema: JsonObject): boolean {
  const { minimum, maximum } = schema;
  return typeof maximum === "number" && maximum <= INT32_MAX &&
    typeof minimum === "number" && minimum >= -INT32_MAX - 1;
}

function objects(value: Json): readonly [string, JsonObject][] {
  if (!isJsonObject(value)) return [];
  return Object.entries(value).filter((entry): entry is [string, JsonObject] => isJsonObject(entry[1]));
}

function cannot(path: string, must: string, given: Json): TypeError {
  return new TypeError(`Cannot make a structural schema of ${path}: ${must}, given ${JSON.stringify(given)}`);
}
