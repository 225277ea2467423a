import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { cutBytes } from "./cut_text.ts";
import { redactObject } from "./redact.ts";

/** Largest details of an Observation, in bytes of JSON. */
export const MAX_DETAILS_BYTES: number = 32 * 1024;
/** More members than this are not even looked at: sorting them out would take longer than the rest of the work. */
const MAX_MEMBERS = 1000;
/** The key that marks details that were cut. */
export const TRUNCATED = "truncated";

interface Limits {
  readonly textBytes: number;
  readonly members: number;
}

/** Tried one after the other, until it fits. */
const LIMITS: readonly Limits[] = [
  { textBytes: 4096, members: 200 },
  { textBytes: 1024, members: 50 },
  { textBytes: 256, members: 20 },
  { textBytes: 128, members: 8 },
  { textBytes: 64, members: 3 },
];

/**
 * `details` of an Observation: members without a value are left out, secrets are redacted, and what is above 32 KiB is
 * cut (long texts and lists first, then whole members, largest first) and marked with `truncated: true`.
 */
export function makeDetails(members: JsonObject): JsonObject {
  const given = Object.entries(members).filter(([, value]) => hasValue(value));
  const redacted = redactObject(Object.fromEntries(given.slice(0, MAX_MEMBERS)));
  const details = given.length > MAX_MEMBERS ? { ...redacted, [TRUNCATED]: true } : redacted;
  if (jsonBytes(details) <= MAX_DETAILS_BYTES) return details;
  for (const limits of LIMITS) {
    const shorter = { ...mapMembers(details, (value) => shorten(value, limits)), [TRUNCATED]: true };
    if (jsonBytes(shorter) <= MAX_DETAILS_BYTES) return shorter;
  }
  const shortest = mapMembers(details, (value) => shorten(value, LIMITS.at(-1) as Limits));
  return { ...keepSmallest(shortest), [TRUNCATED]: true };
}

function hasValue(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === "") return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

function shorten(value: Json, limits: Limits): Json {
  if (typeof value === "string") return cutBytes(value, limits.textBytes);
  if (typeof value !== "object" || value === null) return value;
  if (!isJsonObject(value)) return value.slice(0, limits.members).map((item) => shorten(item, limits));
  const kept = Object.entries(value).slice(0, limits.members);
  return mapMembers(Object.fromEntries(kept), (member) => shorten(member, limits));
}

function mapMembers(object: JsonObject, change: (value: Json) => Json): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, value === undefined ? value : change(value)]),
  );
}

/** The members that fit, smallest first, in their old order. */
function keepSmallest(object: JsonObject): JsonObject {
  const sizes = Object.entries(object).map(([key, value]) => ({ key, bytes: jsonBytes({ [key]: value }) }));
  const kept = new Set<string>();
  let room = MAX_DETAILS_BYTES - jsonBytes({ [TRUNCATED]: true });
  for (const { key, bytes } of sizes.toSorted((a, b) => a.bytes - b.bytes)) {
    room -= bytes;
    if (room < 0) break;
    kept.add(key);
  }
  return Object.fromEntries(Object.entries(object).filter(([key]) => kept.has(key)));
}

function jsonBytes(value: JsonObject): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
