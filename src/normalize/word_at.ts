import { at } from "../model/json.ts";

/** The word at a path: a text, or a number as text; undefined when there is none, or an empty one. */
export function wordAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  if (typeof found === "number") return String(found);
  return typeof found === "string" && found !== "" ? found : undefined;
}
