import assert from "node:assert/strict";
import { systemClock } from "../../src/run/clock.ts";

const never = new AbortController().signal;

Deno.test("Monotonic time never steps back, wall time is that of the machine, and random is in [0, 1)", () => {
  const first = systemClock.monotonic();
  assert.ok(systemClock.monotonic() >= first);
  assert.ok(Math.abs(systemClock.now() - Date.now()) < 1000);
  for (let turn = 0; turn < 100; turn++) {
    const value = systemClock.random();
    assert.ok(value >= 0 && value < 1);
  }
});

Deno.test("A sleep takes at least its time, and none at all for a time that has passed", async () => {
  const start = systemClock.monotonic();
  await systemClock.sleep(5, never);
  // A timer may fire a fraction of a millisecond early.
  assert.ok(systemClock.monotonic() - start >= 4);
  await systemClock.sleep(-1000, never);
});

Deno.test("A sleep that is aborted ends at once with the reason, leaving no timer behind", async () => {
  const stop = new AbortController();
  const sleeping = systemClock.sleep(60_000, stop.signal);
  stop.abort(new Error("woken"));
  await assert.rejects(sleeping, /woken/);
  await assert.rejects(systemClock.sleep(0, AbortSignal.abort(new Error("never began"))), /never began/);
});

Deno.test("A sleep longer than a timer can be does not end at once", async () => {
  const stop = new AbortController();
  const sleeping = systemClock.sleep(2 ** 40, stop.signal);
  const first = await Promise.race([
    sleeping.then(() => "woken", () => "aborted"),
    systemClock.sleep(20, never).then(() => "still asleep"),
  ]);
  stop.abort();
  assert.equal(first, "still asleep");
  await assert.rejects(sleeping);
});

Deno.test("A sleep that ended listens to its signal no more", async () => {
  const stop = new AbortController();
  let listeners = 0;
  const { signal } = stop;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  await systemClock.sleep(1, signal);
  assert.equal(listeners, 0);
});
