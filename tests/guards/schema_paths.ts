import { at, isJsonObject, type Json } from "../../src/model/json.ts";

/**
 * The dotted paths of a JSON schema's properties: those that hold no described properties of their own, or that are marked
 * `x-whole`.
 */
export function pathsOfSchema(schema: Json): readonly string[] {
  return below(schema, "");
}

function below(schema: Json, prefix: string): readonly string[] {
  const properties = at(schema, "properties");
  if (!isJsonObject(properties)) return [];
  return Object.entries(properties).flatMap(([name, inner]) => {
    if (inner === undefined) return [];
    const path = `${prefix}${name}`;
    const isWhole = at(inner, "x-whole") === true || !isJsonObject(at(inner, "properties"));
    return isWhole ? [path] : below(inner, `${path}.`);
  });
}
