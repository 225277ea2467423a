import assert from "node:assert/strict";
import type { Json } from "../../src/model/json.ts";
import { isDeeperThan } from "../../src/normalize/depth.ts";

Deno.test("Depth counts arrays and objects that lie in each other", () => {
  const cases: readonly [Json, number][] = [["x", 0], [[], 1], [{ a: [1] }, 2], [
    [[], { a: { b: null } }],
    3,
  ]];
  for (const [value, depth] of cases) {
    assert.equal(isDeeperThan(value, depth), false, JSON.stringify(value));
    assert.equal(isDeeperThan(value, depth - 1), depth > 0, JSON.stringify(value));
  }
});

Deno.test("What has no bottom is deeper, without an overflow", () => {
  let deep: Json = 0;
  for (let level = 0; level < 100_000; level++) deep = [deep];
  assert.ok(isDeeperThan(deep, 99_999));
});
