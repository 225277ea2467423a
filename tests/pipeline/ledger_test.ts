import assert from "node:assert/strict";
import type { Verdict } from "../../src/model/verdict.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { Ledger } from "../../src/pipeline/ledger.ts";
import { ledgerOf } from "../support/spool_of.ts";

const observation = { namespace: "n", name: "a" };
const VERDICTS: readonly Verdict[] = [
  { kind: "created", observation },
  { kind: "deduplicated", observation },
  { kind: "filtered", reason: "severity" },
  { kind: "rejected", reason: "wrong_shape", message: "" },
  { kind: "dead-lettered", reason: "too_old", message: "" },
];

Deno.test("What comes in is in flight until each of it has one verdict", async () => {
  const metrics = createMetrics("test");
  const ledger = new Ledger(metrics);
  ledger.receive("own", VERDICTS.length);
  for (const [index, verdict] of VERDICTS.entries()) {
    assert.deepEqual(await ledgerOf(metrics), [5, 5, 5 - index]);
    ledger.settle("own", verdict, { category: "security", severity: "high" });
  }
  assert.deepEqual(await ledgerOf(metrics), [5, 5, 0]);
  assert.deepEqual((await metrics.created.get()).values.map(({ labels, value }) => [labels, value]), [
    [{ source: "own", category: "security", severity: "high" }, 1],
  ]);
});

Deno.test("Another number of findings than before keeps it even", async () => {
  for (const [before, now] of [[2, 5], [5, 2], [3, 3], [4, 0]] as const) {
    const metrics = createMetrics("test");
    const ledger = new Ledger(metrics);
    ledger.receive("own", before);
    ledger.recount("own", before, now);
    assert.deepEqual(await ledgerOf(metrics), [Math.max(before, now), Math.max(before, now), now]);
  }
});
