import assert from "node:assert/strict";
import { compileFilter } from "../../src/filter/filter.ts";
import { RecentNames } from "../../src/deduplicate/recent_names.ts";
import type { Api, ApiRequest } from "../../src/kube/api.ts";
import { ApiError } from "../../src/kube/errors.ts";
import type { Json } from "../../src/model/json.ts";
import type { Signal } from "../../src/model/signal.ts";
import type { Verdict } from "../../src/model/verdict.ts";
import type { Log } from "../../src/observe/log.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import type { Lane } from "../../src/pipeline/lane.ts";
import { Ledger } from "../../src/pipeline/ledger.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import type { Clock } from "../../src/run/clock.ts";
import { ObservationWriter } from "../../src/write/writer.ts";
import { type Answer, ScriptedApi } from "../support/scripted_api.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { laneOf } from "../support/lane_of.ts";
import { MemoryObservations } from "../support/memory_observations.ts";
import { besideWriter, noDeadLetters, pipelineOf } from "../support/pipeline_of.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { silentLog } from "../support/silent_log.ts";
import type { DeadLetterBox } from "../../src/write/dead_letters.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const created: Answer = { kind: "json", value: {} };
const exists: Answer = {
  kind: "error",
  error: new ApiError("there", { code: 409, reason: "AlreadyExists" }),
};
const refused: Answer = { kind: "error", error: new ApiError("bad", { code: 422 }) };
const away: Answer = { kind: "error", error: new ApiError("away", { code: 0 }) };

const lane = laneOf("falco", { source: "falco" });
const falco = (pod: string, priority = "Critical"): Json => ({
  rule: "Terminal shell in container",
  priority,
  output: "a shell",
  time: "2026-01-01T00:00:00Z",
  output_fields: { "k8s.ns.name": "shop", "k8s.pod.name": pod },
});

interface Scene {
  readonly pipeline: Pipeline;
  readonly api: ScriptedApi;
  readonly metrics: Metrics;
  process(payload: Json, own?: Partial<Lane>, more?: Partial<Signal>): Promise<readonly Verdict[]>;
}

function scene(
  answers: readonly Answer[],
  patienceMilliseconds = 2000,
  box: DeadLetterBox = noDeadLetters,
  api = new ScriptedApi(answers),
  log: Log = silentLog,
): Scene {
  let now = 0;
  const clock: Clock = {
    now: () => NOW + now,
    monotonic: () => now,
    random: () => 0.5,
    sleep: (milliseconds) => {
      now += milliseconds;
      return Promise.resolve();
    },
  };
  const metrics = createMetrics("test");
  const pipeline = new Pipeline({
    ...besideWriter(api, clock),
    writer: new ObservationWriter({ concurrency: 4, fallbackNamespace: "zen" }, { api, clock, metrics }),
    recent: new RecentNames({ maxSize: 100, windowSeconds: 60 }, clock),
    metrics,
    ledger: new Ledger(metrics),
    deadLetters: box,
    clock,
    log,
    place: { podNamespace: "zen", watchNamespaces: [], observationNamespace: undefined },
    self: () => ({ username: "me", namespace: "zen", podNames: [] }),
  });
  const terms = { patienceMilliseconds, mayWrite: () => true, onStall: () => {} };
  return {
    pipeline,
    api,
    metrics,
    process: (payload, own = {}, more = {}) =>
      pipeline.process(
        { source: own.source ?? "falco", payload, receivedAt: "2026-01-01T00:00:05Z", ...more },
        { ...lane, ...own },
        terms,
        undefined,
        new AbortController().signal,
      ),
  };
}

/** received, and the sum of all verdicts and what is in flight. */
async function ledger(metrics: Metrics): Promise<[number, number]> {
  const sum = async (metric: { get(): Promise<{ values: { value: number }[] }> }): Promise<number> =>
    (await metric.get()).values.reduce((total, { value }) => total + value, 0);
  const parts = [
    metrics.created,
    metrics.deduplicated,
    metrics.filtered,
    metrics.rejected,
    metrics.deadLetters,
    metrics.inFlight,
  ];
  const sums = await Promise.all(parts.map(sum));
  return [await sum(metrics.received), sums.reduce((total, value) => total + value, 0)];
}

Deno.test("Each way that a finding can go gives its verdict, and the ledger is even every time", async () => {
  const cases: readonly [string, readonly Answer[], Json, Partial<Lane>, string][] = [
    ["new", [created], falco("a"), {}, "created"],
    ["already there", [exists], falco("a"), {}, "deduplicated"],
    [
      "filtered",
      [],
      falco("a", "Debug"),
      { filter: compileFilter({ minSeverity: "high" }, []) },
      "filtered severity",
    ],
    ["not Falco at all", [], { hello: 1 }, {}, "rejected wrong_shape"],
    ["refused by the API server", [refused], falco("a"), {}, "rejected refused"],
    ["API server away", Array.from({ length: 20 }, () => away), falco("a"), {}, "rejected unavailable"],
    ["dry run", [created], falco("a"), { isDryRun: true }, "filtered dry_run"],
  ];
  for (const [what, answers, payload, own, expected] of cases) {
    const { process, metrics } = scene(answers);
    const verdicts = await process(payload, own);
    const words = verdicts.map((verdict) =>
      "reason" in verdict ? `${verdict.kind} ${verdict.reason}` : verdict.kind
    );
    assert.deepEqual(words, [expected], what);
    const [received, settled] = await ledger(metrics);
    assert.deepEqual([received, settled], [1, 1], what);
  }
});

Deno.test("What was written lately is not asked for again, what failed is", async () => {
  const { process, api } = scene([refused, created]);
  assert.equal((await process(falco("a")))[0]?.kind, "rejected");
  assert.equal((await process(falco("a")))[0]?.kind, "created");
  assert.equal((await process(falco("a")))[0]?.kind, "deduplicated");
  assert.equal(api.requests.length, 2);
});

Deno.test("When history went back, what was written lately is written again", async () => {
  const { process, pipeline } = scene([created, created]);
  await process(falco("a"));
  pipeline.forgetNames();
  assert.equal((await process(falco("a")))[0]?.kind, "created");
});

Deno.test("The same finding a hundred times in one request is written once", async () => {
  const { process, api, metrics } = scene([created]);
  const verdicts = await process(Array.from({ length: 100 }, () => falco("a")));
  assert.deepEqual(verdicts.filter(({ kind }) => kind === "created").length, 1);
  assert.equal(verdicts.filter(({ kind }) => kind === "deduplicated").length, 99);
  assert.equal(api.requests.length, 1);
  assert.deepEqual(await ledger(metrics), [100, 100]);
});

Deno.test("A dry run remembers nothing, so that the real run after it writes", async () => {
  const { process } = scene([created, created]);
  await process(falco("a"), { isDryRun: true });
  assert.equal((await process(falco("a")))[0]?.kind, "created");
});

Deno.test("What the API still has but would have been collected by now is filtered as expired", async () => {
  const event = (time: string): Json => ({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "e", namespace: "shop", uid: "u", creationTimestamp: time },
    involvedObject: { kind: "Pod", namespace: "shop", name: "p" },
    type: "Warning",
    reason: "Failed",
    lastTimestamp: time,
  });
  const run = async (time: string): Promise<Verdict | undefined> => {
    const own = { source: "kubernetes-events" };
    const more = { origin: { kind: "Event" }, createdAt: time };
    return (await scene([created]).process(event(time), own, more))[0];
  };
  assert.deepEqual(await run("2025-12-31T22:00:00Z"), { kind: "filtered", reason: "expired" });
  assert.equal((await run("2025-12-31T23:30:00Z"))?.kind, "created");
});

Deno.test("A finding that this program cannot handle is counted and logged, and stops no other", async () => {
  const { process, metrics } = scene([created]);
  let turn = 0;
  const filter = (): undefined => {
    if (++turn === 1) throw new TypeError("a mistake");
    return undefined;
  };
  const verdicts = await process([falco("a"), falco("b")], { filter });
  assert.deepEqual(verdicts.map(({ kind }) => kind), ["rejected", "created"]);
  assert.deepEqual(await ledger(metrics), [2, 2]);
});

Deno.test("When the term ends, what has no verdict is counted as such and thrown", async () => {
  const { pipeline, metrics } = scene([created]);
  const terms = { patienceMilliseconds: Infinity, mayWrite: () => false, onStall: () => {} };
  await assert.rejects(
    pipeline.process(
      { source: "falco", payload: falco("a"), receivedAt: "2026-01-01T00:00:05Z" },
      lane,
      terms,
      undefined,
      new AbortController().signal,
    ),
    { name: "TermEndedError" },
  );
  assert.deepEqual(await ledger(metrics), [1, 1]);
  const { values } = await metrics.rejected.get();
  assert.deepEqual(values.map(({ labels }) => labels.reason), ["term_ended"]);
});

Deno.test("What is refused for good is a dead letter where it can be kept", async () => {
  const put: Parameters<DeadLetterBox["put"]>[0][] = [];
  const box: DeadLetterBox = { put: (letter) => Promise.resolve(put.push(letter) > 0) };
  const { process, metrics } = scene([refused], 2000, box);
  const [verdict] = await process(falco("a"));
  assert.deepEqual(verdict, { kind: "dead-lettered", reason: "invalid", message: "bad" });
  assert.deepEqual(put.map(({ what }) => [what.kind, what.source, what.ingester.name]), [
    ["observation", "falco", "falco"],
  ]);
  assert.deepEqual(await ledger(metrics), [1, 1]);
  assert.deepEqual((await metrics.deadLetters.get()).values.map(({ labels }) => labels), [
    { source: "falco", reason: "invalid" },
  ]);
});

Deno.test("A long list of one request is taken on piece by piece", async () => {
  class HangingApi extends ScriptedApi {
    override request<T>(_request: ApiRequest, signal: AbortSignal): Promise<T> {
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true })
      );
    }
  }
  const { pipeline, metrics } = scene([], 2000, noDeadLetters, new HangingApi([]));
  const payload = Array.from({ length: 500 }, (_, index) => falco(`pod-${index}`));
  let begun = 0;
  const counting: Lane = { ...lane, filter: () => void begun++ };
  const stop = new AbortController();
  const terms = { patienceMilliseconds: Infinity, mayWrite: () => true, onStall: () => {} };
  const signal = { source: "falco", payload, receivedAt: "2026-01-01T00:00:05Z" };
  const receiving = pipeline.receive(signal, counting, terms, stop.signal);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(begun, 64);
  stop.abort();
  assert.ok((await receiving).every(({ kind }) => kind === "open"));
  assert.deepEqual(await ledger(metrics), [500, 500]);
});

Deno.test("An object of the API with findings that are rejected is named in the log, and nothing of what it says", async () => {
  const log = new RecordingLog();
  const { process } = scene([], 2000, noDeadLetters, undefined, log);
  const origin = { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "results", uid: "u" };
  await process([{ secret: "s3cr3t" }, { secret: "s3cr3t" }], {}, { origin });
  assert.deepEqual(log.of("Findings rejected").map(({ fields }) => fields), [{
    source: "falco",
    ingester: `${lane.ingester.namespace}/${lane.ingester.name}`,
    object: "ConfigMap shop/results",
    reasons: "wrong_shape",
    count: 2,
  }]);
  assert.doesNotMatch(JSON.stringify(log.lines), /s3cr3t/);
  // A sender is answered instead.
  await process([{ secret: "s3cr3t" }]);
  assert.equal(log.of("Findings rejected").length, 1);
});

Deno.test("What is left open is in flight, and is counted once when it is resumed", async () => {
  const { pipeline, metrics } = scene([created, away, created]);
  const payload = [falco("a"), { hello: 1 }, falco("b")];
  const terms = { patienceMilliseconds: 0, mayWrite: () => true, onStall: () => {} };
  const signal = { source: "falco", payload, receivedAt: "2026-01-01T00:00:05Z" };
  const never = new AbortController().signal;
  const outcomes = await pipeline.receive(signal, lane, terms, never);
  assert.deepEqual(outcomes.map(({ kind }) => kind), ["created", "rejected", "open"]);
  assert.deepEqual(await ledger(metrics), [3, 3]);
  assert.equal((await metrics.inFlight.get()).values[0]?.value, 1);
  const spooled = {
    kind: "signal",
    source: "falco",
    ingester: lane.ingester,
    spooledAt: "2026-01-01T00:00:05Z",
    receivedAt: signal.receivedAt,
    payload,
    open: [2],
    total: 3,
  } as const;
  const resumed = await pipeline.resume(spooled, lane, terms, Infinity, never);
  assert.deepEqual(resumed.outcomes.map(([index, { kind }]) => [index, kind]), [[2, "created"]]);
  assert.deepEqual(await ledger(metrics), [3, 3]);
  assert.equal((await metrics.inFlight.get()).values[0]?.value, 0);
});

Deno.test("What is split otherwise than before is taken whole, and the ledger stays even", async () => {
  for (const [total, open, count] of [[1, [0], 2], [5, [1, 2, 4], 2]] as const) {
    const { pipeline, metrics } = scene([created, created]);
    new Ledger(metrics).receive("falco", open.length);
    const spooled = {
      kind: "signal",
      source: "falco",
      ingester: lane.ingester,
      spooledAt: "2026-01-01T00:00:05Z",
      receivedAt: "2026-01-01T00:00:05Z",
      payload: [falco("a"), falco("b")],
      open,
      total,
    } as const;
    const terms = { patienceMilliseconds: 0, mayWrite: () => true, onStall: () => {} };
    const { outcomes } = await pipeline.resume(spooled, lane, terms, Infinity, new AbortController().signal);
    assert.deepEqual(outcomes.map(([, { kind }]) => kind), ["created", "created"]);
    const [received, settled] = await ledger(metrics);
    assert.deepEqual([received, settled], [Math.max(count, open.length), received]);
    assert.equal((await metrics.inFlight.get()).values[0]?.value, 0);
  }
});

Deno.test("Nothing is tried where that was asked for, but what needs no write has its verdict", async () => {
  const { pipeline, api, metrics } = scene([]);
  const outcomes = await pipeline.receive(
    { source: "falco", payload: [falco("a"), {}, falco("b", "Debug")], receivedAt: "2026-01-01T00:00:05Z" },
    { ...lane, filter: compileFilter({ minSeverity: "high" }, []) },
    undefined,
    new AbortController().signal,
  );
  assert.deepEqual(outcomes.map(({ kind }) => kind), ["open", "rejected", "filtered"]);
  assert.equal(api.requests.length, 0);
  assert.deepEqual(await ledger(metrics), [3, 3]);
});

Deno.test("Large reports are opened one after the other, and each Ingester's by themselves", async () => {
  const api = new MemoryObservations();
  let wake: () => void = () => {};
  const hold = new Promise<void>((resolve) => wake = resolve);
  const held: Api = {
    stream: () => Promise.reject(new Error("no streams here")),
    async request<T>(request: ApiRequest, signal: AbortSignal): Promise<T> {
      await hold;
      return await api.request<T>(request, signal);
    },
  };
  const metrics = createMetrics("test");
  const pipeline = pipelineOf(held, new FakeClock(), metrics);
  const terms = { patienceMilliseconds: Infinity, mayWrite: () => true, onStall: () => {} };
  const received = async (): Promise<number> => (await metrics.received.get()).values[0]?.value ?? 0;
  const own = { ...lane, source: "own" };
  const taking = [own, own, own, { ...own }].map((of, report) => {
    const payload = Array.from({ length: 600 }, (_, n) => ({ n, report }));
    const signal = { source: "own", payload, receivedAt: "2026-01-01T00:00:05Z" };
    return pipeline.process(signal, of, terms, undefined, new AbortController().signal);
  });
  await new FakeClock().settle();
  assert.equal(await received(), 3 * 600, "the third waits until there is room, another Ingester's does not");
  wake();
  await Promise.all(taking);
  assert.equal(api.stored.size, 4 * 600);
});
