import type { Json } from "./json.ts";

/** How deeply arrays and objects may lie in each other; what the known tools send has 12 levels at most. */
export const MAX_JSON_DEPTH = 64;

/** Only a text with such a run can hold a number that loses digits: 16 digits, or an exponent of three. */
const LONG_NUMBER = /(?:^|[:,[\s])-?(?:[0-9]{16}|[0-9][0-9.]*[eE]\+?[0-9]{3})/;
/** The same for a compact text, where numbers follow a mark at once: a seventh of the cost. */
const LONG_DIGITS = /[:,[]-?[0-9]{16}/;
/** An object lies two levels deep in a list; one level more than allowed is kept, and is too deep. */
const MAX_API_DEPTH = MAX_JSON_DEPTH + 3;
const QUOTE = 34;
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [91, 93, 123, 125];
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
  makeHarmless(value, MAX_JSON_DEPTH, () => {
    throw new SyntaxError(`JSON must not be nested deeper than ${MAX_JSON_DEPTH} levels`);
  });
  return value as Json;
}

/**
 * Parses what the API server says, with the same care for digits and prototypes. One object that lies too deep must not stop
 * the list or watch it comes in: below a few levels more than {@link MAX_JSON_DEPTH} there is null, so that whoever asks for
 * its depth still sees that it is too deep.
 *
 * @throws SyntaxError when it is not JSON
 */
export function parseApiJson(text: string): unknown {
  const rounded: unknown = JSON.parse(text);
  const value: unknown = LONG_DIGITS.test(text) ? JSON.parse(quoteLongNumbers(text)) : rounded;
  // Almost never needed, and a look at the text is cheaper than a walk over all values.
  if (text.includes("__proto__") || isTextDeeperThan(text, MAX_API_DEPTH)) {
    makeHarmless(value, MAX_API_DEPTH, (container, key) => {
      Reflect.set(container, key, null);
    });
  }
  return value;
}

/** `text` must be JSON. */
function isTextDeeperThan(text: string, levels: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at) - 1;
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (++depth > levels) return true;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--;
    }
  }
  return false;
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

/**
 * Walks level by level, without recursion: the input decides how deep it goes.
 *
 * @param tooDeep called for each value in the last level that is allowed which holds yet another one
 */
function makeHarmless(
  value: unknown,
  maxDepth: number,
  tooDeep: (container: object, key: string) => void,
): void {
  let level = isContainer(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth++) {
    const below: object[] = [];
    for (const container of level) {
      if (Object.hasOwn(container, "__proto__")) Reflect.deleteProperty(container, "__proto__");
      const children: readonly unknown[] = Array.isArray(container) ? container : Object.values(container);
      if (depth < maxDepth) {
        for (const child of children) if (isContainer(child)) below.push(child);
      } else if (children.some(isContainer)) {
        for (const [key, child] of Object.entries(container)) if (isContainer(child)) tooDeep(container, key);
      }
    }
    level = below;
  }
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
