import { isJsonObject, textAt } from "../model/json.ts";
import type { GroupVersionResource } from "../model/ingester.ts";
import type { Clock } from "../run/clock.ts";
import { type Api, type ApiRequest, type KubeList, type KubeObject, resourcePath, type Role } from "./api.ts";
import { isApiError } from "./errors.ts";
import { jsonLines, LineTooLongError } from "./json_lines.ts";
import { PatientReader } from "./patient_reader.ts";
import { isOlder } from "./resource_version.ts";
import { judgeFailure, type RestartReason, Waits } from "./restart.ts";
import { isObject, type LineOfWatch, readLineOfWatch } from "./watch_event.ts";
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
  /** False for core Events, whose watches send none: there silence is no fault, and the position is renewed by a list. */
  readonly hasBookmarks: boolean;
  /** Resume after this resourceVersion instead of listing first. */
  readonly resourceVersion?: string | undefined;
  /** When everything is to be listed again (monotonic), asked before each wait; it may move. */
  readonly relistAt?: (() => number) | undefined;
}

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

type State =
  | {
    readonly at: "listing";
    readonly continueToken?: string;
    readonly limit: number;
    /** Where the watch was that was interrupted for this list: what came and went since is told by the next one. */
    readonly from?: string;
  }
  | { readonly at: "verifying"; readonly resourceVersion: string }
  | { readonly at: "watching"; readonly resourceVersion: string; readonly isSuspect: boolean }
  | {
    readonly at: "restarting";
    readonly reason: RestartReason;
    readonly error?: Error;
    readonly next: State;
  };

/** A watch that goes on from its last position, or from a newer one. */
interface Renewed {
  readonly watch: PatientReader<LineOfWatch>;
  readonly resourceVersion: string;
}

/** Longest line of a watch: twice what etcd takes for one object, and room for managedFields. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const FIRST_PAGE_LIMIT = 50;
const MAX_PAGE_LIMIT = 500;
/** What a page should stay below, so that a list of large reports does not fill the memory. */
const PAGE_BYTES = 4 * 1024 * 1024;
const START: State & { readonly at: "listing" } = { at: "listing", limit: FIRST_PAGE_LIMIT };
/** After so long a list is verified before it is watched from, as after an outage. */
const OLD_LIST_MILLISECONDS = 1000;
/** A watch that lasted so long has recovered. */
const RECOVERED_MILLISECONDS = 10_000;
/** One that ends so much before the time it was opened for did not end by itself. */
const EARLY_MILLISECONDS = 5_000;
/** After so much silence of a watch without bookmarks its position is renewed (contract, section 6). */
const QUIET_MILLISECONDS = 120_000;
const QUIET_RETRY_MILLISECONDS = 15_000;
/** How long the old watch is read on beside the new one. */
const OVERLAP_MILLISECONDS = 10_000;
/** How long the objects that stand there may take to come. */
const PRESENT_MILLISECONDS = 60_000;

/**
 * Lists and watches one resource for ever, through everything that ends a watch: its timeout, 410 Gone at the start or in
 * the stream, 429, a restarted API server, a cut connection, a silent one. Back-pressure is the caller's pace: nothing is
 * read ahead of what it takes.
 *
 * Sources: KEP-956 (bookmarks), KEP-365 (pagination), KEP-3157 (streaming lists), the API concepts page on 410 Gone and
 * resourceVersion.
 */
export async function* watchResource(
  target: WatchTarget,
  api: WatchApi,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, never, undefined> {
  const path = resourcePath(target.gvr, target.namespace);
  const selectors = { labelSelector: target.labelSelector, fieldSelector: target.fieldSelector };
  const waits = new Waits(clock);
  /** When this watch last told or learnt something (monotonic); reopening it from where it was is no news. */
  let newsAt = clock.monotonic();
  let state: State = target.resourceVersion === undefined
    ? START
    : { at: "verifying", resourceVersion: target.resourceVersion };

  while (true) {
    signal.throwIfAborted();
    switch (state.at) {
      case "listing": {
        const askedAt = clock.monotonic();
        state = yield* list(state);
        const isOld = clock.monotonic() - askedAt >= OLD_LIST_MILLISECONDS;
        // What was listed waited for its writes: history may have gone back meanwhile.
        if (state.at === "watching" && isOld) state = resumeAt(state.resourceVersion);
        break;
      }
      case "verifying":
        state = await verify(state.resourceVersion);
        break;
      case "watching":
        state = yield* watch(state.resourceVersion, state.isSuspect);
        break;
      case "restarting": {
        const waitMilliseconds = waits.after(state.reason, state.error);
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
      return failed(error, at.from === undefined ? START : { ...START, from: at.from });
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
      return { ...at, continueToken, limit: nextLimit(page.items) };
    }
    const listed = page.metadata.resourceVersion ?? "0";
    if (at.from !== undefined && isOlder(listed, at.from)) {
      return { at: "restarting", reason: "rewound", next: START };
    }
    const resourceVersion = at.from ?? listed;
    waits.onListed();
    newsAt = clock.monotonic();
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
      return failed(error, resumeAt(resourceVersion));
    }
  }

  function failed(error: unknown, next: State): State {
    if (signal.aborted) throw signal.reason;
    const failure = judgeFailure(error);
    return {
      at: "restarting",
      reason: failure.reason,
      error: failure.error,
      next: failure.isPositionKept ? next : START,
    };
  }

  async function* watch(from: string, isSuspect: boolean): AsyncGenerator<WatchEvent, State, undefined> {
    let resourceVersion = from;
    let openedAt = clock.monotonic();
    const timeoutSeconds = target.hasBookmarks
      ? 300 + Math.floor(clock.random() * 300)
      : 120 + Math.floor(clock.random() * 60);
    let current: PatientReader<LineOfWatch> | undefined;
    try {
      current = await open({ resourceVersion }, timeoutSeconds);
      waits.onOpened();
      yield { kind: "opened" };
      while (true) {
        const relistAt = target.relistAt?.() ?? Infinity;
        if (clock.monotonic() >= relistAt) {
          return { at: "restarting", reason: "resync", next: { ...START, from: resourceVersion } };
        }
        const quietAt = target.hasBookmarks ? Infinity : newsAt + QUIET_MILLISECONDS;
        const next = await current.next(Math.min(relistAt, quietAt));
        if (next === "late") {
          if (clock.monotonic() < quietAt) continue;
          // A connection that died without a word is as silent as a quiet watch: what it may owe is asked for anew.
          const again = await reopen(resourceVersion, timeoutSeconds);
          if (again === undefined) continue;
          await current[Symbol.asyncDispose]();
          current = again;
          openedAt = clock.monotonic();
          const renewed: Renewed | "rewound" | undefined = yield* renew(
            current,
            resourceVersion,
            timeoutSeconds,
          );
          if (renewed === undefined) continue;
          if (renewed === "rewound") return { at: "restarting", reason: "rewound", next: START };
          ({ resourceVersion } = renewed);
          if (renewed.watch === current) continue;
          await current[Symbol.asyncDispose]();
          current = renewed.watch;
          openedAt = clock.monotonic();
          continue;
        }
        if (next.done === true) break;
        const line = next.value;
        if (line.kind === "error") return failed(line.error, resumeAt(resourceVersion));
        waits.onRecovered();
        newsAt = clock.monotonic();
        resourceVersion = versionOf(line, resourceVersion);
        yield toWatchEvent(line);
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
      await current?.[Symbol.asyncDispose]();
      if (clock.monotonic() - openedAt >= RECOVERED_MILLISECONDS) waits.onRecovered();
    }
    const lasted = clock.monotonic() - openedAt;
    // The server's own timeout. A server that closes at once would be asked in a tight loop without a wait.
    if (lasted < 1000) {
      return {
        at: "restarting",
        reason: "closed",
        error: new Error("the watch was closed at once"),
        next: resumeAt(resourceVersion),
      };
    }
    const isEarly = lasted < timeoutSeconds * 1000 - EARLY_MILLISECONDS;
    return {
      at: "restarting",
      reason: "closed",
      next: isEarly ? resumeAt(resourceVersion) : { at: "watching", resourceVersion, isSuspect: false },
    };
  }

  async function open(
    from: NonNullable<ApiRequest["query"]>,
    timeoutSeconds: number,
  ): Promise<PatientReader<LineOfWatch>> {
    const stream = await api.stream({
      role: "watch",
      method: "GET",
      path,
      query: { ...selectors, watch: 1, ...from, allowWatchBookmarks: true, timeoutSeconds },
    }, signal);
    const silenceMilliseconds = target.hasBookmarks ? 180_000 : (timeoutSeconds + 30) * 1000;
    return new PatientReader(
      (inner) =>
        withWatchdog(
          (innermost) => linesOfWatch(jsonLines(stream, MAX_LINE_BYTES, innermost)),
          silenceMilliseconds,
          clock,
          inner,
        ),
      clock,
      signal,
    );
  }

  /** A new watch from the old position; undefined when it cannot be had now. */
  async function reopen(
    resourceVersion: string,
    timeoutSeconds: number,
  ): Promise<PatientReader<LineOfWatch> | undefined> {
    // Should it not succeed, it is tried again soon.
    newsAt = clock.monotonic() - QUIET_MILLISECONDS + QUIET_RETRY_MILLISECONDS;
    try {
      return await open({ resourceVersion }, timeoutSeconds);
    } catch (error) {
      if (signal.aborted || !isApiError(error) || !error.isPassing) throw error;
      return undefined;
    }
  }

  /**
   * Learns a new position for a quiet watch: what stands there now is told by a streaming list, whose closing bookmark is
   * the position once the watch that was opened before, read on for a while, has brought whatever came before it. Undefined
   * when that did not succeed: that watch goes on from the old position.
   */
  async function* renew(
    old: PatientReader<LineOfWatch>,
    from: string,
    timeoutSeconds: number,
  ): AsyncGenerator<WatchEvent, Renewed | "rewound" | undefined, undefined> {
    let fresh: PatientReader<LineOfWatch> | undefined;
    let isTaken = false;
    try {
      const opened = await openStreamingList(timeoutSeconds);
      fresh = typeof opened === "string" ? undefined : opened;
      if (opened === "unavailable") return undefined;
      const listed: string | undefined = fresh === undefined
        ? yield* presentByList()
        : yield* presentBy(fresh);
      if (listed === undefined) return undefined;
      if (isOlder(listed, from)) return "rewound";
      let resourceVersion = from;
      const until = clock.monotonic() + OVERLAP_MILLISECONDS;
      for (let next = await old.next(until); next !== "late"; next = await old.next(until)) {
        // An old watch that did not last so long may not have brought everything: it resumes from where it was.
        if (next.done === true || next.value.kind === "error") return undefined;
        resourceVersion = versionOf(next.value, resourceVersion);
        yield toWatchEvent(next.value);
      }
      newsAt = clock.monotonic();
      if (isOlder(resourceVersion, listed)) resourceVersion = listed;
      yield { kind: "bookmark", resourceVersion };
      isTaken = true;
      return { watch: fresh ?? old, resourceVersion };
    } finally {
      if (!isTaken) await fresh?.[Symbol.asyncDispose]();
    }
  }

  /** Servers before 1.32, and those where it is switched off, do not support it. */
  async function openStreamingList(
    timeoutSeconds: number,
  ): Promise<PatientReader<LineOfWatch> | "unsupported" | "unavailable"> {
    try {
      const query = { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" };
      return await open(query, timeoutSeconds);
    } catch (error) {
      if (signal.aborted || !isApiError(error)) throw error;
      return isApiError(error, "bad-request", "invalid") ? "unsupported" : "unavailable";
    }
  }

  /** Tells what a streaming list begins with; returns its position. */
  async function* presentBy(
    fresh: PatientReader<LineOfWatch>,
  ): AsyncGenerator<WatchEvent, string | undefined, undefined> {
    while (true) {
      let next: Awaited<ReturnType<typeof fresh.next>>;
      try {
        next = await fresh.next(clock.monotonic() + PRESENT_MILLISECONDS);
      } catch (error) {
        if (signal.aborted) throw error;
        return undefined;
      }
      if (next === "late" || next.done === true || next.value.kind === "error") return undefined;
      const line = next.value;
      if (line.kind !== "bookmark") yield { kind: "present", object: line.object };
      else if (line.isEndOfInitialEvents) return line.resourceVersion;
    }
  }

  /** The same by ordinary pages. */
  async function* presentByList(): AsyncGenerator<WatchEvent, string | undefined, undefined> {
    for (let state: State = START; state.at === "listing";) {
      const page: AsyncGenerator<WatchEvent, State, undefined> = list(state);
      let next = await page.next();
      for (; next.done !== true; next = await page.next()) {
        if (next.value.kind === "listed") yield { kind: "present", object: next.value.object };
      }
      state = next.value;
      if (state.at === "watching") return state.resourceVersion;
    }
    return undefined;
  }
}

/** What a line tells, but for errors. */
function toWatchEvent(line: Exclude<LineOfWatch, { kind: "error" }>): WatchEvent {
  return line.kind === "bookmark" ? { kind: "bookmark", resourceVersion: line.resourceVersion } : line;
}

function versionOf(line: Exclude<LineOfWatch, { kind: "error" }>, before: string): string {
  return line.kind === "bookmark" ? line.resourceVersion : line.object.metadata.resourceVersion ?? before;
}

async function* linesOfWatch(
  values: AsyncGenerator<unknown, void, undefined>,
): AsyncGenerator<LineOfWatch, void, undefined> {
  for await (const value of values) yield readLineOfWatch(value);
}

function resumeAt(resourceVersion: string): State {
  return { at: "verifying", resourceVersion };
}

function nextLimit(items: readonly KubeObject[]): number {
  const sample = items.slice(0, 5);
  if (sample.length === 0) return MAX_PAGE_LIMIT;
  const bytes = sample.reduce((sum, item) => sum + JSON.stringify(item).length, 0) / sample.length;
  return Math.min(MAX_PAGE_LIMIT, Math.max(1, Math.floor(PAGE_BYTES / bytes)));
}
