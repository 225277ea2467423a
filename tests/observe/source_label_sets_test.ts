import assert from "node:assert/strict";
import { createMetrics } from "../../src/observe/metrics.ts";
import { sourceLabelSets } from "../../src/observe/source_label_sets.ts";
import { scrape } from "../../src/observe/scrape.ts";

Deno.test("Every series about a source is found, a histogram once for each set of labels", async () => {
  const metrics = createMetrics("test");
  metrics.received.inc({ source: "own" }, 3);
  metrics.watchRestarts.inc({ source: "own", gvr: "v1/events", reason: "closed" });
  for (const seconds of [1, 2]) metrics.webhookDuration.observe({ source: "own" }, seconds);
  metrics.relistDuration.observe({ source: "other", reason: "first" }, 1);
  metrics.writeDuration.observe({ outcome: "created" }, 1);
  const found = await sourceLabelSets(metrics.registry);
  assert.deepEqual(found.map(({ name, source, gvr, value }) => [name, source, gvr, value]), [
    ["zenwatcher_source_watch_restarts_total", "own", "v1/events", 1],
    ["zen_watcher_relist_duration_seconds", "other", undefined, 1],
    ["zen_watcher_signals_received_total", "own", undefined, 3],
    ["zen_watcher_webhook_duration_seconds", "own", undefined, 2],
  ]);
});

Deno.test("A counter tells its value of now, and what is removed is no longer exported", async () => {
  const metrics = createMetrics("test");
  metrics.rejected.inc({ source: "own", reason: "budget" });
  metrics.rejected.inc({ source: "own", reason: "refused" });
  metrics.webhookDuration.observe({ source: "own" }, 1);
  const [budget, , duration] = await sourceLabelSets(metrics.registry);
  metrics.rejected.inc({ source: "own", reason: "budget" }, 4);
  assert.equal(budget?.value, 5);
  budget?.remove();
  duration?.remove();
  const left = (await scrape(metrics.registry)).split("\n").filter((line) => line.includes('source="own"'));
  assert.deepEqual(left, ['zen_watcher_signals_rejected_total{source="own",reason="refused"} 1']);
});
