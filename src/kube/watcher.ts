import { isJsonObject, textAt } from "../model/json.ts";
import type { GroupVersionResource } from "../model/ingester.ts";
import type { Clock } from "../run/clock.ts";
import { Backoff } from "../run/backoff.ts";
import { type Api, type KubeList, type KubeObject, resourcePath, type Role } from "./api.ts";
import { ApiError, isApiError } from "./errors.ts";
import { jsonLines, LineTooLongError } from "./json_lines.ts";
import { SilenceError, withWatchdog } from "./watchdog.ts";

/** An {@link Api} that can leave dead connections behind. */
export interface WatchApi extends Api {
  /** Uses new connections for `role` from now on. */
  renewConnections(role: Role): void;
}

/** What is watched, and how patiently. */
export interface WatchTarget {
  readonly gvr: GroupVersionResource;
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** False for core Events, whose watches send none: there silence is no fault. */
  readonly hasBookmarks: boolean;
  /** Resume after this resourceVersion instead of listing first. */
  readonly resourceVersion?: string | undefined;
}

/** Why a watch was opened anew; the closed set of the metric's label. */
export type RestartReason =
  | "closed"
  | "expired"
  | "rewound"
  | "silence"
  | "unreachable"
  | "throttled"
  | "forbidden"
  | "missing"
  | "server_error"
  | "line_too_long"
  | "unparsable";

/** What a watch tells; a relist is bracketed by `relisting` and `relisted`, and what was not `listed` between is gone. */
export type WatchEvent =
  | { readonly kind: "relisting" }
  | { readonly kind: "listed"; readonly object: KubeObject }
  | { readonly kind: "relisted"; readonly resourceVersion: string }
  | { readonly kind: "opened" }
  | { readonly kind: "added" | "modified" | "deleted"; readonly object: KubeObject }
  | { readonly kind: "bookmark"; readonly resourceVersion: string }
  | {
    readonly kind: "restarting";
    readonly reason: RestartReason;
    readonly error?: Error;
    readonly waitMilliseconds: number;
  };

type State =
  | { readonly at: "listing"; readonly continueToken?: string; readonly limit: number }
  | { readonly at: "verifying"; readonly resourceVersion: string }
  | { readonly at: "watching"; readonly resourceVersion: string; readonly isSuspect: boolean }
  | {
    readonly at: "restarting";
    readonly reason: RestartReason;
    readonly error?: Error;
    readonly next: State;
  };

/** Longest line of a watch: twice what etcd takes for one object, and room for managedFields. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const FIRST_PAGE_LIMIT = 50;
const MAX_PAGE_LIMIT = 500;
/** What a page should stay below, so that a list of large reports does not fill the memory. */
const PAGE_BYTES = 4 * 1024 * 1024;
const START: State = { at: "listing", limit: FIRST_PAGE_LIMIT };
const MISSING_MILLISECONDS = 10_000;
/** A server that has just started refuses for a moment what it will grant: its RBAC is not read yet. */
const FIRST_FORBIDDEN_MILLISECONDS = 1000;
const FORBIDDEN_MILLISECONDS = 30_000;
/** A watch that lasted so long has recovered. */
const RECOVERED_MILLISECONDS = 10_000;

/**
 * Lists and watches one resource for ever, through everything that ends a watch: its timeout, 410 Gone at the start or in
 * the stream, 429, a restarted API server, a cut connection, a silent one. Back-pressure is the caller's pace: nothing is
 * read ahead of what it takes.
 *
 * Sources: KEP-956 (bookmarks), KEP-365 (pagination), the API concepts page on 410 Gone and resourceVersion.
 */
export async function* watchResource(
  target: WatchTarget,
  api: WatchApi,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, never, undefined> {
  const path = resourcePath(target.gvr, target.namespace);
  const selectors = { labelSelector: target.labelSelector, fieldSelector: target.fieldSelector };
  const waits = createWaits(clock);
  let state: State = target.resourceVersion === undefined
    ? START
    : { at: "verifying", resourceVersion: target.resourceVersion };

  while (true) {
    signal.throwIfAborted();
    switch (state.at) {
      case "listing":
        state = yield* list(state);
        break;
      case "verifying":
        state = await verify(state.resourceVersion);
        break;
      case "watching":
        state = yield* watch(state.resourceVersion, state.isSuspect);
        break;
      case "restarting": {
        const waitMilliseconds = waitAfter(state.reason, state.error, waits);
        yield {
          kind: "restarting",
          reason: state.reason,
          waitMilliseconds,
          ...(state.error === undefined ? {} : { error: state.error }),
        };
        if (waitMilliseconds > 0) await clock.sleep(waitMilliseconds, signal);
        state = state.next;
        break;
      }
      default:
        state satisfies never;
    }
  }

  async function* list(at: State & { at: "listing" }): AsyncGenerator<WatchEvent, State, undefined> {
    if (at.continueToken === undefined) yield { kind: "relisting" };
    let page: KubeList<KubeObject>;
    try {
      page = await api.request<KubeList<KubeObject>>({
        role: "read",
        method: "GET",
        path,
        query: { ...selectors, limit: at.limit, continue: at.continueToken },
        timeoutMilliseconds: 60_000,
      }, signal);
    } catch (error) {
      if (isApiError(error, "too-large") && at.limit > 1) return { ...at, limit: Math.ceil(at.limit / 4) };
      return failed(error, START);
    }
    if (!Array.isArray(page?.items) || !isJsonObject(page.metadata)) {
      return {
        at: "restarting",
        reason: "unparsable",
        next: START,
        error: new Error(`Cannot list ${path}: no items`),
      };
    }
    for (const object of page.items) if (isObject(object)) yield { kind: "listed", object };
    const continueToken = page.metadata.continue;
    if (continueToken !== undefined && continueToken !== "") {
      return { at: "listing", continueToken, limit: nextLimit(page.items) };
    }
    const resourceVersion = page.metadata.resourceVersion ?? "0";
    waits.passing.reset();
    yield { kind: "relisted", resourceVersion };
    return { at: "watching", resourceVersion, isSuspect: false };
  }

  /** A watch from the future stays silent (etcd restored from a backup): never resume one without asking. */
  async function verify(resourceVersion: string): Promise<State> {
    try {
      const page = await api.request<KubeList<KubeObject>>({
        role: "read",
        method: "GET",
        path,
        query: { ...selectors, limit: 1 },
      }, signal);
      const now = textAt(page, "metadata", "resourceVersion") ?? "0";
      if (isOlder(now, resourceVersion)) return { at: "restarting", reason: "rewound", next: START };
      return { at: "watching", resourceVersion, isSuspect: false };
    } catch (error) {
      return failed(error, { at: "verifying", resourceVersion });
    }
  }

  function failed(error: unknown, next: State): State {
    if (signal.aborted) throw signal.reason;
    return restartAfter(error, next);
  }

  async function* watch(from: string, isSuspect: boolean): AsyncGenerator<WatchEvent, State, undefined> {
    let resourceVersion = from;
    const timeoutSeconds = target.hasBookmarks
      ? 300 + Math.floor(clock.random() * 300)
      : 120 + Math.floor(clock.random() * 60);
    const silenceMilliseconds = target.hasBookmarks ? 180_000 : (timeoutSeconds + 30) * 1000;
    const openedAt = clock.monotonic();
    try {
      const stream = await api.stream({
        role: "watch",
        method: "GET",
        path,
        query: { ...selectors, watch: 1, resourceVersion, allowWatchBookmarks: true, timeoutSeconds },
      }, signal);
      waits.forbidden.reset();
      yield { kind: "opened" };
      for await (
        const line of withWatchdog(
          (inner) => jsonLines(stream, MAX_LINE_BYTES, inner),
          silenceMilliseconds,
          clock,
          signal,
        )
      ) {
        const event = parseEvent(line);
        if (event.kind === "error") return restartAfter(event.error, resumeAt(resourceVersion));
        waits.passing.reset();
        waits.expired.reset();
        resourceVersion = event.kind === "bookmark"
          ? event.resourceVersion
          : event.object.metadata.resourceVersion ?? resourceVersion;
        yield event;
        isSuspect = false;
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof LineTooLongError) {
        return { at: "restarting", reason: "line_too_long", error, next: START };
      }
      if (error instanceof SilenceError) {
        api.renewConnections("watch");
        return { at: "restarting", reason: "silence", error, next: resumeAt(resourceVersion) };
      }
      if (error instanceof SyntaxError) {
        // Once may be a cut line, which the next watch sends again; twice is not.
        const next: State = isSuspect ? START : { at: "watching", resourceVersion, isSuspect: true };
        return { at: "restarting", reason: "unparsable", error, next };
      }
      return failed(error, resumeAt(resourceVersion));
    } finally {
      if (clock.monotonic() - openedAt >= RECOVERED_MILLISECONDS) {
        waits.passing.reset();
        waits.expired.reset();
      }
    }
    // The server's own timeout. A server that closes at once would be asked in a tight loop without a wait.
    if (clock.monotonic() - openedAt < 1000) {
      return {
        at: "restarting",
        reason: "closed",
        error: new Error("the watch was closed at once"),
        next: resumeAt(resourceVersion),
      };
    }
    return {
      at: "restarting",
      reason: "closed",
      next: { at: "watching", resourceVersion, isSuspect: false },
    };
  }
}

function resumeAt(resourceVersion: string): State {
  return { at: "verifying", resourceVersion };
}

function restartAfter(error: unknown, next: State): State {
  if (!(error instanceof ApiError)) {
    // A body that breaks off: the connection was cut.
    const cause = error instanceof Error ? error : new Error(String(error));
    return { at: "restarting", reason: "unreachable", error: cause, next };
  }
  switch (error.kind) {
    case "expired":
      return { at: "restarting", reason: "expired", error, next: START };
    case "forbidden":
    case "namespace-terminating":
      return { at: "restarting", reason: "forbidden", error, next: START };
    case "not-found":
      return { at: "restarting", reason: "missing", error, next: START };
    case "throttled":
      return { at: "restarting", reason: "throttled", error, next };
    case "unreachable":
      return { at: "restarting", reason: "unreachable", error, next };
    case "unauthorized":
    case "server":
      // "Too large resource version" (504): the server does not know our position.
      return {
        at: "restarting",
        reason: "server_error",
        error,
        next: /too large resource version/i.test(error.message) ? START : next,
      };
    case "bad-request":
    case "already-exists":
    case "conflict":
    case "too-large":
    case "invalid":
      return { at: "restarting", reason: "server_error", error, next: START };
    default:
      error.kind satisfies never;
      return { at: "restarting", reason: "server_error", error, next };
  }
}

/** How long to wait, growing from try to try; what one trouble has taught says nothing of another. */
interface Waits {
  readonly passing: Backoff;
  readonly expired: Backoff;
  readonly forbidden: Backoff;
}

function createWaits(clock: Clock): Waits {
  const passing = { minMilliseconds: 200, maxMilliseconds: 10_000 };
  return {
    passing: new Backoff(passing, clock),
    expired: new Backoff(passing, clock),
    forbidden: new Backoff({
      minMilliseconds: FIRST_FORBIDDEN_MILLISECONDS,
      maxMilliseconds: FORBIDDEN_MILLISECONDS,
    }, clock),
  };
}

function waitAfter(reason: RestartReason, error: Error | undefined, waits: Waits): number {
  switch (reason) {
    case "missing":
      return MISSING_MILLISECONDS;
    case "forbidden":
      return waits.forbidden.next();
    case "expired":
      return waits.expired.next();
    case "closed":
    case "rewound":
      return error === undefined ? 0 : waits.passing.next();
    default: {
      const asked = error instanceof ApiError ? error.retryAfterMilliseconds ?? 0 : 0;
      return Math.max(asked, waits.passing.next());
    }
  }
}

type ParsedEvent =
  | Extract<WatchEvent, { kind: "added" | "modified" | "deleted" | "bookmark" }>
  | { readonly kind: "error"; readonly error: Error };

function parseEvent(line: unknown): ParsedEvent {
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
      if (resourceVersion !== undefined) return { kind: "bookmark", resourceVersion };
      break;
    }
    case "ERROR": {
      const code = isJsonObject(object) && typeof object["code"] === "number" ? object["code"] : 500;
      const message = textAt(object, "message") ?? "no reason given";
      return {
        kind: "error",
        error: new ApiError(`The watch ended: ${code} ${message}`, {
          code,
          reason: textAt(object, "reason") ?? "",
        }),
      };
    }
  }
  throw new SyntaxError("Cannot read an event of a watch: it must have a type and an object");
}

function isObject(value: unknown): value is KubeObject & Record<string, never> {
  return textAt(value, "metadata", "name") !== undefined;
}

function nextLimit(items: readonly KubeObject[]): number {
  const sample = items.slice(0, 5);
  if (sample.length === 0) return MAX_PAGE_LIMIT;
  const bytes = sample.reduce((sum, item) => sum + JSON.stringify(item).length, 0) / sample.length;
  return Math.min(MAX_PAGE_LIMIT, Math.max(1, Math.floor(PAGE_BYTES / bytes)));
}

/** Whether resourceVersion `a` is smaller than `b`; both are decimal numbers of any length (KEP-5504). */
export function isOlder(a: string, b: string): boolean {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return BigInt(a) < BigInt(b);
}
