import assert from "node:assert/strict";
import { LogPosition } from "../../src/source/pod_logs_position.ts";

Deno.test("The position is that of the earliest line without a verdict", () => {
  const position = new LogPosition(10n);
  assert.equal(position.settledTo, 10n);
  const first = position.begin(20n);
  const second = position.begin(30n);
  position.pass(40n);
  assert.deepEqual([position.settledTo, position.readTo, position.isSettled], [20n, 40n, false]);
  position.settle(second);
  assert.equal(position.settledTo, 20n);
  position.settle(first);
  assert.deepEqual([position.settledTo, position.isSettled], [40n, true]);
});

Deno.test("A line that stands after a later one takes the position back until it is done", () => {
  const position = new LogPosition(10n);
  position.pass(50n);
  const late = position.begin(45n);
  assert.deepEqual([position.settledTo, position.readTo], [45n, 50n]);
  position.settle(late);
  position.settle(late);
  position.pass(30n);
  assert.equal(position.settledTo, 50n);
});
