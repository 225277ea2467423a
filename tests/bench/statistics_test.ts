import assert from "node:assert/strict";
import { median, quantile } from "./statistics.ts";

Deno.test("The median is the value in the middle, or the mean of the two there", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(quantile([0, 10], 0.9), 9);
  assert.ok(Number.isNaN(median([])));
});
