import type { Clock } from "../run/clock.ts";
import type { Api, ApiRequest } from "./api.ts";
import { isApiError } from "./errors.ts";
import { jsonLines } from "./json_lines.ts";
import { PatientReader } from "./patient_reader.ts";
import { type LineOfWatch, readLineOfWatch } from "./watch_event.ts";
import { withWatchdog } from "./watchdog.ts";

/** A watch that is open, line by line. */
export type WatchStream = PatientReader<LineOfWatch>;

/** What is listed and watched, and by what. */
export interface Watched {
  readonly path: string;
  /** Label and field selectors. */
  readonly selectors: NonNullable<ApiRequest["query"]>;
  readonly hasBookmarks: boolean;
  readonly api: Api;
  readonly clock: Clock;
}

/** Longest line of a watch: twice what etcd takes for one object, and room for managedFields. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
/** A watch with bookmarks gets one every minute. */
const SILENCE_MILLISECONDS = 180_000;
/** How much longer than it was asked to last a watch without bookmarks may stay open. */
const GRACE_SECONDS = 30;

/**
 * Opens a watch.
 *
 * @param from where it begins (resourceVersion, sendInitialEvents)
 * @param timeoutSeconds when the server ends it (ListOptions.timeoutSeconds)
 * @throws ApiError; what reads it throws SilenceError, LineTooLongError and SyntaxError too
 */
export async function openWatch(
  { path, selectors, hasBookmarks, api, clock }: Watched,
  from: NonNullable<ApiRequest["query"]>,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<WatchStream> {
  const stream = await api.stream({
    role: "watch",
    method: "GET",
    path,
    query: { ...selectors, watch: 1, ...from, allowWatchBookmarks: true, timeoutSeconds },
  }, signal);
  const silenceMilliseconds = hasBookmarks ? SILENCE_MILLISECONDS : (timeoutSeconds + GRACE_SECONDS) * 1000;
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

/** Opens a watch that begins with what stands there (KEP-3157); servers before 1.32, and some after, do not support it. */
export async function openStreamingList(
  watched: Watched,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<WatchStream | "unsupported" | "unavailable"> {
  try {
    const query = { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" };
    return await openWatch(watched, query, timeoutSeconds, signal);
  } catch (error) {
    if (signal.aborted || !isApiError(error)) throw error;
    return isApiError(error, "bad-request", "invalid") ? "unsupported" : "unavailable";
  }
}

async function* linesOfWatch(
  values: AsyncGenerator<unknown, void, undefined>,
): AsyncGenerator<LineOfWatch, void, undefined> {
  for await (const value of values) yield readLineOfWatch(value);
}
