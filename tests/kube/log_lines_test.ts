import assert from "node:assert/strict";
import { logLines, type LogText } from "../../src/kube/log_lines.ts";

const never = new AbortController().signal;

/** A stream that brings its bytes in pieces of a size. */
function streamOf(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      if (at >= bytes.length) {
        controller.close();
        controller.byobRequest?.respond(0);
        return;
      }
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

async function read(bytes: Uint8Array | string, size = 1000, max = 20): Promise<LogText[]> {
  const given = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  return await Array.fromAsync(logLines(streamOf(given, size), max, never));
}

Deno.test("Lines are read however they are cut into pieces", async () => {
  const text = "first\n\nzweite Zeile ö\r\n\ufeffmark\n";
  for (const size of [1, 2, 3, 7, 1000]) {
    assert.deepEqual((await read(text, size)).map((line) => line.text), [
      "first",
      "",
      "zweite Zeile ö",
      "\ufeffmark",
    ], `pieces of ${size}`);
  }
});

Deno.test("A line that the stream does not finish says so", async () => {
  assert.deepEqual(await read("whole\npart"), [
    { text: "whole", isCut: false, isUnfinished: false },
    { text: "part", isCut: false, isUnfinished: true },
  ]);
  assert.deepEqual(await read(""), []);
});

Deno.test("A line longer than the bound is cut, and its rest passed over, wherever the pieces end", async () => {
  for (const size of [1, 6, 11, 1000]) {
    assert.deepEqual(await read(`${"x".repeat(50)}\n${"y".repeat(10)}\n`, size, 10), [
      { text: "x".repeat(10), isCut: true, isUnfinished: false },
      { text: "y".repeat(10), isCut: false, isUnfinished: false },
    ]);
  }
});

Deno.test("A line of a MiB is whole, one byte more is cut", async () => {
  const mebibyte = 1024 * 1024;
  const lines = await read(`${"x".repeat(mebibyte)}\n${"y".repeat(mebibyte + 1)}\nz\n`, 65_536, mebibyte);
  assert.deepEqual(lines.map(({ text, isCut }) => [text.length, isCut]), [
    [mebibyte, false],
    [mebibyte, true],
    [1, false],
  ]);
});

Deno.test("What is no UTF-8 is replaced, null bytes stay", async () => {
  const [line, second] = await read(Uint8Array.of(97, 0xff, 0xfe, 98, 10, 0, 10));
  assert.equal(line?.text, "a\ufffd\ufffdb");
  assert.equal(second?.text, "\0");
});

Deno.test("A stream is cancelled when its reader stops", async () => {
  let isCancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    type: "bytes",
    pull: (controller) => controller.enqueue(new TextEncoder().encode("a\nb\n")),
    cancel: () => {
      isCancelled = true;
    },
  });
  for await (const { text } of logLines(stream, 10, never)) {
    assert.equal(text, "a");
    break;
  }
  assert.ok(isCancelled);
});
