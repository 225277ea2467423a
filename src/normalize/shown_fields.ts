import { type JsonObject, property } from "../model/json.ts";

/** The named fields of an object, as details show them: names in snake_case become camelCase. */
export function shownFields(item: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [camelCase(name), property(item, name)]));
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
