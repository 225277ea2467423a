import { isApiError } from "./errors.ts";
import { FIRST_PAGE, listPage, type PageRequest } from "./list_page.ts";
import { isOlder } from "./resource_version.ts";
import { toWatchEvent, versionAfter, type WatchEvent } from "./watch_event.ts";
import { openStreamingList, openWatch, type Watched, type WatchStream } from "./watcher_stream.ts";

/** A watch that goes on from its last position, or from a newer one. */
export interface Renewed {
  readonly watch: WatchStream;
  readonly resourceVersion: string;
}

/** How long the old watch is read on beside the new one. */
const OVERLAP_MILLISECONDS = 10_000;
/** How long the objects that stand there may take to come. */
const PRESENT_MILLISECONDS = 60_000;

/** A new watch from the old position; undefined when it cannot be had now. */
export async function reopen(
  watched: Watched,
  resourceVersion: string,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<WatchStream | undefined> {
  try {
    return await openWatch(watched, { resourceVersion }, timeoutSeconds, signal);
  } catch (error) {
    if (signal.aborted || !isApiError(error) || !error.isPassing) throw error;
    return undefined;
  }
}

/**
 * Learns a new position for a quiet watch without bookmarks (contract, section 6): what stands there now is told by a
 * streaming list, whose closing bookmark is the position once the watch that was opened before, read on for a while, has
 * brought whatever came before it. Undefined when that did not succeed: that watch goes on from the old position.
 *
 * @param old opened from `from` a moment ago; it stays its caller's, as does the one that is returned
 */
export async function* renew(
  watched: Watched,
  old: WatchStream,
  from: string,
  timeoutSeconds: number,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, Renewed | "rewound" | undefined, undefined> {
  let fresh: WatchStream | undefined;
  let isTaken = false;
  try {
    const opened = await openStreamingList(watched, timeoutSeconds, signal);
    fresh = typeof opened === "string" ? undefined : opened;
    if (opened === "unavailable") return undefined;
    const listed: string | undefined = fresh === undefined
      ? yield* presentByList(watched, signal)
      : yield* presentBy(watched, fresh, signal);
    if (listed === undefined) return undefined;
    if (isOlder(listed, from)) return "rewound";
    let resourceVersion = from;
    const until = watched.clock.monotonic() + OVERLAP_MILLISECONDS;
    for (let next = await old.next(until); next !== "late"; next = await old.next(until)) {
      // An old watch that did not last so long may not have brought everything: it resumes from where it was.
      if (next.done === true || next.value.kind === "error") return undefined;
      resourceVersion = versionAfter(next.value, resourceVersion);
      yield toWatchEvent(next.value);
    }
    if (isOlder(resourceVersion, listed)) resourceVersion = listed;
    yield { kind: "bookmark", resourceVersion };
    isTaken = true;
    return { watch: fresh ?? old, resourceVersion };
  } finally {
    if (!isTaken) await fresh?.[Symbol.asyncDispose]();
  }
}

/** Tells what a streaming list begins with; returns its position. */
async function* presentBy(
  { clock }: Watched,
  fresh: WatchStream,
  signal: AbortSignal,
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
async function* presentByList(
  watched: Watched,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, string | undefined, undefined> {
  let asked: PageRequest = FIRST_PAGE;
  while (true) {
    let page: Awaited<ReturnType<typeof listPage>>;
    try {
      page = await listPage(watched, asked, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      return undefined;
    }
    switch (page.kind) {
      case "malformed":
        return undefined;
      case "too-large":
        asked = page.smaller;
        break;
      case "page":
      case "last":
        for (const object of page.objects) yield { kind: "present", object };
        if (page.kind === "last") return page.resourceVersion;
        asked = page.next;
        break;
      default:
        page satisfies never;
    }
  }
}
