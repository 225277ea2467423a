import assert from "node:assert/strict";
import { jsonLines, LineTooLongError } from "../../src/kube/json_lines.ts";

function streamOf(
  chunks: readonly (string | Uint8Array)[],
  onCancel: () => void = () => {},
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let at = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const chunk = chunks[at++];
      if (chunk === undefined) {
        controller.close();
        controller.byobRequest?.respond(0);
      } else controller.enqueue(typeof chunk === "string" ? encoder.encode(chunk) : chunk.slice());
    },
    cancel: onCancel,
  });
}

async function read(chunks: readonly (string | Uint8Array)[], max = 100): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of jsonLines(streamOf(chunks), max, new AbortController().signal)) {
    values.push(value);
  }
  return values;
}

Deno.test("Lines are found wherever the chunks break", async () => {
  const text = '{"a":1}\n{"b":"ü€𝄞"}\n\n{"c":3}';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 5, 7, 100]) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
    assert.deepEqual(await read(chunks), [{ a: 1 }, { b: "ü€𝄞" }, { c: 3 }], `chunks of ${size}`);
  }
});

Deno.test("The digits of large integers are kept", async () => {
  assert.deepEqual(await read(['{"a":12345678901234567890}\n{"a":1}\n']), [{ a: "12345678901234567890" }, {
    a: 1,
  }]);
});

Deno.test("A line longer than the bound is refused before its end has come", async () => {
  let cancelled = false;
  const endless = streamOf(Array.from({ length: 50 }, () => "x".repeat(10)), () => {
    cancelled = true;
  });
  await assert.rejects(async () => {
    for await (const _ of jsonLines(endless, 100, new AbortController().signal));
  }, LineTooLongError);
  assert.equal(cancelled, true);
});

Deno.test("A caller that stops early cancels the stream", async () => {
  let cancelled = false;
  const lines = jsonLines(
    streamOf(["1\n", "2\n", "3\n"], () => {
      cancelled = true;
    }),
    100,
    new AbortController().signal,
  );
  for await (const value of lines) if (value === 2) break;
  assert.equal(cancelled, true);
});

Deno.test("An aborted signal ends a read that waits", async () => {
  const stop = new AbortController();
  const silent = new ReadableStream<Uint8Array>({ type: "bytes", pull: () => new Promise(() => {}) });
  const reading = (async () => {
    for await (const _ of jsonLines(silent, 100, stop.signal));
  })();
  stop.abort(new Error("enough"));
  await assert.rejects(reading, /enough/);
});

Deno.test("What is no JSON is a SyntaxError", async () => {
  await assert.rejects(read(["{not json}\n"]), SyntaxError);
});
