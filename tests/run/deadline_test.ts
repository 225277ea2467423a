import assert from "node:assert/strict";
import { systemClock } from "../../src/run/clock.ts";
import { DeadlineError, Deadlines } from "../../src/run/deadline.ts";
import { FakeClock } from "../support/fake_clock.ts";

const never = new AbortController().signal;
const forever = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));

Deno.test("A task that ends in time gives its value and leaves no timer behind", async () => {
  assert.equal(await new Deadlines(systemClock).run(60_000, () => Promise.resolve(5), never), 5);
});

Deno.test("Each task has its own deadline, kept to within a tenth of a second", async () => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const ended: string[] = [];
  const run = (name: string, milliseconds: number): Promise<void> =>
    deadlines.run(milliseconds, forever, never).catch((error: unknown) => {
      assert.ok(error instanceof DeadlineError);
      ended.push(name);
    });
  const all = [run("slow", 5000), run("quick", 1000)];
  await clock.advance(900);
  assert.deepEqual(ended, []);
  await clock.advance(200);
  assert.deepEqual(ended, ["quick"]);
  await clock.advance(4000);
  await Promise.all(all);
  assert.deepEqual(ended, ["quick", "slow"]);
});

Deno.test("An abort from outside comes before the deadline, with its own reason", async () => {
  const stop = new AbortController();
  const deadlines = new Deadlines(systemClock);
  const running = deadlines.run(60_000, forever, stop.signal);
  stop.abort(new Error("asked to stop"));
  await assert.rejects(running, /asked to stop/);
  await assert.rejects(deadlines.run(1, () => Promise.resolve(1), stop.signal), /asked to stop/);
});
