import assert from "node:assert/strict";
import { randomOf } from "../chaos/random.ts";
import { complaintOf, lineOf, tableOf } from "../chaos/report.ts";
import { playRounds } from "../chaos/rounds.ts";
import { FAULT_KINDS, scheduleOf } from "../chaos/schedule.ts";

/** Of all kinds of faults at least one; the first keeps the history, so that Events may live for a moment. */
const SEEDS = [152, 195] as const;
const SECONDS = 20;
const REPLICAS = 2;

Deno.test("in two rounds of chaos, with faults of every kind, nothing is lost and nothing doubled", async () => {
  const planned = SEEDS.flatMap((seed) =>
    scheduleOf(randomOf(seed).fork("faults"), SECONDS, REPLICAS).planned.map(({ fault: { kind } }) => kind)
  );
  assert.deepEqual([...new Set(planned)].sort(), [...FAULT_KINDS].sort());
  const folder = await Deno.makeTempDir({ prefix: "zen-watcher-chaos-" });
  try {
    const results = await playRounds(
      {
        seeds: SEEDS,
        replicas: REPLICAS,
        seconds: SECONDS,
        rate: 20,
        fleetingShare: 0.3,
        folder,
        keep: false,
      },
      (line) => console.log(line),
      new AbortController().signal,
    );
    console.log(tableOf(results).join("\n"));
    assert.equal(results.length, SEEDS.length);
    for (const [index, result] of results.entries()) {
      const complaint = [lineOf(result, index, SEEDS.length), ...complaintOf(result, "see the lines above")];
      assert.ok(result.isGood, complaint.join("\n"));
      assert.ok(result.balances.reduce((sum, { due }) => sum + due, 0) > 100);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
