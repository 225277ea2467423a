import { textAt } from "../model/json.ts";
import type { GroupVersionResource } from "../model/ingester.ts";
import type { Clock } from "../run/clock.ts";
import { type Api, type KubeList, type KubeObject, resourcePath, type Role } from "./api.ts";
import { LineTooLongError } from "./json_lines.ts";
import { FIRST_PAGE, listPage, type Page, type PageRequest } from "./list_page.ts";
import { renew, type Renewed, reopen } from "./quiet_watch.ts";
import { isOlder } from "./resource_version.ts";
import { judgeFailure, type RestartReason, Waits } from "./restart.ts";
import { toWatchEvent, versionAfter, type WatchEvent } from "./watch_event.ts";
import { openWatch, type Watched, type WatchStream } from "./watcher_stream.ts";
import { SilenceError } from "./watchdog.ts";

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

type State =
  | {
    readonly at: "listing";
    readonly page: PageRequest;
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

const START: State & { readonly at: "listing" } = { at: "listing", page: FIRST_PAGE };
/** After so long a list is verified before it is watched from, as after an outage. */
const OLD_LIST_MILLISECONDS = 1000;
/** A watch that lasted so long has recovered. */
const RECOVERED_MILLISECONDS = 10_000;
/** One that ends so much before the time it was opened for did not end by itself. */
const EARLY_MILLISECONDS = 5_000;
/** After so much silence of a watch without bookmarks its position is renewed (contract, section 6). */
const QUIET_MILLISECONDS = 120_000;
const QUIET_RETRY_MILLISECONDS = 15_000;

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
  const { labelSelector, fieldSelector, hasBookmarks } = target;
  const path = resourcePath(target.gvr, target.namespace);
  const selectors = { labelSelector, fieldSelector };
  const watched: Watched = { path, selectors, hasBookmarks, api, clock };
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
    if (at.page.continueToken === undefined) yield { kind: "relisting" };
    let page: Page;
    try {
      page = await listPage(watched, at.page, signal);
    } catch (error) {
      return failed(error, at.from === undefined ? START : { ...START, from: at.from });
    }
    if (page.kind === "too-large") return { ...at, page: page.smaller };
    if (page.kind === "malformed") {
      return { at: "restarting", reason: "unparsable", next: START, error: page.error };
    }
    for (const object of page.objects) yield { kind: "listed", object };
    if (page.kind === "page") return { ...at, page: page.next };
    const listed = page.resourceVersion;
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
    const timeoutSeconds = hasBookmarks
      ? 300 + Math.floor(clock.random() * 300)
      : 120 + Math.floor(clock.random() * 60);
    let current: WatchStream | undefined;
    try {
      current = await openWatch(watched, { resourceVersion }, timeoutSeconds, signal);
      waits.onOpened();
      yield { kind: "opened" };
      while (true) {
        const relistAt = target.relistAt?.() ?? Infinity;
        if (clock.monotonic() >= relistAt) {
          return { at: "restarting", reason: "resync", next: { ...START, from: resourceVersion } };
        }
        const quietAt = hasBookmarks ? Infinity : newsAt + QUIET_MILLISECONDS;
        const next = await current.next(Math.min(relistAt, quietAt));
        if (next === "late") {
          if (clock.monotonic() < quietAt) continue;
          // A connection that died without a word is as silent as a quiet watch: what it may owe is asked for anew.
          // Should it not succeed, it is tried again soon.
          newsAt = clock.monotonic() - QUIET_MILLISECONDS + QUIET_RETRY_MILLISECONDS;
          const again = await reopen(watched, resourceVersion, timeoutSeconds, signal);
          if (again === undefined) continue;
          await current[Symbol.asyncDispose]();
          current = again;
          openedAt = clock.monotonic();
          const renewed: Renewed | "rewound" | undefined = yield* renew(
            watched,
            current,
            resourceVersion,
            timeoutSeconds,
            signal,
          );
          if (renewed === undefined) continue;
          if (renewed === "rewound") return { at: "restarting", reason: "rewound", next: START };
          newsAt = clock.monotonic();
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
        resourceVersion = versionAfter(line, resourceVersion);
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
}

function resumeAt(resourceVersion: string): State {
  return { at: "verifying", resourceVersion };
}
