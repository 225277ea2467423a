import assert from "node:assert/strict";
import { createMetrics } from "../../src/observe/metrics.ts";

/** Fixed names: people's dashboards and alerts hold them. */
const NAMES: readonly (readonly [name: string, type: string])[] = [
  ["zenwatcher_is_leader", "gauge"],
  ["zenwatcher_leader_election_transitions_total", "counter"],
  ["zenwatcher_failover_duration_seconds", "histogram"],
  ["zenwatcher_source_watch_restarts_total", "counter"],
  ["zenwatcher_source_watch_last_event_timestamp_seconds", "gauge"],
  ["zen_watcher_observations_created_total", "counter"],
  ["zen_watcher_observations_filtered_total", "counter"],
  ["zen_watcher_observations_deduped_total", "counter"],
  ["zen_watcher_signals_received_total", "counter"],
  ["zen_watcher_signals_rejected_total", "counter"],
  ["zen_watcher_signals_in_flight", "gauge"],
  ["zen_watcher_dry_run_total", "counter"],
  ["zen_watcher_write_duration_seconds", "histogram"],
  ["zen_watcher_write_retries_total", "counter"],
  ["zen_watcher_webhook_requests_total", "counter"],
  ["zen_watcher_webhook_duration_seconds", "histogram"],
  ["zen_watcher_gc_deleted_total", "counter"],
  ["zen_watcher_ingester_ready", "gauge"],
  ["zen_watcher_build_info", "gauge"],
  ["process_start_time_seconds", "gauge"],
  ["process_resident_memory_bytes", "gauge"],
];

for (const [name, type] of NAMES) {
  Deno.test(`${name} is a ${type}`, async () => {
    const text = await createMetrics("1.2.3").registry.metrics();
    assert.match(text, new RegExp(`^# TYPE ${name} ${type}$`, "m"));
  });
}

Deno.test("series without labels begin at 0", async () => {
  const text = await createMetrics("1.2.3").registry.metrics();
  for (
    const name of [
      "zenwatcher_is_leader",
      "zenwatcher_leader_election_transitions_total",
      "zen_watcher_gc_deleted_total",
    ]
  ) {
    assert.match(text, new RegExp(`^${name} 0$`, "m"));
  }
});

Deno.test("two sets of metrics live side by side", async () => {
  const one = createMetrics("1.2.3");
  const two = createMetrics("1.2.3");
  one.received.inc({ source: "falco" });
  assert.match(await one.registry.metrics(), /^zen_watcher_signals_received_total\{source="falco"\} 1$/m);
  assert.doesNotMatch(await two.registry.metrics(), /falco/);
});

Deno.test("what runs is said by the build", async () => {
  const text = await createMetrics("1.2.3").registry.metrics();
  assert.match(text, /^zen_watcher_build_info\{version="1\.2\.3",runtime="deno [0-9.]+"\} 1$/m);
});
