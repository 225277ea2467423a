import assert from "node:assert/strict";
import { Activities } from "../../src/ingesters/activities.ts";
import { ReadinessView } from "../../src/ingesters/readiness_view.ts";
import { IngesterRegistry } from "../../src/ingesters/registry.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { COMPILE_SETTINGS, ingesterOf } from "../support/ingester_of.ts";

interface Scene {
  readonly registry: IngesterRegistry;
  readonly activities: Activities;
  readonly view: ReadinessView;
  /** zen_watcher_ingester_ready by name. */
  ready(): Promise<Readonly<Record<string, number>>>;
}

function scene(): Scene {
  const registry = new IngesterRegistry(COMPILE_SETTINGS);
  const activities = new Activities();
  const metrics = createMetrics("test");
  const view = new ReadinessView({ registry, activities, metrics });
  return {
    registry,
    activities,
    view,
    async ready() {
      const { values } = await metrics.ingesterReady.get();
      return Object.fromEntries(values.map(({ labels, value }) => [String(labels.name), value]));
    },
  };
}

Deno.test("The metric follows Ingesters and their sources; of what another replica reads it says nothing", async () => {
  const { registry, activities, ready } = scene();
  registry.put(ingesterOf("hook", { source: "own", webhook: { auth: { type: "none" } } }));
  registry.put(ingesterOf("asleep", { source: "falco", suspend: true }));
  registry.put(ingesterOf("reader", { source: "trivy" }));
  assert.deepEqual(await ready(), { asleep: 0, hook: 1 });
  activities.setSource("zen/reader", "reports", { kind: "running" });
  assert.deepEqual(await ready(), { asleep: 0, hook: 1, reader: 1 });
  activities.setSource("zen/reader", "reports", { kind: "missing" });
  assert.deepEqual(await ready(), { asleep: 0, hook: 1, reader: 0 });
  activities.clearSources("zen/reader");
  assert.deepEqual(await ready(), { asleep: 0, hook: 1 });
  registry.remove("zen/hook");
  assert.deepEqual(await ready(), { asleep: 0 });
});

Deno.test("Each Ingester has its line, with the reason", () => {
  const { registry, activities, view } = scene();
  registry.put(ingesterOf("reader", { source: "trivy" }));
  registry.put(ingesterOf("later", { source: "own", ingester: "informer" }));
  assert.deepEqual(view.lines().map(({ name, kind, ready, reason }) => [name, kind, ready, reason]), [
    ["later", "invalid", false, "Invalid"],
    ["reader", "informer", false, "Standby"],
  ]);
  activities.setSource("zen/reader", "reports", { kind: "running" });
  assert.deepEqual(view.lines().find(({ name }) => name === "reader"), {
    namespace: "zen",
    name: "reader",
    source: "trivy",
    kind: "informer",
    ready: true,
    reason: "Running",
    message: "Watching reports",
  });
});
