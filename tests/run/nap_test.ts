import assert from "node:assert/strict";
import { Nap } from "../../src/run/nap.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("A nap ends after its time, or when it is woken", async () => {
  const clock = new FakeClock();
  const nap = new Nap(clock);
  const { signal } = new AbortController();
  let naps = 0;
  const sleep = (milliseconds: number): void => void nap.sleep(milliseconds, signal).then(() => naps++);
  nap.wake();
  sleep(1000);
  await clock.advance(999);
  assert.equal(naps, 0);
  await clock.advance(1);
  assert.equal(naps, 1);
  for (const milliseconds of [1000, Infinity]) {
    sleep(milliseconds);
    await clock.advance(10);
    nap.wake();
    await clock.settle();
  }
  assert.deepEqual([naps, clock.sleeping], [3, 0]);
});

Deno.test("A nap ends with its signal's reason", async () => {
  const nap = new Nap(new FakeClock());
  const stop = new AbortController();
  const sleeping = [nap.sleep(Infinity, stop.signal)];
  stop.abort(new Error("asked to stop"));
  await assert.rejects(sleeping[0] ?? Promise.resolve(), /asked to stop/);
  await assert.rejects(nap.sleep(1, stop.signal), /asked to stop/);
});
