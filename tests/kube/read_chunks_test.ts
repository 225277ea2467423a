import assert from "node:assert/strict";
import { readChunks } from "../../src/kube/read_chunks.ts";

const never = new AbortController().signal;

interface Source {
  readonly stream: ReadableStream<Uint8Array>;
  /** Sizes of the buffers that were offered. */
  readonly offered: number[];
  /** Why the stream was cancelled; undefined while it was not. */
  cancelled(): unknown;
}

/** A stream that gives these sizes, as much at once as fits, and then ends or stays open without a word. */
function source(sizes: readonly number[], then: "end" | "silence" = "end"): Source {
  const offered: number[] = [];
  const left = [...sizes];
  let value = 0;
  let cancelled: unknown;
  const stream = new ReadableStream({
    type: "bytes",
    pull(controller) {
      const request = controller.byobRequest;
      const view = request?.view as Uint8Array | null | undefined;
      assert.ok(request && view);
      const size = left[0];
      if (size === undefined) {
        if (then === "silence") return new Promise<void>(() => {});
        controller.close();
        request.respond(0);
        return;
      }
      offered.push(view.length);
      const taken = Math.min(size, view.length);
      for (let index = 0; index < taken; index++) view[index] = value++ % 251;
      left[0] = size - taken;
      if (left[0] === 0) left.shift();
      request.respond(taken);
    },
    cancel(reason) {
      cancelled = reason ?? "without a reason";
    },
  });
  return { stream, offered, cancelled: () => cancelled };
}

Deno.test("Every byte comes once and in order, whatever the chunks", async () => {
  for (const sizes of [[], [1], [10, 5000, 3], [200_000], [4096, 4096, 1]]) {
    const { stream } = source(sizes);
    const bytes: number[] = [];
    for await (const chunk of readChunks(stream, never)) bytes.push(...chunk);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.equal(bytes.length, total);
    assert.ok(bytes.every((byte, index) => byte === index % 251), String(sizes));
  }
});

Deno.test("The buffer is small, grows where much comes at once, and never beyond 64 KiB", async () => {
  const small = source(Array.from({ length: 100 }, () => 300));
  for await (const _ of readChunks(small.stream, never)) { /* Only what was offered counts. */ }
  assert.equal(Math.max(...small.offered), 4096);
  const large = source([1_000_000]);
  for await (const _ of readChunks(large.stream, never)) { /* Only what was offered counts. */ }
  assert.equal(large.offered[0], 4096);
  assert.equal(Math.max(...large.offered), 65_536);
});

Deno.test("A caller that stops early cancels the stream", async () => {
  const { stream, cancelled } = source([10, 10], "silence");
  for await (const _ of readChunks(stream, never)) break;
  assert.equal(cancelled(), "without a reason");
  assert.equal(stream.locked, false);
});

Deno.test("A signal that aborts ends the waiting with its reason, and one that has aborted begins none", async () => {
  const stop = new AbortController();
  const waiting = source([10], "silence");
  const reading = (async () => {
    for await (const _ of readChunks(waiting.stream, stop.signal)) { /* Wait for more. */ }
  })();
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort(new Error("asked to stop"));
  await assert.rejects(reading, /asked to stop/);
  assert.match(String(waiting.cancelled()), /asked to stop/);
  const late = source([10]);
  await assert.rejects(readChunks(late.stream, stop.signal).next(), /asked to stop/);
  assert.notEqual(late.cancelled(), undefined);
});

Deno.test("A stream that breaks off says so", async () => {
  const stream = new ReadableStream({
    type: "bytes",
    pull(controller) {
      controller.error(new TypeError("connection reset"));
    },
  });
  await assert.rejects(readChunks(stream, never).next(), /connection reset/);
});
