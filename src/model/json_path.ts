import { isJsonObject, type Json, property } from "./json.ts";

/** One step of a path: a member, an item (negative: from the end), or every item of a list. */
export type PathStep =
  | { readonly kind: "member"; readonly name: string }
  | { readonly kind: "item"; readonly index: number }
  | { readonly kind: "items" };

/** What a path says, or what is wrong with it and where (offset in UTF-16 units, from 0). */
export type ParsedPath =
  | { readonly kind: "path"; readonly steps: readonly PathStep[] }
  | { readonly kind: "problem"; readonly offset: number; readonly message: string };

/** Longest path, in steps. */
const MAX_STEPS = 32;
/** How many values a path with `[*]` leads to, at most. */
const MAX_ITEMS = 1000;
const NAME = /[^\s.[\]'"|{}]+/y;
const BRACKET = /\[\s*(?:(-?[0-9]{1,6})|(\*)|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*\]/y;

/**
 * Parses a path in JSON: names with dots, indexes, quoted names, and `[*]` for every item of a list, e.g.
 * `$.a.b[0]['x.y']` or `items[*].name`. The `$` and a leading dot may be left out.
 */
export function parsePath(text: string): ParsedPath {
  const steps: PathStep[] = [];
  const problem = (offset: number, message: string): ParsedPath => ({ kind: "problem", offset, message });
  let here = text.startsWith("$") && /^\$(?=[.[]|$)/.test(text) ? 1 : 0;
  while (here < text.length) {
    if (steps.length === MAX_STEPS) return problem(here, `a path has at most ${MAX_STEPS} steps`);
    if (text[here] === "[") {
      BRACKET.lastIndex = here;
      const found = BRACKET.exec(text);
      if (found === null) return problem(here, "brackets hold a number, * or a quoted name");
      steps.push(bracketStep(found));
      here = BRACKET.lastIndex;
      continue;
    }
    if (text[here] === ".") here++;
    else if (here > 0) return problem(here, "a dot or a bracket is expected");
    NAME.lastIndex = here;
    const name = NAME.exec(text)?.[0];
    if (name === undefined) return problem(here, "a name is expected");
    if (name === "*") return problem(here, "every item of a list is [*]");
    steps.push({ kind: "member", name });
    here = NAME.lastIndex;
  }
  return steps.length === 0 ? problem(0, "the path is empty") : { kind: "path", steps };
}

/**
 * The value that a path leads to, by own properties only; undefined where there is none. With `[*]` it is the list of all
 * values that are there, at most 1000, or undefined when the path meets no list.
 */
export function readPath(value: Json | undefined, steps: readonly PathStep[]): Json | undefined {
  let here = value;
  for (const [index, step] of steps.entries()) {
    if (here === undefined) return undefined;
    if (step.kind !== "items") {
      here = stepInto(here, step);
      continue;
    }
    if (!Array.isArray(here)) return undefined;
    const found: Json[] = [];
    for (const item of here as readonly Json[]) {
      if (found.length >= MAX_ITEMS) break;
      const below = readPath(item, steps.slice(index + 1));
      const isNestedList = steps.slice(index + 1).some(({ kind }) => kind === "items");
      if (isNestedList && Array.isArray(below)) found.push(...below as readonly Json[]);
      else if (below !== undefined) found.push(below);
    }
    return found.slice(0, MAX_ITEMS);
  }
  return here;
}

function stepInto(value: Json, step: Exclude<PathStep, { readonly kind: "items" }>): Json | undefined {
  if (step.kind === "member") return isJsonObject(value) ? property(value, step.name) : undefined;
  return Array.isArray(value) ? (value as readonly Json[]).at(step.index) : undefined;
}

function bracketStep([, index, star, single, double]: RegExpExecArray): PathStep {
  if (index !== undefined) return { kind: "item", index: Number(index) };
  if (star !== undefined) return { kind: "items" };
  return { kind: "member", name: (single ?? double ?? "").replace(/\\(.)/g, "$1") };
}
