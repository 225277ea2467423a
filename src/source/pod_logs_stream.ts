import { logLines, type LogText } from "../kube/log_lines.ts";
import { PatientReader } from "../kube/patient_reader.ts";
import { openPodLog, type PodLogRequest } from "../kube/pod_log.ts";
import type { WatchApi } from "../kube/watcher.ts";
import type { Clock } from "../run/clock.ts";

/** How the reading of a log ended. */
export type StreamEnd =
  /** By the other side; `tail` is the line that it did not finish. */
  | { readonly kind: "closed"; readonly lastedMilliseconds: number; readonly tail: LogText | undefined }
  /** Nothing came for long: whether the connection is alive shows when it is opened anew. */
  | { readonly kind: "silent" }
  | { readonly kind: "failed"; readonly error: unknown };

/** Who is told of what a stream brings. */
export interface StreamListener {
  readonly onOpened: () => void;
  /** Called once: after some silence, so that all that the log held when it was opened has come. */
  readonly onEmpty: () => void;
  /** Takes one whole line; the next is read when it resolves. */
  readonly onLine: (line: LogText) => Promise<void>;
}

/** Longest line that is taken whole, in bytes, with its timestamp. */
const MAX_LINE_BYTES = 1024 * 1024 + 64;
/** What an answered request did not bring within this time of silence was not there when it was asked for. */
const EMPTY_MILLISECONDS = 10_000;
/** After so much silence the log is opened anew. */
const SILENCE_MILLISECONDS = 120_000;
const SILENCE_JITTER_MILLISECONDS = 60_000;

/**
 * Opens a log and reads it to its end.
 *
 * @throws the signal's reason, and what the listener throws
 */
export async function readLogOnce(
  request: PodLogRequest,
  listener: StreamListener,
  parts: { readonly api: WatchApi; readonly clock: Clock },
  signal: AbortSignal,
): Promise<StreamEnd> {
  const { api, clock } = parts;
  const patience = SILENCE_MILLISECONDS + clock.random() * SILENCE_JITTER_MILLISECONDS;
  let refusal: { readonly error: unknown } | undefined;
  const hand = async (line: LogText): Promise<void> => {
    try {
      await listener.onLine(line);
    } catch (error) {
      refusal = { error };
      throw error;
    }
  };
  try {
    const stream = await openPodLog(request, api, signal);
    const openedAt = clock.monotonic();
    await using lines = new PatientReader((inner) => logLines(stream, MAX_LINE_BYTES, inner), clock, signal);
    listener.onOpened();
    let heardAt = openedAt;
    let isEmpty = false;
    let tail: LogText | undefined;
    while (true) {
      const next = await lines.next(heardAt + (isEmpty ? patience : EMPTY_MILLISECONDS));
      if (next === "late") {
        if (isEmpty) return { kind: "silent" };
        isEmpty = true;
        listener.onEmpty();
      } else if (next.done === true) {
        signal.throwIfAborted();
        return { kind: "closed", lastedMilliseconds: clock.monotonic() - openedAt, tail };
      } else {
        // Only the last one may be unfinished.
        if (next.value.isUnfinished) tail = next.value;
        else await hand(next.value);
        // Time in which a line waits for its turn is no silence of the other side.
        heardAt = clock.monotonic();
      }
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (refusal !== undefined) throw refusal.error;
    return { kind: "failed", error };
  }
}
