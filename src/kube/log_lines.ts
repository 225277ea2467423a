import { readChunks } from "./read_chunks.ts";

/** One line of a log as it came. */
export interface LogText {
  /** Without its line end; what is no UTF-8 in it is replaced. */
  readonly text: string;
  /** It was longer than the bound, and this is its beginning. */
  readonly isCut: boolean;
  /** The stream ended before the line did. */
  readonly isUnfinished: boolean;
}

const NEWLINE = 10;
const CARRIAGE_RETURN = "\r";

/**
 * Reads the lines of a log. A line that is longer than the bound is cut, and the rest of it passed over. The stream is
 * cancelled when the caller stops early, when `signal` aborts, or on an error.
 *
 * @param maxLineBytes how much of a line is taken, in bytes
 */
export async function* logLines(
  stream: ReadableStream<Uint8Array>,
  maxLineBytes: number,
  signal: AbortSignal,
): AsyncGenerator<LogText, void, undefined> {
  // A byte order mark is part of the line: what a line is must not depend on where it stands.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let parts: Uint8Array[] = [];
  let length = 0;
  let isCut = false;
  const add = (part: Uint8Array): void => {
    const room = maxLineBytes - length;
    if (part.length > room) isCut = true;
    const taken = part.subarray(0, Math.max(0, room));
    // The buffer is used again for the next chunk.
    if (taken.length > 0) parts.push(taken.slice());
    length += taken.length;
  };
  const take = (isUnfinished: boolean): LogText => {
    let text = "";
    for (const part of parts) text += decoder.decode(part, { stream: true });
    text += decoder.decode();
    if (!isCut && !isUnfinished && text.endsWith(CARRIAGE_RETURN)) text = text.slice(0, -1);
    const line = { text, isCut, isUnfinished };
    parts = [];
    length = 0;
    isCut = false;
    return line;
  };
  for await (const chunk of readChunks(stream, signal)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end));
      start = end + 1;
      yield take(false);
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  if (length > 0) yield take(true);
}
