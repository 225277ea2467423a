import assert from "node:assert/strict";
import { compileFilter } from "../../src/filter/filter.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import type { Lane } from "../../src/pipeline/lane.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryObservations } from "../support/memory_observations.ts";
import { pipelineOf } from "../support/pipeline_of.ts";

const never = new AbortController().signal;
const source = { patienceMilliseconds: Infinity, mayWrite: () => true, onStall: () => {} };
const sender = { ...source, patienceMilliseconds: 2000 };
const receivedAt = "2026-01-02T12:00:00Z";

function laneOf(more: Partial<Lane> = {}): Lane {
  return {
    source: "own",
    ingester: { namespace: "zen", name: "own" },
    namespaces: [],
    filter: compileFilter({}, []),
    stages: [],
    windowSeconds: 60,
    isDryRun: false,
    ttlSeconds: () => 3600,
    rateLimit: { requestsPerSecond: 1, burst: 2 },
    ...more,
  };
}
const items = (count: number): { n: number }[] => Array.from({ length: count }, (_, n) => ({ n }));

Deno.test("Above the rate a source waits, and everything is written", async () => {
  const api = new MemoryObservations();
  const clock = new FakeClock();
  const metrics = createMetrics("test");
  const pipeline = pipelineOf(api, clock, metrics);
  const taking = pipeline.process(
    { source: "own", payload: items(5), receivedAt },
    laneOf(),
    source,
    undefined,
    never,
  );
  const written: number[] = [];
  for (const _ of items(4)) {
    await clock.advance(0);
    written.push(api.stored.size);
    await clock.advance(1000);
  }
  assert.deepEqual(written, [2, 3, 4, 5]);
  assert.deepEqual((await taking).map(({ kind }) => kind), Array(5).fill("created"));
  assert.equal((await metrics.rateLimitWaits.get()).values[0]?.value, 3);
});

Deno.test("What waits for the rate ends at once when its source is stopped", async () => {
  const clock = new FakeClock();
  const metrics = createMetrics("test");
  const pipeline = pipelineOf(new MemoryObservations(), clock, metrics);
  const stop = new AbortController();
  const taking = pipeline.process(
    { source: "own", payload: items(4), receivedAt },
    laneOf(),
    source,
    undefined,
    stop.signal,
  );
  await clock.settle();
  stop.abort(new Error("The Ingester was changed"));
  await assert.rejects(taking, /was changed/);
  assert.equal(clock.sleeping, 0);
  assert.equal((await metrics.inFlight.get()).values[0]?.value, 0);
});

Deno.test("A sender does not wait for the rate: what is above it is left open, with the time to come again", async () => {
  const clock = new FakeClock();
  const pipeline = pipelineOf(new MemoryObservations(), clock, createMetrics("test"));
  const lane = laneOf();
  const receive = (count: number) =>
    pipeline.receive({ source: "own", payload: items(count), receivedAt }, lane, sender, never);
  const outcomes = await receive(4);
  assert.deepEqual(outcomes.map(({ kind }) => kind), ["created", "created", "open", "open"]);
  const [, , open] = outcomes;
  if (open?.kind !== "open") throw new Error("it is open");
  assert.deepEqual([open.isPaced, open.isStalled, open.retryAfterMilliseconds], [true, false, 1000]);
  // The first two are known, and cost nothing; the next is the third.
  await clock.advance(1000);
  assert.deepEqual((await receive(4)).map(({ kind }) => kind), [
    "deduplicated",
    "deduplicated",
    "created",
    "open",
  ]);
});

Deno.test("What is left out costs nothing", async () => {
  const clock = new FakeClock();
  const pipeline = pipelineOf(new MemoryObservations(), clock, createMetrics("test"));
  const rateLimit = { requestsPerSecond: 1, burst: 2 };
  const receive = (count: number, more: Partial<Lane>) => {
    const signal = { source: "own", payload: items(count), receivedAt };
    return pipeline.receive(signal, laneOf({ rateLimit, ...more }), sender, never);
  };
  const filtered = await receive(50, { filter: compileFilter({ minSeverity: "high" }, []) });
  assert.deepEqual([...new Set(filtered.map(({ kind }) => kind))], ["filtered"]);
  assert.deepEqual((await receive(3, {})).map(({ kind }) => kind), ["created", "created", "open"]);
});
