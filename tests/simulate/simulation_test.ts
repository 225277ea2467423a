import assert from "node:assert/strict";
import { scheduleOf } from "./schedule.ts";
import { Simulation } from "./simulation.ts";

const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1);

Deno.test("A seed gives the same schedule and the same run every time", async () => {
  const [one, other] = [
    await new Simulation(scheduleOf(4), true).run(),
    await new Simulation(scheduleOf(4), true).run(),
  ];
  assert.ok(one.trace.length > 100);
  assert.deepEqual(one.trace, other.trace);
  const untraced = await new Simulation(scheduleOf(4), false).run();
  assert.deepEqual({ ...untraced, trace: [] }, { ...one, trace: [] });
});

Deno.test("Everything holds in a few schedules, in which something happens", async () => {
  let [signals, terms] = [0, 0];
  for (const seed of SEEDS) {
    const outcome = await new Simulation(scheduleOf(seed), false).run();
    assert.equal(outcome.violation, undefined, `seed ${seed}: ${outcome.violation?.message}`);
    signals += outcome.signals;
    terms += outcome.terms;
  }
  assert.ok(signals > 20 * SEEDS.length && terms > 2 * SEEDS.length, `${signals} signals in ${terms} terms`);
});
