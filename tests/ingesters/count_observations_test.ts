import assert from "node:assert/strict";
import { budgetRulesOf, countObservations } from "../../src/ingesters/count_observations.ts";
import { IngesterRegistry } from "../../src/ingesters/registry.ts";
import { ApiError } from "../../src/kube/errors.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { Budgets } from "../../src/write/budget.ts";
import { ObservationStore } from "../../src/write/observation_store.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { COMPILE_SETTINGS, ingesterOf } from "../support/ingester_of.ts";
import { MemoryObservations } from "../support/memory_observations.ts";
import { observationOf } from "../support/observation_of.ts";
import { RecordingLog } from "../support/recording_log.ts";

function registryOf(): IngesterRegistry {
  const registry = new IngesterRegistry(COMPILE_SETTINGS);
  registry.put(ingesterOf("trivy", { source: "trivy", budget: { maxObservations: 3 } }));
  registry.put(ingesterOf("idle", { source: "kyverno", suspend: true }));
  return registry;
}

Deno.test("Every 30 s it is counted what each Ingester owns, and soon again when that fails", async () => {
  const api = new MemoryObservations();
  for (const name of ["a", "b"]) api.put(observationOf(name));
  api.put(observationOf("c", { ingester: "idle" }));
  const clock = new FakeClock();
  const turns: unknown[] = [];
  const budgets = new Budgets({
    metrics: createMetrics("test"),
    publishedOf: () => undefined,
    onTurn: (key, used) => void turns.push([key, used?.maxObservations]),
  });
  const log = new RecordingLog();
  const stop = new AbortController();
  const store = new ObservationStore(api, undefined);
  const counting = countObservations({ registry: registryOf(), store, budgets, clock, log }, stop.signal);
  const counts = (): unknown[] => ["zen/trivy", "zen/idle"].map((key) => budgets.observationsOf(key));
  await clock.settle();
  assert.deepEqual(counts(), [2, 1]);
  api.put(observationOf("d"));
  await clock.advance(29_000);
  assert.deepEqual(counts(), [2, 1]);
  await clock.advance(1000);
  assert.deepEqual(counts(), [3, 1]);
  assert.deepEqual(turns, [["zen/trivy", 3]]);
  api.before = () => {
    throw new ApiError("away", { code: 503 });
  };
  api.stored.clear();
  await clock.advance(30_000);
  assert.deepEqual([counts(), log.lines.length], [[3, 1], 1], "what was known stays");
  api.before = () => {};
  await clock.advance(2000);
  assert.deepEqual(counts(), [0, 0]);
  stop.abort(new Error("the term has ended"));
  await assert.rejects(counting, /the term has ended/);
  assert.deepEqual(counts(), [undefined, undefined]);
});

Deno.test("Only what is run has a budget", () => {
  const rules = budgetRulesOf(registryOf());
  assert.deepEqual(Object.fromEntries(rules), {
    "zen/trivy": { maxObservations: 3, onExceed: "rollup" },
    "zen/idle": undefined,
  });
});
