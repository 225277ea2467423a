import assert from "node:assert/strict";
import { RelistSchedule } from "../../src/source/relist_schedule.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("Without a period and without an object to judge again nothing is listed again", () => {
  assert.equal(new RelistSchedule(undefined, new FakeClock()).at(Infinity), Infinity);
});

Deno.test("A period is kept to a tenth, and begins anew with every list", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const clock = new FakeClock({ seed });
    const schedule = new RelistSchedule(60_000, clock);
    const first = schedule.at(Infinity);
    assert.ok(first >= 54_000 && first <= 66_000, String(first));
    await clock.advance(50_000);
    schedule.onListed();
    const next = schedule.at(Infinity) - 50_000;
    assert.ok(next >= 54_000 && next <= 66_000, String(next));
  }
});

Deno.test("What must be judged again is listed when it is due, but not in a tight row", async () => {
  const clock = new FakeClock();
  const schedule = new RelistSchedule(undefined, clock);
  const start = clock.now();
  assert.equal(schedule.at(start + 5000), 5000);
  assert.equal(schedule.at(start - 5000), 0, "what is overdue is due now");
  await clock.advance(5000);
  schedule.onListed();
  assert.equal(schedule.at(start + 5001), 15_000);
  assert.equal(schedule.at(start + 60_000), 60_000);
  clock.stepWall(30_000);
  assert.equal(schedule.at(start + 60_000), 30_000, "when the wall clock steps, so does what is due by it");
});
