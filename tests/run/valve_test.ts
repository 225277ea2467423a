import assert from "node:assert/strict";
import { Valve } from "../../src/run/valve.ts";

const never = new AbortController().signal;

Deno.test("Groups are opened in order, and only while there is room", async () => {
  const valve = new Valve(10);
  const opened: number[] = [];
  const enter = (size: number): Promise<readonly number[]> =>
    valve.enter(() => {
      opened.push(size);
      return Array(size).fill(0);
    }, never);
  const groups = [4, 30, 1, 20, 2].map(enter);
  await Promise.all(groups.slice(0, 2));
  assert.deepEqual([opened, valve.inside], [[4, 30], 34], "one may go beyond");
  valve.leave(4);
  assert.deepEqual(opened, [4, 30]);
  valve.leave(30);
  assert.deepEqual(opened, [4, 30, 1, 20], "those that wait go in one by one, as far as there is room");
  await Promise.all(groups.slice(0, 4));
  valve.leave(20);
  await Promise.all(groups);
  valve.leave(3);
  assert.equal(valve.inside, 0);
});

Deno.test("Who stops waiting leaves the queue, and what cannot be opened takes no room", async () => {
  const valve = new Valve(1);
  await valve.enter(() => [1], never);
  const stop = new AbortController();
  const gone = valve.enter(() => assert.fail("it has gone"), stop.signal);
  const broken = valve.enter(() => {
    throw new Error("broken");
  }, never);
  const last = valve.enter(() => [2], never);
  stop.abort(new Error("The source was stopped"));
  await assert.rejects(gone, /was stopped/);
  await assert.rejects(valve.enter(() => [3], stop.signal), /was stopped/);
  valve.leave(1);
  await assert.rejects(broken, /broken/);
  assert.deepEqual(await last, [2]);
  assert.equal(valve.inside, 1);
});
