import type { Finding } from "../model/finding.ts";
import type { DeduplicationSpec } from "../model/ingester.ts";
import { isJsonObject, type Json } from "../model/json.ts";
import { FINDING_FIELDS, type Origin } from "../model/observation.ts";
import { parseRootedPath, readRooted, type RootedPath } from "../model/rooted_path.ts";
import { sha256Hex } from "../model/sha256.ts";
import { canonicalJson } from "../model/canonical_json.ts";

/** What an identity may be made of: all of it comes with the signal, nothing from this process. */
export interface Sight {
  readonly payload: Json;
  /** The Observation that would be written. */
  readonly observation: () => Json;
  /** When it came in, RFC 3339; stamped once. */
  readonly receivedAt: string;
  readonly origin: Origin | undefined;
}

/** Who a finding is, where the Ingester says it and not the preset. */
export type Identify = (finding: Finding, sight: Sight) => Pick<Finding, "identity" | "isWindowed">;

/** `spec.deduplication` made ready; undefined: the preset's identity stands. */
export type CompiledIdentity =
  | { readonly kind: "identity"; readonly identify: Identify | undefined }
  | { readonly kind: "problems"; readonly messages: readonly string[] };

/** What may change although nothing happened, or is made of the identity itself. */
const CHANGING: ReadonlySet<string> = new Set(["resourceVersion", "managedFields"]);
const OBSERVATION_FIELDS: ReadonlySet<string> = new Set(FINDING_FIELDS);

/**
 * Compiles `spec.deduplication`. With strategy key a finding is the values of its fields, absent ones null; with enabled false
 * every signal is one of its own, and the same signal read again still is the same (promise P2).
 */
export function compileIdentity(spec: DeduplicationSpec | undefined): CompiledIdentity {
  if (spec?.enabled === false) return { kind: "identity", identify: identifySignal };
  if (spec?.strategy !== "key") return { kind: "identity", identify: undefined };
  const paths: RootedPath[] = [];
  const messages: string[] = [];
  for (const [index, field] of (spec.fields ?? []).entries()) {
    const parsed = parseRootedPath(field);
    const message = parsed.kind === "problem"
      ? `column ${parsed.offset + 1}: ${parsed.message}, given ${field}`
      : fieldProblem(parsed.path, field);
    if (message !== undefined) messages.push(`spec.deduplication.fields[${index}]: ${message}`);
    else if (parsed.kind === "path") paths.push(parsed.path);
  }
  if (messages.length > 0) return { kind: "problems", messages };
  if (paths.length === 0) {
    return { kind: "problems", messages: ["spec.deduplication.fields must name what strategy key looks at"] };
  }
  return {
    kind: "identity",
    identify: (finding, sight) => ({
      identity: paths.map((path) => valueAt(path, finding, sight)),
      isWindowed: finding.isWindowed,
    }),
  };
}

/** The preset's identity, the whole payload, its exact time, and the version of the object it was read from. */
function identifySignal(finding: Finding, sight: Sight): Pick<Finding, "identity" | "isWindowed"> {
  const { origin } = sight;
  const ownTime = finding.windowTime ?? finding.detectedAt;
  return {
    identity: [
      ...finding.identity,
      sha256Hex(canonicalJson(sight.payload)),
      // An object of the API is read again after every restart: then only what it says itself counts.
      ownTime ?? (origin === undefined ? sight.receivedAt : null),
      origin?.uid ?? null,
      origin?.resourceVersion ?? null,
    ],
    isWindowed: false,
  };
}

function valueAt(path: RootedPath, finding: Finding, sight: Sight): Json {
  // Where the signal has no time of its own the Observation shows the time of receipt, which is no part of the finding.
  if (path.root === "observation" && namesOf(path)[1] === "detectedAt") return finding.detectedAt ?? null;
  const value = readRooted(path, sight) ?? null;
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !CHANGING.has(name)));
}

function fieldProblem(path: RootedPath, text: string): string | undefined {
  const names = namesOf(path);
  const changing = names.find((name) => CHANGING.has(name));
  if (changing !== undefined) return `${changing} changes although the finding is the same, given ${text}`;
  if (path.root === "signal") return undefined;
  const [block, field] = names;
  if (block === "spec" && field !== undefined && OBSERVATION_FIELDS.has(field)) return undefined;
  return `of the Observation only spec and there ${
    [...OBSERVATION_FIELDS].join(", ")
  } say what it is, given ${text}`;
}

function namesOf({ steps }: RootedPath): readonly string[] {
  return steps.map((step) => step.kind === "member" ? step.name : "");
}
