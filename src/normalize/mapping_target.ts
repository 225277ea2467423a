import type { Json } from "../model/json.ts";
import { parsePath, type PathStep } from "../model/json_path.ts";
import { CATEGORIES, type Category } from "../model/observation.ts";
import { eventTypeOf } from "./event_type.ts";
import { rfc3339, timestampTime } from "./rfc3339.ts";
import { textOfJson } from "./template.ts";

/** What mappings change of a finding. */
export interface Draft {
  category: Category;
  eventType: string;
  title: string;
  description: string | undefined;
  detectedAt: string | undefined;
  resource: { [field: string]: string | undefined };
  details: { [key: string]: Json | undefined };
  /** The payload's own words for severity and priority, before the maps translate them. */
  severityWord: Json | undefined;
  priorityWord: Json | undefined;
}

/** Puts a value into a draft; one that the field cannot hold is left out. */
export type Put = (draft: Draft, value: Json) => void;

/** A target made ready, or why there is no such. */
export type ParsedTarget =
  | { readonly kind: "target"; readonly put: Put }
  | { readonly kind: "problem"; readonly message: string };

const MAX_DETAILS_DEPTH = 8;
const RESOURCE_FIELDS = ["apiVersion", "kind", "name", "namespace"];
/** Names that mean something to JavaScript, and nothing to anybody else. */
const UNUSABLE: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
/** Larger numbers are milliseconds: as seconds they would lie after the year 5000. */
const MAX_EPOCH_SECONDS = 1e11;

const FIELDS: ReadonlyMap<string, Put> = new Map<string, Put>([
  ["title", (draft, value) => draft.title = textOfJson(value) || draft.title],
  ["description", (draft, value) => draft.description = textOfJson(value) || draft.description],
  ["severity", (draft, value) => draft.severityWord = value],
  ["priority", (draft, value) => draft.priorityWord = value],
  ["eventType", (draft, value) => draft.eventType = eventTypeOf(textOfJson(value), draft.eventType)],
  ["category", (draft, value) => draft.category = categoryOf(value) ?? draft.category],
  ["detectedAt", (draft, value) => draft.detectedAt = timeOf(value) ?? draft.detectedAt],
]);

/** What `to` of a mapping may be, for the sentence that refuses another. */
const MUST = `it must be ${[...FIELDS.keys()].join(", ")}, resource.<${
  RESOURCE_FIELDS.join("|")
}> or details.<path>`;

/** Parses `to` of a mapping: a path within the Observation's spec; a leading `spec.` may be given. */
export function parseTarget(text: string): ParsedTarget {
  const refuse = (why: string): ParsedTarget => ({ kind: "problem", message: `${why}, given ${text}` });
  const parsed = parsePath(text);
  if (parsed.kind === "problem") return refuse(`column ${parsed.offset + 1}: ${parsed.message}`);
  const names = namesOf(parsed.steps);
  if (names === undefined) return refuse("a target has names only, no brackets with numbers or *");
  const [first, ...below] = names[0] === "spec" ? names.slice(1) : names;
  const field = FIELDS.get(first ?? "");
  if (field !== undefined && below.length === 0) return { kind: "target", put: field };
  if (first === "resource" && below.length === 1 && RESOURCE_FIELDS.includes(below[0] ?? "")) {
    return {
      kind: "target",
      put: (draft, value) => draft.resource[below[0] ?? ""] = textOfJson(value) || undefined,
    };
  }
  if (first !== "details" || below.length === 0) return refuse(MUST);
  if (below.length > MAX_DETAILS_DEPTH) return refuse(`details are at most ${MAX_DETAILS_DEPTH} deep`);
  const unusable = below.find((name) => UNUSABLE.has(name));
  if (unusable !== undefined) return refuse(`no field is called ${unusable}`);
  return { kind: "target", put: (draft, value) => draft.details = withValue(draft.details, below, value) };
}

function namesOf(steps: readonly PathStep[]): readonly string[] | undefined {
  const names = steps.map((step) => step.kind === "member" ? step.name : undefined);
  return names.every((name) => name !== undefined) ? names : undefined;
}

/** A copy with a value at a path; what stood in its way and is no object gives way. */
function withValue(
  object: { readonly [key: string]: Json | undefined },
  [name = "", ...below]: readonly string[],
  value: Json,
): { [key: string]: Json | undefined } {
  if (below.length === 0) return { ...object, [name]: value };
  const inner = Object.hasOwn(object, name) ? object[name] : undefined;
  const isObject = typeof inner === "object" && inner !== null && !Array.isArray(inner);
  const kept = isObject ? inner as { readonly [key: string]: Json | undefined } : {};
  return { ...object, [name]: withValue(kept, below, value) };
}

function categoryOf(value: Json): Category | undefined {
  const word = textOfJson(value).trim().toLowerCase();
  return CATEGORIES.find((category) => category === word);
}

/** RFC 3339, or seconds or milliseconds since 1970. */
function timeOf(value: Json): string | undefined {
  if (typeof value !== "number") return rfc3339(value);
  const milliseconds = Math.trunc(value > MAX_EPOCH_SECONDS ? value : value * 1000);
  const seconds = Math.floor(milliseconds / 1000);
  return timestampTime(seconds, (milliseconds - seconds * 1000) * 1_000_000);
}
