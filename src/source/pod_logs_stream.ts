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

/** Longest line that is taken whole, in bytes, with its timestamp. */
const MAX_LINE_BYTES = 1024 * 1024 + 64;
/** After so much silence the log is opened anew. */
const SILENCE_MILLISECONDS = 120_000;
const SILENCE_JITTER_MILLISECONDS = 60_000;
const SILENT = new DOMException("Nothing came for long", "AbortError");

/**
 * Opens a log and reads it to its end.
 *
 * @param listener.onOpened called at the answer
 * @param listener.onLine takes one whole line; the next is read when it resolves
 * @throws the signal's reason, and what `onLine` throws
 */
export async function readLogOnce(
  request: PodLogRequest,
  listener: { readonly onOpened: () => void; readonly onLine: (line: LogText) => Promise<void> },
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
    const openedAt = clock.monotonic();
    const stream = await withPatience((inner) => openPodLog(request, api, inner), patience, clock, signal);
    if (stream === "silent") return { kind: "silent" };
    await using lines = new PatientReader((inner) => logLines(stream, MAX_LINE_BYTES, inner), clock, signal);
    listener.onOpened();
    let heardAt = clock.monotonic();
    let tail: LogText | undefined;
    while (true) {
      const next = await lines.next(heardAt + patience);
      if (next === "late") return { kind: "silent" };
      if (next.done === true) {
        signal.throwIfAborted();
        return { kind: "closed", lastedMilliseconds: clock.monotonic() - openedAt, tail };
      }
      // Only the last one may be unfinished.
      if (next.value.isUnfinished) tail = next.value;
      else await hand(next.value);
      // Time in which a line waits for its turn is no silence of the other side.
      heardAt = clock.monotonic();
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (refusal !== undefined) throw refusal.error;
    return { kind: "failed", error };
  }
}

/** What `open` resolves to, unless that takes too long: then it is given up. */
async function withPatience<T>(
  open: (signal: AbortSignal) => Promise<T>,
  milliseconds: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<T | "silent"> {
  const opening = new AbortController();
  const answered = new AbortController();
  const forward = (): void => opening.abort(signal.reason);
  signal.addEventListener("abort", forward, { once: true });
  clock.sleep(milliseconds, answered.signal).then(() => opening.abort(SILENT), () => {});
  try {
    return await open(opening.signal);
  } catch (error) {
    if (opening.signal.reason === SILENT) return "silent";
    throw error;
  } finally {
    answered.abort(SILENT);
    signal.removeEventListener("abort", forward);
  }
}
