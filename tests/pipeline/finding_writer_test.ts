import assert from "node:assert/strict";
import { compileFilter } from "../../src/filter/filter.ts";
import type { Api, ApiRequest } from "../../src/kube/api.ts";
import { ApiError } from "../../src/kube/errors.ts";
import type { Json } from "../../src/model/json.ts";
import type { SpooledObservation } from "../../src/model/spooled.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import type { Lane } from "../../src/pipeline/lane.ts";
import type { Pipeline } from "../../src/pipeline/pipeline.ts";
import { FollowedReports } from "../../src/write/followed_reports.ts";
import { ObservationStore } from "../../src/write/observation_store.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { laneOf } from "../support/lane_of.ts";
import { MemoryObservations } from "../support/memory_observations.ts";
import { pipelineOf } from "../support/pipeline_of.ts";
import { silentLog } from "../support/silent_log.ts";

const never = new AbortController().signal;
const source = { patienceMilliseconds: Infinity, mayWrite: () => true, onStall: () => {} };
const sender = { ...source, patienceMilliseconds: 2000 };
const receivedAt = "2026-01-02T12:00:00Z";

const pacedLane = (more: Partial<Lane> = {}): Lane =>
  laneOf("own", { rateLimit: { requestsPerSecond: 1, burst: 2 }, ...more });
const items = (count: number): { n: number }[] => Array.from({ length: count }, (_, n) => ({ n }));

Deno.test("Above the rate a source waits, and everything is written", async () => {
  const api = new MemoryObservations();
  const clock = new FakeClock();
  const metrics = createMetrics("test");
  const pipeline = pipelineOf(api, clock, metrics);
  const taking = pipeline.process(
    { source: "own", payload: items(5), receivedAt },
    pacedLane(),
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
    pacedLane(),
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
  const lane = pacedLane();
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
    return pipeline.receive(signal, pacedLane({ rateLimit, ...more }), sender, never);
  };
  const filtered = await receive(50, { filter: compileFilter({ minSeverity: "high" }, []) });
  assert.deepEqual([...new Set(filtered.map(({ kind }) => kind))], ["filtered"]);
  assert.deepEqual((await receive(3, {})).map(({ kind }) => kind), ["created", "created", "open"]);
});

const budget = { maxObservations: 3, onExceed: "rollup" } as const;
const falco = (pod: string, second: number, priority = "Error"): object => ({
  rule: "Shell",
  priority,
  output: "a shell",
  time: `2026-01-02T12:00:${String(second).padStart(2, "0")}Z`,
  output_fields: { "k8s.ns.name": "shop", "k8s.pod.name": pod },
});
const many = (count: number, priority?: string): object[] =>
  Array.from({ length: count }, (_, index) => falco(`web-${index}`, index, priority));

interface Falco {
  readonly api: MemoryObservations;
  readonly metrics: Metrics;
  readonly repeats: string[];
  send(payloads: readonly object[], more?: Partial<Lane>): Promise<string[]>;
}

function falcoOf(api = new MemoryObservations()): Falco {
  const clock = new FakeClock();
  const metrics = createMetrics("test");
  const repeats: string[] = [];
  const pipeline = pipelineOf(api, clock, metrics, {
    repeats: { add: ({ name }, { at }) => void repeats.push(`${name} ${new Date(at).toISOString()}`) },
  });
  return {
    api,
    metrics,
    repeats,
    async send(payloads, more = {}) {
      const said: string[] = [];
      for (const payload of payloads) {
        const signal = { source: "falco", payload: payload as Json, receivedAt };
        const lane = pacedLane({ source: "falco", rateLimit: undefined, budget, ...more });
        for (const one of await pipeline.receive(signal, lane, sender, never)) {
          said.push("reason" in one ? `${one.kind} ${one.reason}` : one.kind);
        }
      }
      return said;
    },
  };
}

Deno.test("Above the budget what happens is counted by one roll-up, which repeats tell of and a replay finds", async () => {
  const scene = falcoOf();
  const verdicts = ["created", "created", "created", ...Array(5).fill("deduplicated")];
  assert.deepEqual(await scene.send(many(8)), verdicts);
  assert.equal(scene.api.stored.size, 4);
  const rolled = [...scene.api.stored.values()].find(({ spec }) => spec.details?.["rolledUp"] === true);
  assert.deepEqual([rolled?.spec.severity, rolled?.spec.eventType], ["high", "shell"]);
  assert.deepEqual([rolled?.metadata.namespace, rolled?.spec.origin], ["shop", undefined]);
  assert.equal(scene.repeats.length, 4, "the first made it, the others are its repeats");
  assert.equal((await scene.metrics.rolledUp.get()).values[0]?.value, 5);
  // Another replica, whose budget is used up too, takes the same: those that have their own stay, the others are counted.
  const again = falcoOf(scene.api);
  const one = { budget: { ...budget, maxObservations: 1 } };
  assert.deepEqual(await again.send([falco("other", 0), ...many(8)], one), [
    "created",
    ...Array(8).fill("deduplicated"),
  ]);
  assert.equal(scene.api.stored.size, 5);
});

Deno.test("Critical findings are never rolled up, nor rejected", async () => {
  for (const onExceed of ["rollup", "reject"] as const) {
    const scene = falcoOf();
    const verdicts = await scene.send(many(8, "Critical"), { budget: { ...budget, onExceed } });
    assert.deepEqual(verdicts, Array(8).fill("created"));
  }
});

Deno.test("With onExceed reject what is beyond the budget is rejected, and what has its own is not", async () => {
  const scene = falcoOf();
  const rejecting = { budget: { ...budget, onExceed: "reject" } } as const;
  const verdicts = ["created", "created", "created", "rejected budget", "rejected budget"];
  assert.deepEqual(await scene.send(many(5), rejecting), verdicts);
  const again = falcoOf(scene.api);
  await again.send([falco("filler", 0)], { budget: undefined });
  const one = { budget: { maxObservations: 1, onExceed: "reject" } } as const;
  const known = ["deduplicated", "deduplicated", "deduplicated", "created", "rejected budget"];
  assert.deepEqual(await again.send(many(5), one), known);
});

Deno.test("What happened is looked for where there is no room, also in an object that is followed", async () => {
  const api = new MemoryObservations();
  const take = async (payload: Json, pipeline: Pipeline, more: Partial<Lane>): Promise<string[]> => {
    const signal = { source: "own", payload, receivedAt };
    const followed = {
      begin: async () => {},
      confirm: () => Promise.resolve(assert.fail("only states are confirmed")),
      meet: async () => {},
      end: async () => {},
    };
    const verdicts = await pipeline.process(signal, laneOf("own", more), source, followed, never);
    return verdicts.map((verdict) => verdict.kind);
  };
  const made = (): Pipeline => pipelineOf(api, new FakeClock(), createMetrics("test"));
  assert.deepEqual(await take({ n: 1 }, made(), {}), ["created"]);
  const full = made();
  const one = { budget: { maxObservations: 1, onExceed: "reject" } } as const;
  assert.deepEqual(await take({ n: 2 }, full, one), ["created"]);
  assert.deepEqual(await take([{ n: 1 }, { n: 3 }], full, one), ["deduplicated", "rejected"]);
});

Deno.test("A report is rolled up in one, which says how many they are, and is Resolved when there is room again", async () => {
  const api = new MemoryObservations();
  const clock = new FakeClock();
  const metrics = createMetrics("test");
  const pipeline = pipelineOf(api, clock, metrics);
  const reports = new FollowedReports({
    store: new ObservationStore(api, undefined),
    clock,
    log: silentLog,
    terms: source,
    ingester: { namespace: "zen", name: "own" },
    watches: 1,
    isOwnerActive: () => true,
  });
  const origin = {
    apiVersion: "aquasecurity.github.io/v1alpha1",
    kind: "VulnerabilityReport",
    name: "web",
    namespace: "shop",
  };
  const take = async (
    count: number,
    max: number,
    onExceed: "rollup" | "reject" = "rollup",
  ): Promise<string> => {
    const vulnerabilities = Array.from({ length: count }, (_, index) => ({
      vulnerabilityID: `CVE-2026-${index}`,
      resource: "openssl",
      installedVersion: "1",
      severity: index === 0 ? "CRITICAL" : "HIGH",
      title: "t",
    }));
    const { apiVersion, kind, ...metadata } = origin;
    const payload = { apiVersion, kind, metadata, report: { vulnerabilities } };
    const lane = pacedLane({
      source: "trivy",
      rateLimit: undefined,
      budget: { maxObservations: max, onExceed },
    });
    const signal = { source: "trivy", payload, receivedAt, origin };
    const verdicts = await pipeline.process(signal, lane, source, reports.report(origin, undefined), never);
    assert.equal(verdicts.length, count);
    return Object.entries(Object.groupBy(verdicts, ({ kind }) => kind))
      .map(([kind, all]) => `${all?.length} ${kind}`).join(", ");
  };
  const rolled = (): unknown => {
    const one = [...api.stored.values()].find(({ spec }) => spec.details?.["rolledUp"] === true);
    return [one?.status?.phase, one?.status?.count, one?.spec.details?.["count"], one?.spec.severity];
  };
  assert.equal(await take(10, 4), "4 created, 6 deduplicated");
  assert.equal(api.stored.size, 5);
  assert.deepEqual(rolled(), ["Active", 6, 6, "high"]);
  const { length } = api.requests;
  assert.equal(await take(10, 4), "10 deduplicated");
  assert.equal(api.requests.length, length + 3, "what stands is read, in pages, and nothing is written");
  assert.equal(await take(7, 4), "7 deduplicated");
  assert.deepEqual(rolled(), ["Active", 3, 3, "high"]);
  assert.equal(await take(8, 4, "reject"), "4 deduplicated, 4 rejected");
  assert.deepEqual(rolled(), ["Resolved", 3, 3, "high"], "it is no longer said");
  assert.equal(await take(8, 4), "8 deduplicated");
  assert.deepEqual(rolled(), ["Active", 4, 4, "high"]);
  assert.equal(await take(8, 100), "4 deduplicated, 4 created");
  assert.deepEqual(rolled(), ["Resolved", 4, 4, "high"]);
  assert.equal([...api.stored.values()].filter(({ status }) => status?.phase === "Active").length, 8);
});

const alerts = { group: "example.com", version: "v1", resource: "alerts" };

/** An API server that has one more resource; `refuses` answers its creates. */
function withAlerts(
  refuses?: () => void,
): { api: Api; observations: MemoryObservations; alerts: Map<string, unknown> } {
  const observations = new MemoryObservations();
  const kept = new Map<string, unknown>();
  const api: Api = {
    stream: () => Promise.reject(new Error("no streams here")),
    async request<T>(request: ApiRequest, signal: AbortSignal): Promise<T> {
      if (request.path === "/apis/example.com/v1") {
        return { resources: [{ name: "alerts", kind: "Alert", namespaced: true }] } as T;
      }
      if (!request.path.startsWith("/apis/example.com/v1/")) {
        return await observations.request<T>(request, signal);
      }
      refuses?.();
      const { metadata } = request.body as { metadata: { name: string } };
      if (kept.has(metadata.name)) throw new ApiError("there", { code: 409, reason: "AlreadyExists" });
      kept.set(metadata.name, request.body);
      return request.body as T;
    },
  };
  return { api, observations, alerts: kept };
}

Deno.test("Each destination has its object before the verdict, under the same name and once", async () => {
  for (const areObservationsWritten of [true, false]) {
    const { api, observations, alerts: kept } = withAlerts();
    const pipeline = pipelineOf(api, new FakeClock(), createMetrics("test"));
    const destinations = { areObservationsWritten, others: [alerts] };
    const lane = pacedLane({ rateLimit: undefined, destinations });
    const receive = async (): Promise<string[]> => {
      const signal = { source: "own", payload: items(2), receivedAt };
      return (await pipeline.receive(signal, lane, sender, never)).map(({ kind }) => kind);
    };
    assert.deepEqual(await receive(), ["created", "created"]);
    assert.deepEqual(await receive(), ["deduplicated", "deduplicated"]);
    assert.equal(kept.size, 2);
    assert.equal(observations.stored.size, areObservationsWritten ? 2 : 0);
    if (!areObservationsWritten) continue;
    assert.deepEqual([...observations.stored.values()].map(({ metadata }) => metadata.name), [
      ...kept.keys(),
    ]);
  }
});

Deno.test("A finding known to one Ingester's destination is new to another's", async () => {
  const { api, observations, alerts: kept } = withAlerts();
  const pipeline = pipelineOf(api, new FakeClock(), createMetrics("test"));
  const signal = { source: "own", payload: items(1), receivedAt };
  const elsewhere = { areObservationsWritten: false, others: [alerts] };
  for (const destinations of [elsewhere, undefined, elsewhere]) {
    await pipeline.receive(signal, pacedLane({ destinations }), sender, never);
  }
  assert.deepEqual([observations.stored.size, kept.size], [1, 1]);
});

Deno.test("What one destination does not take is told, and the other has it all the same", async () => {
  const cases: readonly [number, string, number, boolean][] = [
    [422, "dead-lettered", 2, true],
    [422, "rejected", 2, false],
    [403, "open", 0, true],
  ];
  for (const [code, expected, observed, keepsDeadLetters] of cases) {
    const { api, observations } = withAlerts(() => {
      throw new ApiError("no", { code });
    });
    const letters: unknown[] = [];
    const clock = new FakeClock();
    const pipeline = pipelineOf(api, clock, createMetrics("test"), {
      deadLetters: { put: ({ what }) => Promise.resolve(letters.push(what) > 0) },
    });
    const lane = pacedLane({
      rateLimit: undefined,
      destinations: { areObservationsWritten: true, others: [alerts] },
      errorHandling: { retry: undefined, keepsDeadLetters },
    });
    const terms = { ...sender, patienceMilliseconds: 1 };
    const signal = { source: "own", payload: items(2), receivedAt };
    const outcomes = await pipeline.receive(signal, lane, terms, never);
    assert.deepEqual(outcomes.map(({ kind }) => kind), [expected, expected], String(code));
    assert.equal(observations.stored.size, observed);
    if (expected !== "dead-lettered") continue;
    const [letter] = letters as [SpooledObservation];
    assert.deepEqual(letter.destination, alerts);
    // It is tried again where it was refused.
    const before = observations.count("POST");
    assert.equal((await pipeline.resumeObservation(letter, lane, terms, never)).kind, "dead-lettered");
    assert.equal(observations.count("POST"), before);
  }
});
