import assert from "node:assert/strict";
import { MUTATIONS } from "../simulate/mutations.ts";
import { runMutation } from "../simulate/run_mutations.ts";
import { runSchedules } from "../simulate/run_schedules.ts";

const WORKERS = 2;

Deno.test("Everything holds in 300 schedules of faults on a virtual clock", async () => {
  const batch = { from: 1, count: 300, workers: WORKERS, keepsGoing: false };
  const tally = await runSchedules(batch, () => {});
  const [violation] = tally.violations;
  assert.equal(
    violation,
    undefined,
    `${violation?.invariant}: ${violation?.message}; deno task simulate --replay ${violation?.seed}`,
  );
  assert.ok(tally.schedules === 300 && tally.terms > 600, JSON.stringify(tally));
});

for (const name of ["checkpoint before effect", "name with a clock in it"]) {
  Deno.test(`The simulation finds a planted mistake: ${name}`, async () => {
    const mutation = MUTATIONS.find((one) => one.name === name);
    assert.ok(mutation !== undefined);
    const found = await runMutation(mutation, WORKERS);
    assert.equal(found.kind, "caught", JSON.stringify(found));
  });
}
