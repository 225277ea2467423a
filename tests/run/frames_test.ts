import assert from "node:assert/strict";
import { frame, framesOf } from "../../src/run/frames.ts";
import { seededRandom } from "../support/seeded_random.ts";

const texts = ['{"a":1}', "", '{"text":"\\u001e \\n über 漢字"}', "x".repeat(300), '{"last":true}'];

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function kept(bytes: Uint8Array): readonly string[] {
  return [...framesOf(bytes)].flatMap((one) => one.kind === "record" ? [one.text] : []);
}

Deno.test("What was framed is read back, in its order, and nothing else is there", () => {
  const frames = [...framesOf(joined(texts.map(frame)))];
  assert.deepEqual(frames.map(({ kind }) => kind), texts.map(() => "record"));
  assert.deepEqual(kept(joined(texts.map(frame))), texts);
  assert.deepEqual([...framesOf(new Uint8Array())], []);
});

Deno.test("A file cut at any byte keeps every record that ended before, and the rest is torn", () => {
  const whole = joined(texts.map(frame));
  const ends: number[] = [];
  for (const text of texts) ends.push((ends.at(-1) ?? 0) + frame(text).byteLength);
  for (let length = 0; length <= whole.byteLength; length++) {
    const expected = texts.filter((_, index) => (ends[index] ?? 0) <= length);
    const found = [...framesOf(whole.subarray(0, length))];
    assert.deepEqual(kept(whole.subarray(0, length)), expected, `cut at ${length}`);
    const rest = found.slice(expected.length).map(({ kind }) => kind);
    assert.deepEqual(rest, ends.includes(length) || length === 0 ? [] : ["torn"], `cut at ${length}`);
  }
});

Deno.test("A bit flipped anywhere costs at most the record it lies in", () => {
  const frames = texts.map(frame);
  let at = 0;
  for (const [index, own] of frames.entries()) {
    for (let byte = 0; byte < own.byteLength; byte++) {
      for (let bit = 0; bit < 8; bit++) {
        const bytes = joined(frames);
        const flipped = at + byte;
        bytes[flipped] = (bytes[flipped] ?? 0) ^ (1 << bit);
        const others = texts.filter((_, other) => other !== index);
        const found = kept(bytes);
        const isWhole = found.length === texts.length;
        // RS before and LF after may be wrong: length and checksum say enough.
        assert.deepEqual(found, isWhole ? texts : others, `byte ${byte} of record ${index}, bit ${bit}`);
        assert.equal(isWhole, byte === 0 || byte === own.byteLength - 1);
      }
    }
    at += own.byteLength;
  }
});

Deno.test("Whatever bytes are read, what is told covers them all and none twice", () => {
  const random = seededRandom(7);
  const special = [0x1e, 0x0a, 0x7a, 0x31, 0x20, 0x30];
  for (let round = 0; round < 300; round++) {
    const bytes = Uint8Array.from(
      { length: Math.floor(random() * 200) },
      () => random() < 0.5 ? special[Math.floor(random() * special.length)] ?? 0 : Math.floor(random() * 256),
    );
    let at = 0;
    for (const one of framesOf(bytes)) {
      assert.equal(one.at, at);
      assert.ok(one.end > one.at);
      at = one.end;
    }
    assert.equal(at, bytes.byteLength);
  }
});
