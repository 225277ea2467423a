import assert from "node:assert/strict";
import { Slots } from "../../src/source/pod_logs_slots.ts";

const never = new AbortController().signal;

Deno.test("Who finds no slot free waits in order, and gets one that is given back", async () => {
  const slots = new Slots(2);
  const [first, second] = [await slots.take(never), await slots.take(never)];
  const order: string[] = [];
  const third = slots.take(never).then((slot) => (order.push("third"), slot));
  const fourth = slots.take(never).then((slot) => (order.push("fourth"), slot));
  assert.equal(slots.waiting, 2);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  const third_ = await third;
  assert.deepEqual([order, slots.waiting], [["third"], 1]);
  second[Symbol.dispose]();
  third_[Symbol.dispose]();
  (await fourth)[Symbol.dispose]();
  const again = [await slots.take(never), await slots.take(never)];
  assert.equal(slots.waiting, 0);
  for (const slot of again) slot[Symbol.dispose]();
});

Deno.test("Who stops waiting leaves the queue", async () => {
  const slots = new Slots(1);
  const slot = await slots.take(never);
  const stop = new AbortController();
  const waiting = slots.take(stop.signal);
  stop.abort(new Error("no more"));
  await assert.rejects(waiting, /no more/);
  await assert.rejects(slots.take(stop.signal), /no more/);
  assert.equal(slots.waiting, 0);
  slot[Symbol.dispose]();
  (await slots.take(never))[Symbol.dispose]();
});
