import type { ApiErrorKind } from "../kube/errors.ts";
import type { Condition, ReadyReason } from "../model/ingester.ts";
import type { SourceState } from "../source/informer.ts";
import { takesSecret } from "../intake/secret_keys.ts";
import type { Compiled } from "./compile.ts";
import type { WebhookDoor } from "./compile_door.ts";

/** Whether an Ingester does its work, and why not. */
export interface Readiness {
  readonly isReady: boolean;
  readonly reason: ReadyReason;
  readonly message: string;
}

/** Whether a webhook can tell who sends, as far as that is up to its Secret. */
export type CredentialsState =
  | { readonly kind: "usable" }
  /** What is wrong with the Secret, and what mends it. */
  | { readonly kind: "missing" | "forbidden"; readonly message: string };

/** How the sources of one Ingester stand, by resource and namespace, and what its writes wait for. */
export interface Activity {
  readonly sources: ReadonlyMap<string, SourceState>;
  /** The API server's refusal of a write that waits for a right. */
  readonly stall: string | undefined;
  /** Undefined while nothing is known of the Secret of a webhook, or it needs none. */
  readonly credentials?: CredentialsState | undefined;
  /** What kind of refusal that is; a right that is missing, where nobody says it. */
  readonly stallKind?: ApiErrorKind | undefined;
  /** Why it works, but not as it was meant to. */
  readonly note?: string | undefined;
}

/** More names than these are counted only. */
const MAX_NAMES = 5;

/**
 * What condition Ready says; undefined while nothing is known yet (its sources have only just started).
 */
export function readinessOf(compiled: Compiled, activity: Activity): Readiness | undefined {
  const readiness = readinessBut(compiled, activity);
  const { note } = activity;
  if (note === undefined || readiness?.isReady !== true) return readiness;
  return { isReady: true, reason: "Degraded", message: `${readiness.message}. ${note}` };
}

/** The same without the note. */
function readinessBut(compiled: Compiled, activity: Activity): Readiness | undefined {
  switch (compiled.kind) {
    case "invalid":
      return { isReady: false, reason: "Invalid", message: sentence(compiled.message) };
    case "suspended":
      return { isReady: false, reason: "Suspended", message: "spec.suspend is true" };
    case "webhook":
      return webhookReadiness(compiled.door, activity);
    case "informer":
      return sourcesReadiness(activity, "list and watch");
    case "logs":
      return sourcesReadiness(activity, "read");
    default:
      return compiled satisfies never;
  }
}

function webhookReadiness(
  { path, auth }: WebhookDoor,
  activity: Activity,
): Readiness | undefined {
  const { stall, credentials } = activity;
  if (stall !== undefined) return { isReady: false, reason: stallReason(activity), message: stall };
  if (auth === undefined) {
    return {
      isReady: false,
      reason: "Invalid",
      message:
        "spec.webhook.auth must say how senders show who they are; every request is refused until then",
    };
  }
  const running: Readiness = { isReady: true, reason: "Running", message: `Serving ${path}` };
  if (!takesSecret(auth.type)) return running;
  switch (credentials?.kind) {
    case undefined:
      return undefined;
    case "usable":
      return running;
    case "missing":
      return { isReady: false, reason: "Degraded", message: credentials.message };
    case "forbidden":
      return { isReady: false, reason: "Forbidden", message: credentials.message };
  }
}

function stallReason({ stallKind }: Activity): ReadyReason {
  return stallKind === "not-found" ? "Degraded" : "Forbidden";
}

function sourcesReadiness(activity: Activity, verb: string): Readiness | undefined {
  const { sources, stall } = activity;
  const named = (kind: SourceState["kind"]): string[] =>
    [...sources].filter(([, state]) => state.kind === kind).map(([name]) => name).sort();
  const firstMessage = (kind: "forbidden" | "failing" | "waiting"): string => {
    for (const state of sources.values()) if (state.kind === kind) return state.message;
    return "";
  };
  const missing = named("missing");
  const forbidden = named("forbidden");
  const failing = named("failing");
  const running = [...sources].flatMap(([name, state]) =>
    state.kind !== "running" ? [] : [state.detail === undefined ? name : `${name} (${state.detail})`]
  ).sort();
  if (stall !== undefined) {
    return { isReady: false, reason: stallReason(activity), message: `Writes wait: ${stall}` };
  }
  if (forbidden.length > 0) {
    return {
      isReady: false,
      reason: "Forbidden",
      message: `Not allowed to ${verb} ${forbidden.join(", ")}: ${firstMessage("forbidden")}`,
    };
  }
  if (failing.length > 0) {
    return {
      isReady: false,
      reason: "Degraded",
      message: `Cannot read ${failing.join(", ")}: ${firstMessage("failing")}`,
    };
  }
  const waiting = named("waiting");
  if (waiting.length > 0) {
    return {
      isReady: false,
      reason: "Degraded",
      message: `${waiting.length} of ${sources.size} watches wait (${shortList(waiting)}): ${
        firstMessage("waiting")
      }`,
    };
  }
  if (named("starting").length > 0 || sources.size === 0) return undefined;
  if (running.length === 0) {
    return {
      isReady: false,
      reason: "SourceMissing",
      message: `The API server does not serve ${missing.join(", ")}; it is looked for every 10 s`,
    };
  }
  const rest = missing.length === 0 ? "" : `; not served: ${missing.join(", ")}`;
  return { isReady: true, reason: "Running", message: `Watching ${running.join(", ")}${rest}` };
}

/** Condition Degraded with reason Overlap; undefined when an Ingester overlaps with none. */
export function overlapCondition(
  before: Condition | undefined,
  others: readonly string[],
  generation: number | undefined,
  now: string,
): Condition | undefined {
  if (others.length === 0) return undefined;
  const message =
    `It reads the same objects as ${shortList(others)}; each finding belongs to whichever saw it first. ` +
    "Give them namespaces or selectors that exclude each other";
  return {
    type: "Degraded",
    status: "True",
    reason: "Overlap",
    message,
    lastTransitionTime: before?.status === "True" ? before.lastTransitionTime : now,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}

/**
 * The condition to write: the one that stands where nothing changed, so that writing is only done on change.
 *
 * @param now RFC 3339
 */
export function nextCondition(
  before: Condition | undefined,
  readiness: Readiness,
  generation: number | undefined,
  now: string,
): Condition {
  const status = readiness.isReady ? "True" : "False";
  return {
    type: "Ready",
    status,
    reason: readiness.reason,
    message: readiness.message.slice(0, 32768),
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : now,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).join(", ");
  return names.length > MAX_NAMES ? `${shown} and ${names.length - MAX_NAMES} more` : shown;
}

/** Begins with a capital, unless that would change the path of a field. */
function sentence(text: string): string {
  if (text.startsWith("spec.")) return text;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
