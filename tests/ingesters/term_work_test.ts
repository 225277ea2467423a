import assert from "node:assert/strict";
import { Activities } from "../../src/ingesters/activities.ts";
import { Overlaps } from "../../src/ingesters/overlaps.ts";
import { IngesterRegistry } from "../../src/ingesters/registry.ts";
import { doTermWork, type TermWork } from "../../src/ingesters/term_work.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { ObservationStore } from "../../src/write/observation_store.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { COMPILE_SETTINGS, ingesterOf } from "../support/ingester_of.ts";
import { LiveApi } from "../support/live_api.ts";
import { pipelineOf } from "../support/pipeline_of.ts";
import { MemoryConfigMaps } from "../support/memory_config_maps.ts";
import { silentLog } from "../support/silent_log.ts";

const REPORTS = "/apis/example.com/v1/namespaces/a/reports";
const OBSERVATIONS = "/apis/zen.kube-zen.io/v1alpha1/namespaces/a/observations";
const STATUS = "/apis/zen.kube-zen.io/v1alpha1/namespaces/zen/ingesters/reader/status";

/** A term that holds. */
const term = { isValid: () => true, renewedAt: 0 };
const CHECKPOINTS = "/api/v1/namespaces/zen/configmaps";

/** The work of a leader with one Ingester, over an API server in memory. */
function work(api: LiveApi, clock: FakeClock, maps = new MemoryConfigMaps()): TermWork {
  for (const path of ["", "/lease-checkpoints", "/lease-checkpoints-1"]) {
    api.answer(`${CHECKPOINTS}${path}`, (request, signal) => maps.request(request, signal));
  }
  api.serve("example.com", "reports", "Report", "a");
  const registry = new IngesterRegistry(COMPILE_SETTINGS);
  registry.put(ingesterOf("reader", {
    source: "own",
    ingester: "informer",
    namespaces: ["a"],
    informer: { gvr: { group: "example.com", version: "v1", resource: "reports" } },
  }));
  const metrics = createMetrics("test");
  return {
    overlaps: new Overlaps(registry),
    registry,
    activities: new Activities(),
    pipeline: pipelineOf(api, clock, metrics),
    api,
    clock,
    metrics,
    log: silentLog,
    collector: {
      intervalMilliseconds: 60_000,
      namespaces: ["a"],
      isOwnIngester: () => true,
      defaultTtlSeconds: 60,
      onDeleted: () => {},
    },
    store: new ObservationStore(api, undefined),
    isOwnerActive: () => true,
    checkpoints: { namespace: "zen", name: "lease-checkpoints", identity: "me" },
    areIngestersSynced: () => true,
  };
}

const expired = {
  metadata: { name: "old", namespace: "a", uid: "u", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: { ttlSecondsAfterCreation: 1 },
};

Deno.test("States are collected only when every Ingester is known and theirs is not there", async () => {
  const api = new LiveApi();
  const clock = new FakeClock();
  const deleted: string[] = [];
  let areIngestersSynced = false;
  const parts = { ...work(api, clock), areIngestersSynced: () => areIngestersSynced };
  api.answer(STATUS, () => ({}));
  for (const owner of ["reader", "gone"]) {
    const spec = { ingester: { namespace: "zen", name: owner } };
    const owned = { metadata: { ...expired.metadata, name: `of-${owner}` }, spec };
    api.put(OBSERVATIONS, owned);
    api.answer(`${OBSERVATIONS}/of-${owner}`, () => deleted.push(`of-${owner}`));
  }
  const stop = new AbortController();
  const running = doTermWork(parts, term, () => {}, stop.signal);
  await clock.advance(130_000);
  assert.deepEqual(deleted, []);
  areIngestersSynced = true;
  await clock.advance(130_000);
  assert.deepEqual([...new Set(deleted)], ["of-gone"]);
  stop.abort(new Error("enough"));
  await running;
});

Deno.test("The leader reads the sources, writes the statuses and collects what has expired", async () => {
  const api = new LiveApi();
  const clock = new FakeClock();
  const deleted: string[] = [];
  let resumed = 0;
  const parts = work(api, clock);
  api.answer(STATUS, () => ({}));
  api.put(OBSERVATIONS, expired);
  api.answer(`${OBSERVATIONS}/old`, ({ method }) => deleted.push(method));
  const stop = new AbortController();
  const running = doTermWork(parts, term, () => resumed++, stop.signal);
  await clock.advance(130_000);
  assert.equal(resumed, 1);
  assert.equal(api.watching(REPORTS), 1);
  assert.ok(api.sent("PATCH").some(({ path }) => path === STATUS));
  assert.ok(deleted.length > 0 && deleted.every((method) => method === "DELETE"));
  stop.abort(new Error("the term ended"));
  await running;
  assert.deepEqual([api.watching(REPORTS), clock.sleeping], [0, 0]);
  assert.equal(parts.activities.of("zen/reader").sources.size, 0);
});

Deno.test("Work that is asked to end ends only when its last write has", async () => {
  const api = new LiveApi();
  const clock = new FakeClock();
  const gate = Promise.withResolvers<unknown>();
  const parts = work(api, clock);
  api.answer(STATUS, () => ({}));
  api.answer(OBSERVATIONS, () => gate.promise);
  api.put(REPORTS, { metadata: { name: "r", namespace: "a", uid: "u" } });
  const stop = new AbortController();
  let hasEnded = false;
  const running = doTermWork(parts, term, () => {}, stop.signal).then(() => hasEnded = true);
  await clock.advance(100);
  assert.equal(api.sent("POST").filter(({ path }) => path === OBSERVATIONS).length, 1);
  stop.abort(new Error("the term ended"));
  await clock.advance(1000);
  assert.equal(hasEnded, false);
  gate.resolve({});
  await running;
});

Deno.test("A mistake of this program ends the term with its reason, and everything in it", async () => {
  const api = new LiveApi();
  const clock = new FakeClock();
  const parts = work(api, clock);
  api.answer(STATUS, () => {
    throw new TypeError("a mistake");
  });
  const running = doTermWork(parts, term, () => {}, new AbortController().signal);
  const failed = assert.rejects(running, (error: Error) => {
    assert.match(error.message, /statuses/);
    assert.match(String(error.cause), /a mistake/);
    return true;
  });
  await clock.advance(1000);
  await failed;
  assert.deepEqual([api.watching(REPORTS), clock.sleeping], [0, 0]);
});

Deno.test("The next term resumes where the last one ended, and lists nothing", async () => {
  const clock = new FakeClock();
  const maps = new MemoryConfigMaps();
  const lists = (api: LiveApi): number =>
    api.sent("GET").filter(({ path, query }) => path === REPORTS && (query?.["limit"] ?? 1) !== 1).length;
  const first = new LiveApi();
  const firstStop = new AbortController();
  first.answer(STATUS, () => ({}));
  const firstTerm = doTermWork(work(first, clock, maps), term, () => {}, firstStop.signal);
  await clock.advance(100);
  assert.equal(lists(first), 1);
  firstStop.abort(new Error("the term ended"));
  await firstTerm;
  const second = new LiveApi();
  const secondStop = new AbortController();
  second.answer(STATUS, () => ({}));
  const secondTerm = doTermWork(work(second, clock, maps), term, () => {}, secondStop.signal);
  await clock.advance(100);
  assert.deepEqual([lists(second), second.watching(REPORTS)], [0, 1]);
  secondStop.abort(new Error("the term ended"));
  await secondTerm;
});

Deno.test("The checkpoints of an Ingester that was deleted are dropped, once all of them are known", async () => {
  const api = new LiveApi();
  const clock = new FakeClock();
  const maps = new MemoryConfigMaps();
  const keys = (): readonly string[] => Object.keys(maps.data("lease-checkpoints") ?? {});
  let isSynced = false;
  const parts = { ...work(api, clock, maps), areIngestersSynced: () => isSynced };
  api.answer(STATUS, () => ({}));
  const stop = new AbortController();
  const running = doTermWork(parts, term, () => {}, stop.signal);
  await clock.advance(2000);
  assert.equal(keys().length, 1);
  parts.registry.remove("zen/reader");
  await clock.advance(40_000);
  assert.equal(keys().length, 1, "it may only not be listed yet");
  isSynced = true;
  parts.registry.put(ingesterOf("other", { source: "falco", webhook: { auth: { type: "none" } } }));
  await clock.advance(40_000);
  assert.deepEqual(keys(), []);
  stop.abort(new Error("the term ended"));
  await running;
});
