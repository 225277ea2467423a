import { at, isJsonObject, textAt } from "../model/json.ts";
import type { KubeObject } from "./api.ts";
import { ApiError } from "./errors.ts";
import type { RestartReason } from "./restart.ts";

/** What a watch tells; a relist is bracketed by `relisting` and `relisted`, and what was not `listed` between is gone. */
export type WatchEvent =
  | { readonly kind: "relisting" }
  | { readonly kind: "listed"; readonly object: KubeObject }
  | { readonly kind: "relisted"; readonly resourceVersion: string }
  | { readonly kind: "opened" }
  | { readonly kind: "added" | "modified" | "deleted"; readonly object: KubeObject }
  /** Stands there at this moment, and may have been told before: a quiet watch is looked after. */
  | { readonly kind: "present"; readonly object: KubeObject }
  | { readonly kind: "bookmark"; readonly resourceVersion: string }
  | {
    readonly kind: "restarting";
    readonly reason: RestartReason;
    readonly error?: Error;
    readonly waitMilliseconds: number;
  };

/** What one line of a watch says. */
export type LineOfWatch =
  | { readonly kind: "added" | "modified" | "deleted"; readonly object: KubeObject }
  | {
    readonly kind: "bookmark";
    readonly resourceVersion: string;
    /** True for the one that closes the initial events of a streaming list (KEP-3157). */
    readonly isEndOfInitialEvents: boolean;
  }
  | { readonly kind: "error"; readonly error: ApiError };

const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

/**
 * Reads one line of a watch (metav1.WatchEvent).
 *
 * @throws SyntaxError when it is none
 */
export function readLineOfWatch(line: unknown): LineOfWatch {
  const object = isJsonObject(line) ? line["object"] : undefined;
  switch (textAt(line, "type")) {
    case "ADDED":
      if (isObject(object)) return { kind: "added", object };
      break;
    case "MODIFIED":
      if (isObject(object)) return { kind: "modified", object };
      break;
    case "DELETED":
      if (isObject(object)) return { kind: "deleted", object };
      break;
    case "BOOKMARK": {
      const resourceVersion = textAt(object, "metadata", "resourceVersion");
      const isEndOfInitialEvents = textAt(object, "metadata", "annotations", INITIAL_EVENTS_END) === "true";
      if (resourceVersion !== undefined) return { kind: "bookmark", resourceVersion, isEndOfInitialEvents };
      break;
    }
    case "ERROR": {
      const code = at(object, "code");
      const message = textAt(object, "message") ?? "no reason given";
      const known = typeof code === "number" ? code : 500;
      return {
        kind: "error",
        error: new ApiError(`The watch ended: ${known} ${message}`, {
          code: known,
          reason: textAt(object, "reason") ?? "",
        }),
      };
    }
  }
  throw new SyntaxError("Cannot read an event of a watch: it must have a type and an object");
}

/** What a line tells, but for errors. */
export function toWatchEvent(line: Exclude<LineOfWatch, { kind: "error" }>): WatchEvent {
  return line.kind === "bookmark" ? { kind: "bookmark", resourceVersion: line.resourceVersion } : line;
}

/** Where a watch is after a line; `before` when the line does not say. */
export function versionAfter(line: Exclude<LineOfWatch, { kind: "error" }>, before: string): string {
  return line.kind === "bookmark" ? line.resourceVersion : line.object.metadata.resourceVersion ?? before;
}

/** Whether the value is an object of the API: it has a name. */
export function isObject(value: unknown): value is KubeObject & Record<string, never> {
  return textAt(value, "metadata", "name") !== undefined;
}
