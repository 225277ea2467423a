import { parseApiJson } from "../model/parse_json.ts";
import { readChunks } from "./read_chunks.ts";

const NEWLINE = 10;

/** A line that is longer than the bound; the stream is cancelled and nothing of the line is parsed. */
export class LineTooLongError extends Error {
  override readonly name = "LineTooLongError";

  constructor(maxLineBytes: number) {
    super(`Cannot read a line of a stream: it must be at most ${maxLineBytes} bytes long`);
  }
}

/**
 * Reads a stream of JSON values, one a line, as watches send them. Empty lines are passed over. The stream is cancelled
 * when the caller stops early, when `signal` aborts, or on an error.
 *
 * @param maxLineBytes longest line that is taken, in bytes; a longer one throws {@link LineTooLongError}
 * @throws SyntaxError when a line is no JSON
 */
export async function* jsonLines(
  stream: ReadableStream<Uint8Array>,
  maxLineBytes: number,
  signal: AbortSignal,
): AsyncGenerator<unknown, void, undefined> {
  const decoder = new TextDecoder();
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of readChunks(stream, signal)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      if (length + end - start > maxLineBytes) throw new LineTooLongError(maxLineBytes);
      const line = decoder.decode(joined(parts, chunk.subarray(start, end)));
      parts.length = 0;
      length = 0;
      start = end + 1;
      if (line.trim() !== "") yield parseApiJson(line);
    }
    if (start < chunk.length) {
      length += chunk.length - start;
      if (length > maxLineBytes) throw new LineTooLongError(maxLineBytes);
      // The buffer is used again for the next chunk.
      parts.push(chunk.slice(start));
    }
  }
  if (length > 0) {
    const line = decoder.decode(joined(parts, new Uint8Array()));
    if (line.trim() !== "") yield parseApiJson(line);
  }
}

function joined(parts: readonly Uint8Array[], last: Uint8Array): Uint8Array {
  if (parts.length === 0) return last;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, last.length));
  let offset = 0;
  for (const part of [...parts, last]) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
