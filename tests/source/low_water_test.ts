import assert from "node:assert/strict";
import { LowWater } from "../../src/source/low_water.ts";
import { seededRandom } from "../support/seeded_random.ts";

Deno.test("The position is below everything that has no verdict yet, in whatever order verdicts come", () => {
  const water = new LowWater("10");
  const [first, second, third] = ["11", "12", "13"].map((version) => water.pass(version));
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  assert.equal(water.settle(third), false);
  assert.equal(water.settle(second), false);
  assert.equal(water.position, "10");
  assert.equal(water.settle(first), true);
  assert.equal(water.position, "13");
});

Deno.test("An event that never gets its verdict holds the position for ever", () => {
  const water = new LowWater("10");
  water.pass("11");
  for (let version = 12; version < 100; version++) water.settle(water.pass(String(version)));
  assert.equal(water.position, "10");
});

Deno.test("What is sent again by a newer watch takes nothing back", () => {
  const water = new LowWater("10");
  water.settle(water.pass("15"));
  assert.equal(water.settle(water.pass("12")), false);
  assert.equal(water.position, "15");
  assert.equal(water.settle(water.pass("16")), true);
});

Deno.test("A list begins anew, also lower, and what was under way before it says nothing any more", () => {
  const water = new LowWater(undefined);
  const late = water.pass("500");
  water.reset(undefined);
  assert.equal(water.position, undefined);
  water.reset("40");
  assert.equal(water.settle(late), false);
  assert.equal(water.position, "40");
});

Deno.test("For any order of verdicts the position is that of the longest settled beginning", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    const water = new LowWater("0");
    const marks = Array.from({ length: 20 }, (_, index) => water.pass(String(index + 1)));
    const isSettled = new Set<number>();
    for (const index of marks.map((_, index) => index).sort(() => random() - 0.5)) {
      const mark = marks[index];
      assert.ok(mark !== undefined);
      water.settle(mark);
      isSettled.add(index);
      let expected = 0;
      while (isSettled.has(expected)) expected++;
      assert.equal(water.position, String(expected), `seed ${seed}`);
    }
  }
});
