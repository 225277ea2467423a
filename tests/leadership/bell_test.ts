import assert from "node:assert/strict";
import { Bell } from "../../src/leadership/bell.ts";
import { FakeClock } from "../support/fake_clock.ts";

const never = new AbortController().signal;

Deno.test("A ring wakes who waits, and leaves no timer", async () => {
  const clock = new FakeClock();
  const bell = new Bell();
  const woken = bell.wait(1000, clock, never);
  await clock.settle();
  assert.equal(clock.sleeping, 1);
  bell.ring();
  await woken;
  assert.equal(clock.sleeping, 0);
  assert.equal(clock.monotonic(), 0);
});

Deno.test("A ring while nobody waits is heard once", async () => {
  const clock = new FakeClock();
  const bell = new Bell();
  bell.ring();
  bell.ring();
  await bell.wait(1000, clock, never);
  let isWoken = false;
  const second = bell.wait(1000, clock, never).then(() => isWoken = true);
  await clock.advance(999);
  assert.equal(isWoken, false);
  await clock.advance(1);
  await second;
});

Deno.test("A wait without end is a wait of a minute, since no timer takes more than 24 days", async () => {
  const clock = new FakeClock();
  const woken = new Bell().wait(Infinity, clock, never);
  await clock.settle();
  assert.equal(clock.nextWaking, 60_000);
  await clock.advance(60_000);
  await woken;
});

Deno.test("An abort ends the wait with its reason, and a wait after it begins not at all", async () => {
  const clock = new FakeClock();
  const bell = new Bell();
  const stop = new AbortController();
  const waiting = bell.wait(1000, clock, stop.signal);
  stop.abort(new Error("asked to stop"));
  await assert.rejects(waiting, /asked to stop/);
  await assert.rejects(bell.wait(1000, clock, stop.signal), /asked to stop/);
  assert.equal(clock.sleeping, 0);
});
