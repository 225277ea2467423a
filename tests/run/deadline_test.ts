import assert from "node:assert/strict";
import { systemClock } from "../../src/run/clock.ts";
import { DeadlineError, withDeadline } from "../../src/run/deadline.ts";

const forever = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));

Deno.test("A task that ends in time gives its value and leaves no timer behind", async () => {
  assert.equal(
    await withDeadline(60_000, systemClock, () => Promise.resolve(5), new AbortController().signal),
    5,
  );
});

Deno.test("A task that takes too long is aborted with a DeadlineError", async () => {
  await assert.rejects(withDeadline(1, systemClock, forever, new AbortController().signal), DeadlineError);
});

Deno.test("An abort from outside comes before the deadline, with its own reason", async () => {
  const stop = new AbortController();
  const running = withDeadline(60_000, systemClock, forever, stop.signal);
  stop.abort(new Error("asked to stop"));
  await assert.rejects(running, /asked to stop/);
  await assert.rejects(withDeadline(1, systemClock, () => Promise.resolve(1), stop.signal), /asked to stop/);
});
