import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";

/** JSON as CEL takes it: whole numbers are int (bigint), all others double. */
export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | readonly CelValue[]
  | ReadonlyMap<string, CelValue>
  | { readonly [key: string]: CelValue };

/** Deeper than any known payload; what lies deeper is null. */
const MAX_DEPTH = 64;

/**
 * Converts JSON for CEL as Kubernetes does: a number without a fraction is an int, so that `signal.count + 1` works. Members
 * without a value are left out.
 */
export function celValue(value: Json | undefined): CelValue {
  return convert(value, 0);
}

function convert(value: Json | undefined, depth: number): CelValue {
  switch (typeof value) {
    case "undefined":
      return null;
    case "number":
      return Number.isSafeInteger(value) ? BigInt(value) : value;
    case "object":
      if (value === null || depth >= MAX_DEPTH) return null;
      return isJsonObject(value)
        ? convertObject(value, depth)
        : value.map((item) => convert(item, depth + 1));
    default:
      return value;
  }
}

function convertObject(object: JsonObject, depth: number): CelValue {
  // The library tells a plain object by its constructor, which a payload may overwrite.
  if (Object.hasOwn(object, "constructor")) {
    const entries = Object.entries(object).filter(([, member]) => member !== undefined);
    return new Map(entries.map(([key, member]) => [key, convert(member, depth + 1)]));
  }
  const members: { [key: string]: CelValue } = {};
  for (const key of Object.keys(object)) {
    const member = object[key];
    // Set on an object, this name would change its prototype.
    if (member !== undefined && key !== "__proto__") members[key] = convert(member, depth + 1);
  }
  return members;
}
