import assert from "node:assert/strict";
import { linesOf } from "./lines.ts";

const cases: readonly {
  readonly name: string;
  readonly chunks: readonly string[];
  readonly lines: readonly string[];
}[] = [
  { name: "nothing", chunks: [], lines: [] },
  { name: "lines that chunks cut", chunks: ["a", "b\nc", "\n", "\nd\n"], lines: ["ab", "c", "", "d"] },
  { name: "a last line without its ending", chunks: ["a\nb"], lines: ["a", "b"] },
];
for (const { name, chunks, lines } of cases) {
  Deno.test(`the lines of ${name}`, async () => {
    const stream = ReadableStream.from(chunks).pipeThrough(new TextEncoderStream());
    assert.deepEqual(await Array.fromAsync(linesOf(stream)), lines);
  });
}

Deno.test("a character that chunks cut stays whole", async () => {
  const bytes = new TextEncoder().encode("é\n");
  const stream = ReadableStream.from([bytes.subarray(0, 1), bytes.subarray(1)]);
  assert.deepEqual(await Array.fromAsync(linesOf(stream)), ["é"]);
});
