import type { Normalized } from "../model/finding.ts";
import { isJsonObject, type JsonObject, property } from "../model/json.ts";
import { wrongShape } from "./wrong_shape.ts";

/**
 * Reads every object of the list under `field`; an absent list, or one that Go wrote as null, is empty. What is no list,
 * and an item that is no object, is rejected by itself.
 *
 * @param what what is being read, e.g. "a kube-bench result"
 * @param path the list as a person finds it, e.g. "Controls[].tests"
 */
export function readList(
  holder: JsonObject,
  field: string,
  what: string,
  path: string,
  read: (item: JsonObject) => readonly Normalized[],
): readonly Normalized[] {
  const list = property(holder, field) ?? null;
  if (list === null) return [];
  if (!Array.isArray(list)) return [wrongShape(what, `${path} must be a list`, list)];
  return list.flatMap((item) =>
    isJsonObject(item) ? read(item) : [wrongShape(what, `${path}[] must be an object`, item)]
  );
}
