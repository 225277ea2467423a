import type { Json } from "./json.ts";

/**
 * One text for one value: keys in code unit order, no white space, absent members left out (after RFC 8785). Iterative
 * depth is bounded by what the JSON parser of the door lets through.
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members: string[] = [];
  const object = value as Readonly<Record<string, Json | undefined>>;
  for (const key of Object.keys(object).sort()) {
    const member = object[key];
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${canonicalJson(member)}`);
  }
  return `{${members.join(",")}}`;
}
