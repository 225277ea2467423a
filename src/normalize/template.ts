import type { Json } from "../model/json.ts";
import { parseRootedPath, readRooted, type RootedPath } from "../model/rooted_path.ts";
import { namesSecret, redact } from "./redact.ts";

/** What a template reads from. */
export interface TemplateSource {
  readonly payload: Json;
  readonly observation: () => Json;
}

/** A template made ready, or what is wrong with it and where. */
export type CompiledTemplate =
  | { readonly kind: "template"; readonly render: (source: TemplateSource) => string }
  | { readonly kind: "problem"; readonly message: string };

type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly path: RootedPath; readonly change: readonly Change[] };
type Change = (text: string) => string;

/** How much of one value is taken, in characters; title and description are cut to their own limits after. */
const MAX_VALUE_LENGTH = 4096;
const FUNCTION = /^(?:(upper|lower|trim)|default\s+("(?:[^"\\]|\\.)*"))$/;
const CHANGES: Readonly<Record<string, Change>> = {
  upper: (text) => text.toUpperCase(),
  lower: (text) => text.toLowerCase(),
  trim: (text) => text.trim(),
};

/**
 * Compiles a template: text with `{{ path }}` in it, e.g. `{{ .rule | default "A rule" }} on {{ observation.spec.severity
 * | upper }}`. After a bar follow default "text", upper, lower or trim; a value that is not there is no text.
 */
export function compileTemplate(text: string): CompiledTemplate {
  const parts: Part[] = [];
  for (let here = 0; here < text.length;) {
    const open = text.indexOf("{{", here);
    if (open === -1 || open > here) {
      parts.push({ kind: "text", text: text.slice(here, open === -1 ? undefined : open) });
    }
    if (open === -1) break;
    const close = endOf(text, open + 2);
    if (close === undefined) return problem(open, "{{ is not closed by }}");
    const part = parsePart(text.slice(open + 2, close));
    if (part.kind === "problem") return problem(open + 2 + part.offset, part.message);
    parts.push(part);
    here = close + 2;
  }
  return { kind: "template", render: (source) => parts.map((part) => renderPart(part, source)).join("") };
}

/** A JSON value as text for people: lists with commas, objects as JSON. */
export function textOfJson(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value.slice(0, MAX_VALUE_LENGTH);
  if (typeof value !== "object") return String(value);
  const text = Array.isArray(value)
    ? (value as readonly Json[]).map((item) => textOfJson(item)).join(", ")
    : JSON.stringify(value);
  return text.slice(0, MAX_VALUE_LENGTH);
}

/** Why a path must not be shown; undefined when it may. */
export function secretProblem({ steps }: RootedPath): string | undefined {
  const secret = steps.find((step) => step.kind === "member" && namesSecret(step.name));
  return secret?.kind === "member" ? `${secret.name} names a secret, which no Observation shows` : undefined;
}

function problem(offset: number, message: string): CompiledTemplate {
  return { kind: "problem", message: `column ${offset + 1}: ${message}` };
}

/** Where `}}` stands, not within quotes. */
function endOf(text: string, from: number): number | undefined {
  const token = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\}\}/g;
  token.lastIndex = from;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    if (found[0] === "}}") return found.index;
  }
  return undefined;
}

function parsePart(
  inner: string,
): Part | { readonly kind: "problem"; readonly offset: number; readonly message: string } {
  const wrong = (offset: number, message: string) => ({ kind: "problem", offset, message }) as const;
  const [path = "", ...functions] = splitBars(inner);
  const begin = inner.length - inner.trimStart().length;
  const parsed = parseRootedPath(path);
  if (parsed.kind === "problem") return wrong(begin + parsed.offset, parsed.message);
  const secret = secretProblem(parsed.path);
  if (secret !== undefined) return wrong(begin, secret);
  const change: Change[] = [];
  for (const call of functions) {
    const [, name, quoted] = FUNCTION.exec(call) ?? [];
    if (name === undefined && quoted === undefined) {
      return wrong(
        inner.indexOf(call, begin + path.length),
        `after a bar stands default "text", upper, lower or trim, given ${call}`,
      );
    }
    const fallback = quoted?.slice(1, -1).replace(/\\(.)/g, "$1") ?? "";
    change.push(
      name === undefined ? (text) => text === "" ? fallback : text : CHANGES[name] ?? ((text) => text),
    );
  }
  return { kind: "value", path: parsed.path, change };
}

/** Parts between bars, not within quotes or brackets of names. */
function splitBars(inner: string): readonly string[] {
  const parts = [""];
  for (const [token] of inner.matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^]/g)) {
    if (token === "|") parts.push("");
    else parts[parts.length - 1] += token;
  }
  return parts.map((part) => part.trim());
}

function renderPart(part: Part, source: TemplateSource): string {
  if (part.kind === "text") return part.text;
  const value = readRooted(part.path, source);
  const text = textOfJson(value === undefined ? value : redact(value));
  return part.change.reduce((changed, change) => change(changed), text);
}
