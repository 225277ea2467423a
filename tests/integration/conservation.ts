import assert from "node:assert/strict";
import type { Replica } from "../support/process.ts";

const RECEIVED = "zen_watcher_signals_received_total";
/** Every finding that was received is in exactly one of these (promise P5). */
const VERDICTS = [
  "zen_watcher_observations_created_total",
  "zen_watcher_observations_deduped_total",
  "zen_watcher_observations_filtered_total",
  "zen_watcher_signals_rejected_total",
  "zen_watcher_dead_letters_total",
  "zen_watcher_signals_in_flight",
] as const;

/**
 * In one scrape, for every source: received = created + deduplicated + filtered + rejected + dead-lettered + in flight.
 *
 * @returns the sources that have received something
 */
export async function assertConservation(replica: Replica): Promise<readonly string[]> {
  const metrics = await replica.metrics();
  const names = [RECEIVED, ...VERDICTS];
  const sources = new Set(
    metrics.samples.filter(({ name }) => names.some((one) => one === name)).flatMap(({ labels }) =>
      labels["source"] === undefined ? [] : [labels["source"]]
    ),
  );
  for (const source of sources) {
    const parts = VERDICTS.map((name) => [name, metrics.sum(name, { source })] as const);
    const received = metrics.sum(RECEIVED, { source });
    const sum = parts.reduce((total, [, value]) => total + value, 0);
    assert.equal(
      sum,
      received,
      `${replica.name}, source ${source}: ${received} received, but ${JSON.stringify(parts)}`,
    );
    for (const [name, value] of parts) assert.ok(value >= 0, `${replica.name}: ${name} is ${value}`);
  }
  // Series begin at 0 before anything was received.
  return [...sources].filter((source) => metrics.sum(RECEIVED, { source }) > 0).sort();
}
