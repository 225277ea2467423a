import assert from "node:assert/strict";
import { createMetrics } from "../../src/observe/metrics.ts";
import { RelistTimer } from "../../src/source/relist_timer.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";

Deno.test("A list says why it was made, how much it was, and how long it took with all that had to be begun again", async () => {
  const clock = new FakeClock();
  const metrics = createMetrics("test");
  const log = new RecordingLog();
  const timer = new RelistTimer({ source: "own", gvr: "v1/things" }, { clock, metrics, log });
  timer.begin();
  timer.count();
  await clock.advance(400);
  timer.because("unreachable");
  timer.begin();
  timer.count();
  timer.count();
  await clock.advance(600);
  timer.end(3);
  const line = log.lines.find(({ message }) => message === "Source listed");
  assert.deepEqual(line?.fields, {
    source: "own",
    gvr: "v1/things",
    reason: "unreachable",
    count: 2,
    gone: 3,
    duration_ms: 1000,
  });
  const { values } = await metrics.relistDuration.get();
  const sum = values.find(({ metricName }) => metricName === "zen_watcher_relist_duration_seconds_sum");
  assert.deepEqual([sum?.value, sum?.labels], [1, { source: "own", reason: "unreachable" }]);
});

Deno.test("An end without a beginning says nothing", () => {
  const log = new RecordingLog();
  const parts = { clock: new FakeClock(), metrics: createMetrics("test"), log };
  new RelistTimer({ source: "own", gvr: "v1/things" }, parts).end(0);
  assert.equal(log.lines.length, 0);
});
