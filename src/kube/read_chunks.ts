const SMALLEST_BUFFER_BYTES = 4 * 1024;
const LARGEST_BUFFER_BYTES = 64 * 1024;

/**
 * Reads a stream of bytes into one buffer that is used again and again, and grows where much comes at once. A default reader
 * gets a fresh 64 KiB for each chunk, however small; at some hundred requests a second that garbage, which lies outside of
 * the heap that the collector sees, is most of the memory of the process.
 *
 * A chunk is valid until the next one is asked for. The stream is cancelled when the caller stops early or `signal` aborts.
 */
export async function* readChunks(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader({ mode: "byob" });
  const cancel = (): void => {
    reader.cancel(signal.reason).catch(() => {});
  };
  signal.addEventListener("abort", cancel, { once: true });
  let buffer = new ArrayBuffer(SMALLEST_BUFFER_BYTES);
  try {
    signal.throwIfAborted();
    while (true) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      signal.throwIfAborted();
      if (done || value === undefined) return;
      yield value;
      buffer = value.length === value.buffer.byteLength && value.length < LARGEST_BUFFER_BYTES
        ? new ArrayBuffer(value.length * 2)
        : value.buffer;
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}
