import { isJsonObject, type Json } from "../model/json.ts";

/** How a schema that the API server serves differs from ours. */
export interface Differences {
  /** Fields and values that ours has and it lacks, as paths below the object. */
  readonly lacking: readonly string[];
  /** Fields whose limits are others. */
  readonly differing: readonly string[];
}

/**
 * Compares a served OpenAPI schema with ours. What it has beside ours is none of our business: a later version only grows.
 * Descriptions do not count.
 */
export function schemaDifferences(ours: Json, served: Json | undefined): Differences {
  const found = { lacking: [] as string[], differing: [] as string[] };
  compare(ours, served, "", found);
  return { lacking: found.lacking, differing: [...new Set(found.differing)] };
}

interface Found {
  readonly lacking: string[];
  readonly differing: string[];
}

function compare(ours: Json | undefined, served: Json | undefined, path: string, found: Found): void {
  if (!isJsonObject(ours) || !isJsonObject(served)) {
    if (!isSame(ours, served)) found.differing.push(path);
    return;
  }
  for (const [key, own] of Object.entries(ours)) {
    const other = served[key];
    switch (key) {
      case "description":
        break;
      case "properties":
        compareFields(own, other, path, found);
        break;
      case "enum":
        compareValues(own, other, path, found);
        break;
      case "items":
      case "additionalProperties":
        compare(own, other, `${path}[]`, found);
        break;
      default:
        if (!isSame(own, other)) found.differing.push(path);
    }
  }
}

function compareFields(ours: Json | undefined, served: Json | undefined, path: string, found: Found): void {
  for (const [name, own] of Object.entries(isJsonObject(ours) ? ours : {})) {
    const below = path === "" ? name : `${path}.${name}`;
    const other = isJsonObject(served) ? served[name] : undefined;
    if (other === undefined) found.lacking.push(below);
    else compare(own, other, below, found);
  }
}

function compareValues(ours: Json | undefined, served: Json | undefined, path: string, found: Found): void {
  const known = Array.isArray(served) ? served : undefined;
  // Without a list every value is taken.
  if (known === undefined || !Array.isArray(ours)) return;
  for (const value of ours) {
    if (!known.includes(value)) found.lacking.push(`${path} ${JSON.stringify(value)}`);
  }
}

/** The order of keys says nothing. */
function isSame(one: Json | undefined, other: Json | undefined): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, index) => isSame(value, other[index]));
  }
  if (isJsonObject(one) && isJsonObject(other)) {
    const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...keys].every((key) => isSame(one[key], other[key]));
  }
  return one === other;
}
