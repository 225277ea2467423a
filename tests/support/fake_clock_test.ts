import assert from "node:assert/strict";
import { FakeClock } from "./fake_clock.ts";

const never = new AbortController().signal;

Deno.test("Sleepers wake in the order of their times, each at its own instant, with all that follows", async () => {
  const clock = new FakeClock({ startMilliseconds: 1000 });
  const woken: string[] = [];
  const note = (name: string): void => void woken.push(`${name} ${clock.monotonic()} ${clock.now()}`);
  clock.sleep(30, never).then(() => note("late"));
  clock.sleep(10, never).then(async () => {
    note("early");
    await clock.sleep(10, never);
    note("again");
  });
  clock.sleep(10, never).then(() => note("second"));
  await clock.advance(25);
  assert.deepEqual(woken, ["early 10 1010", "second 10 1010", "again 20 1020"]);
  assert.equal(clock.nextWaking, 30);
  await clock.advance(5);
  assert.equal(woken.at(-1), "late 30 1030");
  assert.equal(clock.sleeping, 0);
});

Deno.test("A sleep ends with its signal's reason and leaves nothing", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const sleeping = clock.sleep(10, stop.signal);
  stop.abort(new Error("asked to stop"));
  await assert.rejects(sleeping, /asked to stop/);
  await assert.rejects(clock.sleep(10, stop.signal), /asked to stop/);
  assert.equal(clock.sleeping, 0);
});

Deno.test("A jump wakes nobody, the next advance wakes who is late; a step moves the wall clock alone", async () => {
  const clock = new FakeClock({ startMilliseconds: 0 });
  let wokenAt = -1;
  clock.sleep(10, never).then(() => wokenAt = clock.monotonic());
  clock.jump(50);
  await clock.settle();
  assert.equal(wokenAt, -1);
  await clock.advance(0);
  assert.equal(wokenAt, 50);
  clock.stepWall(-1000);
  assert.deepEqual([clock.monotonic(), clock.now()], [50, -950]);
});

Deno.test("The same seed gives the same numbers", () => {
  const draw = (seed: number): readonly number[] => {
    const clock = new FakeClock({ seed });
    return Array.from({ length: 5 }, () => clock.random());
  };
  assert.deepEqual(draw(3), draw(3));
  assert.notDeepEqual(draw(3), draw(4));
  assert.ok(draw(5).every((number) => number >= 0 && number < 1));
});

Deno.test("A loop that lets no time pass is found out", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const looping = (async () => {
    while (true) await clock.sleep(0, stop.signal);
  })();
  const ended = assert.rejects(looping, /enough/);
  await assert.rejects(clock.advance(1), /time stands still/);
  stop.abort(new Error("enough"));
  await ended;
});
