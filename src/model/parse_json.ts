import type { Json } from "./json.ts";

/** How deeply arrays and objects may lie in each other; what the known tools send has 12 levels at most. */
export const MAX_JSON_DEPTH = 64;

/** Only a text with such a run can hold a number that loses digits: 16 digits, or an exponent of three. */
const LONG_NUMBER = /(?:^|[:,[\s])-?(?:[0-9]{16}|[0-9][0-9.]*[eE]\+?[0-9]{3})/;
const NUMBER = /-?[0-9][0-9.]*(?:[eE][+-]?[0-9]+)?/g;
/** As in `1e400`. */
const SHORTEST_LONG_NUMBER = 5;
const INTEGER = /^-?[0-9]+$/;

/**
 * Parses JSON from outside. An integer beyond 2^53 keeps its digits as a string, and so does a number that has
 * no finite value. Own keys named `__proto__` are dropped, so that no copy of the value can change a prototype.
 * Throws a SyntaxError for what is not JSON, or lies deeper than {@link MAX_JSON_DEPTH}.
 */
export function parseJson(text: string): Json {
  const rounded: unknown = JSON.parse(text);
  const value: unknown = LONG_NUMBER.test(text) ? JSON.parse(quoteLongNumbers(text)) : rounded;
  makeHarmless(value);
  return value as Json;
}

/**
 * Puts numbers that would lose digits into quotes; `text` must be JSON. A reviver with source text would do the
 * same, at ten times the cost for a large body.
 */
function quoteLongNumbers(text: string): string {
  let quoted = "";
  let copied = 0;
  for (let gap = 0; gap < text.length;) {
    const open = text.indexOf('"', gap);
    const end = open < 0 ? text.length : open;
    if (end - gap >= SHORTEST_LONG_NUMBER) {
      quoted += text.slice(copied, gap) +
        text.slice(gap, end).replace(NUMBER, (digits) => losesDigits(digits) ? `"${digits}"` : digits);
      copied = end;
    }
    gap = open < 0 ? end : endOfString(text, open);
  }
  return quoted + text.slice(copied);
}

function losesDigits(digits: string): boolean {
  const value = Number(digits);
  return !Number.isFinite(value) || (!Number.isSafeInteger(value) && INTEGER.test(digits));
}

/** Where the string that begins at `open` ends; a quote behind an odd number of backslashes does not end it. */
function endOfString(text: string, open: number): number {
  for (let close = text.indexOf('"', open + 1); close >= 0; close = text.indexOf('"', close + 1)) {
    let before = close;
    while (text[before - 1] === "\\") before--;
    if ((close - before) % 2 === 0) return close + 1;
  }
  return text.length;
}

/** Walks level by level, without recursion: the input decides how deep it goes. */
function makeHarmless(value: unknown): void {
  let level = isContainer(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_JSON_DEPTH) {
      throw new SyntaxError(`JSON must not be nested deeper than ${MAX_JSON_DEPTH} levels`);
    }
    const below: object[] = [];
    for (const container of level) {
      if (Object.hasOwn(container, "__proto__")) Reflect.deleteProperty(container, "__proto__");
      const children: readonly unknown[] = Array.isArray(container) ? container : Object.values(container);
      for (const child of children) if (isContainer(child)) below.push(child);
    }
    level = below;
  }
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
