import assert from "node:assert/strict";
import { celValue } from "../../src/filter/cel_value.ts";
import type { Json } from "../../src/model/json.ts";

Deno.test("Numbers without a fraction are int, all others double; everything else is what it is", () => {
  assert.deepEqual(celValue([1, -2, 0, 1.5, 2 ** 53, "1", true, null, { a: 1, b: undefined }]), [
    1n,
    -2n,
    0n,
    1.5,
    2 ** 53,
    "1",
    true,
    null,
    { a: 1n },
  ]);
  assert.equal(celValue(undefined), null);
});

Deno.test("A payload can change no prototype, and is no other kind of thing by its keys", () => {
  const converted = celValue(
    JSON.parse('{"__proto__": {"polluted": 1}, "a": {"constructor": "x", "b": 2}}'),
  ) as Record<
    string,
    unknown
  >;
  assert.equal(converted["polluted"], undefined);
  assert.equal(Object.getPrototypeOf(converted), Object.prototype);
  assert.deepEqual(converted["a"], new Map<string, unknown>([["constructor", "x"], ["b", 2n]]));
});

Deno.test("What lies deeper than 64 levels is null, so that no depth ends the program", () => {
  let deep: Json = "bottom";
  for (let depth = 0; depth < 10_000; depth++) deep = depth % 2 === 0 ? [deep] : { a: deep };
  assert.ok(JSON.stringify(celValue(deep)).includes("null"));
});
