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
  const reader = stream.getReader();
  const cancel = (): void => {
    reader.cancel(signal.reason).catch(() => {});
  };
  signal.addEventListener("abort", cancel, { once: true });
  const decoder = new TextDecoder();
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    signal.throwIfAborted();
    while (true) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) break;
      let start = 0;
      for (let end = value.indexOf(NEWLINE); end !== -1; end = value.indexOf(NEWLINE, start)) {
        if (length + end - start > maxLineBytes) throw new LineTooLongError(maxLineBytes);
        const line = decoder.decode(joined(parts, value.subarray(start, end)));
        parts.length = 0;
        length = 0;
        start = end + 1;
        if (line.trim() !== "") yield JSON.parse(line);
      }
      if (start < value.length) {
        parts.push(value.subarray(start));
        length += value.length - start;
        if (length > maxLineBytes) throw new LineTooLongError(maxLineBytes);
      }
    }
    if (length > 0) {
      const line = decoder.decode(joined(parts, new Uint8Array()));
      if (line.trim() !== "") yield JSON.parse(line);
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    await reader.cancel().catch(() => {});
    reader.releaseLock();
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
