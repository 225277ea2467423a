import assert from "node:assert/strict";
import { IngesterRegistry } from "../../src/ingesters/registry.ts";
import { beginSeries } from "../../src/ingesters/source_series.ts";
import type { IngesterSpec } from "../../src/model/ingester.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import { scrape } from "../../src/observe/scrape.ts";
import { COMPILE_SETTINGS, ingesterOf } from "../support/ingester_of.ts";

async function begun(metrics: Metrics, source: string): Promise<readonly string[]> {
  return (await scrape(metrics.registry)).split("\n").filter((line) => line.includes(`source="${source}"`));
}

function scene(): { registry: IngesterRegistry; metrics: Metrics; put: (spec: IngesterSpec) => void } {
  const registry = new IngesterRegistry(COMPILE_SETTINGS);
  const metrics = createMetrics("test");
  beginSeries(registry, metrics);
  let generation = 1;
  return {
    registry,
    metrics,
    put: (spec) => registry.put(ingesterOf("a", spec, { generation: generation++ })),
  };
}

Deno.test("What alerts look at begins at 0 when an Ingester becomes known", async () => {
  const { metrics, put } = scene();
  put({ source: "trivy" });
  const lines = await begun(metrics, "trivy");
  for (
    const expected of [
      'zen_watcher_signals_received_total{source="trivy"} 0',
      'zen_watcher_signals_in_flight{source="trivy"} 0',
      'zen_watcher_observations_deduped_total{source="trivy"} 0',
      'zen_watcher_signals_rejected_total{source="trivy",reason="wrong_shape"} 0',
      'zen_watcher_dead_letters_total{source="trivy",reason="too_old"} 0',
    ]
  ) assert.ok(lines.includes(expected), expected);
  assert.ok(lines.every((line) => line.endsWith(" 0")));
});

Deno.test("A change of an Ingester takes no count back, and one that cannot run begins none", async () => {
  const { metrics, put } = scene();
  put({ source: "own", webhook: { auth: { type: "none" } } });
  metrics.received.inc({ source: "own" }, 5);
  put({ source: "own", webhook: { path: "/other", auth: { type: "none" } } });
  assert.ok((await begun(metrics, "own")).includes('zen_watcher_signals_received_total{source="own"} 5'));
  put({ source: "wrong", ingester: "informer" });
  assert.deepEqual(await begun(metrics, "wrong"), []);
});
