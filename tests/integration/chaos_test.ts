import assert from "node:assert/strict";
import { readDeployment } from "../chaos/deployment.ts";
import { randomOf } from "../chaos/random.ts";
import { complaintOf, lineOf, tableOf } from "../chaos/report.ts";
import { playRounds } from "../chaos/rounds.ts";
import { rollOut } from "../chaos/scenarios/upgrade.ts";
import { FAULT_KINDS, scheduleOf } from "../chaos/schedule.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

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

Deno.test("while the chart's Deployment is rolled out no request fails, nothing is lost and nothing doubled", async () => {
  await using folder = await temporaryFolder();
  const deployment = { ...await readDeployment(), probeMilliseconds: 500, preStopMilliseconds: 2000 };
  const say = (line: string): void => console.log(line);
  const options = {
    seed: 1,
    rounds: undefined,
    folder: folder.path,
    keep: false,
    silenceSeconds: 0,
    preStopSeconds: undefined,
    say,
  };
  const plan = { deployment, rollouts: 1, rate: 60 };
  const { isGood, lines } = await rollOut(plan, options, new AbortController().signal);
  for (const line of lines) console.log(line);
  assert.ok(isGood, lines.join("\n"));
  assert.match(lines.join("\n"), /2 pods stopped, [12] of them leaders/);
});
