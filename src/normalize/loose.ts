import type { Json } from "../model/json.ts";

const INTEGER = /^[+-]?[0-9]{1,16}$/;

/** True or false, also as a word, as some tools write them; undefined for all else. */
export function looseBoolean(value: Json | undefined): boolean | undefined {
  if (typeof value === "boolean") return value;
  const word = typeof value === "string" ? value.trim().toLowerCase() : undefined;
  return word === "true" ? true : word === "false" ? false : undefined;
}

/** A whole number that keeps its digits, also as a text; undefined for all else. */
export function looseInteger(value: Json | undefined): number | undefined {
  const number = typeof value === "string" && INTEGER.test(value.trim()) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) ? number : undefined;
}
