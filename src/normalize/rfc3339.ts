import type { Json } from "../model/json.ts";
import { looseInteger } from "./loose.ts";

const RFC_3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d+)?([Zz]|[+-](\d{2}):(\d{2}))$/;
/** Finer than a nanosecond no clock of theirs goes. */
const EXCESS_DIGITS = /(\.\d{9})\d+/;
/** Nothing of ours is older; Go writes a time that was never set as one in the year 1. */
const FIRST_YEAR = 1970;
const MAX_SECONDS = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

/** The value when it is a time in RFC 3339 that exists; undefined for all else, and for years before 1970. */
export function rfc3339(value: Json | undefined): string | undefined {
  if (typeof value !== "string") return undefined;
  const found = RFC_3339.exec(value);
  if (found === null) return undefined;
  const part = (index: number): number => Number(found[index] ?? 0);
  const [year, month, day] = [part(1), part(2), part(3)];
  // The 30th of February becomes a day in March: then it is no day.
  const date = new Date(Date.UTC(year, month - 1, day));
  const isDay = year >= FIRST_YEAR && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  const isTime = part(4) < 24 && part(5) < 60 && part(6) < 60;
  const isOffset = part(9) < 24 && part(10) < 60;
  return isDay && isTime && isOffset ? value.toUpperCase().replace(EXCESS_DIGITS, "$1") : undefined;
}

/** The first of several values that is a time. */
export function firstTime(...values: readonly (Json | undefined)[]): string | undefined {
  for (const value of values) {
    const time = rfc3339(value);
    if (time !== undefined) return time;
  }
  return undefined;
}

/**
 * RFC 3339 for `{seconds, nanos}` (metav1.Timestamp). Nanos out of range are left out, as one known adapter writes them
 * negative and another writes the seconds there; 0 seconds is a time never set.
 */
export function timestampTime(
  givenSeconds: Json | undefined,
  givenNanos: Json | undefined,
): string | undefined {
  const seconds = looseInteger(givenSeconds);
  const nanos = looseInteger(givenNanos);
  if (seconds === undefined || seconds <= 0 || seconds > MAX_SECONDS) return undefined;
  const base = new Date(seconds * 1000).toISOString().slice(0, 19);
  if (nanos === undefined || nanos <= 0 || nanos > 999_999_999) {
    return `${base}Z`;
  }
  return `${base}.${String(nanos).padStart(9, "0").replace(/0+$/, "")}Z`;
}
