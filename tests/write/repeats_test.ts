import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { ObservationStore } from "../../src/write/observation_store.ts";
import { Repeats } from "../../src/write/repeats.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryObservations } from "../support/memory_observations.ts";
import { observationOf } from "../support/observation_of.ts";
import { silentLog } from "../support/silent_log.ts";

const AT = Date.parse("2026-01-02T12:00:00Z");
const ref = { namespace: "a", name: "shell" };

interface Scene {
  readonly api: MemoryObservations;
  readonly clock: FakeClock;
  readonly repeats: Repeats;
  readonly metrics: ReturnType<typeof createMetrics>;
  patches(): number;
}

async function during(act: (scene: Scene) => Promise<void>, maxSize = 100): Promise<Scene> {
  const api = new MemoryObservations();
  const clock = new FakeClock();
  const metrics = createMetrics("test");
  const store = new ObservationStore(api, undefined);
  const repeats = new Repeats({ maxSize }, { store, clock, metrics, log: silentLog });
  api.put(observationOf("shell", { finding: { detectedAt: new Date(AT).toISOString() } }));
  const stop = new AbortController();
  const folding = repeats.keepFolding(stop.signal);
  const scene = { api, clock, repeats, metrics, patches: () => api.count("PATCH") };
  await act(scene);
  stop.abort(new Error("asked to stop"));
  await clock.advance(10);
  await folding;
  return scene;
}

Deno.test("Repeats are counted, and the last one is told", async () => {
  await during(async ({ api, clock, repeats }) => {
    for (let second = 1; second <= 5; second++) repeats.add(ref, { at: AT + second * 1000 });
    await clock.advance(2000);
    assert.deepEqual(api.named("shell")?.status, {
      phase: "Active",
      count: 6,
      lastSeen: "2026-01-02T12:00:05.000Z",
    });
  });
});

Deno.test("An Observation is patched at most once in ten seconds", async () => {
  await during(async ({ api, clock, repeats, patches }) => {
    for (let tenth = 0; tenth < 300; tenth++) {
      repeats.add(ref, { at: AT + tenth * 100 });
      await clock.advance(100);
    }
    assert.ok(patches() <= 3, `${patches()} patches in 30 s`);
    await clock.advance(10_000);
    assert.equal(api.named("shell")?.status?.count, 301);
  });
});

Deno.test("A count that the signal carries is exact, however often it is told", async () => {
  await during(async ({ api, clock, repeats, patches }) => {
    repeats.add(ref, { total: 7, at: AT + 1000, firstAt: AT - 60_000 });
    repeats.add(ref, { total: 6, at: AT });
    await clock.advance(2000);
    const status = api.named("shell")?.status;
    assert.deepEqual([status?.count, status?.firstSeen], [7, "2026-01-02T11:59:00.000Z"]);
    const before = patches();
    repeats.add(ref, { total: 7, at: AT + 1000 });
    await clock.advance(20_000);
    assert.equal(patches(), before, "what it says already is not written");
  });
});

Deno.test("A conflict reads again and adds; one that is gone is forgotten", async () => {
  await during(async ({ api, clock, repeats }) => {
    let isFirst = true;
    api.before = ({ method }) => {
      if (method !== "PATCH" || !isFirst) return;
      isFirst = false;
      const there = api.named("shell");
      if (there !== undefined) api.put({ ...there, status: { ...there.status, count: 10 } });
    };
    repeats.add(ref, { at: AT + 1000 });
    repeats.add({ namespace: "a", name: "gone" }, { at: AT });
    await clock.advance(3000);
    assert.equal(api.named("shell")?.status?.count, 11);
    await clock.advance(20_000);
    assert.equal(repeats.size, 0);
  });
});

Deno.test("What is left is written at the end", async () => {
  const { api } = await during(async ({ clock, repeats }) => {
    repeats.add(ref, { at: AT + 1000 });
    await clock.advance(100);
  });
  assert.equal(api.named("shell")?.status?.count, 2);
});

Deno.test("At the ceiling further repeats are dropped, and counted", async () => {
  await during(async ({ repeats, metrics }) => {
    repeats.add(ref, { at: AT });
    repeats.add({ namespace: "a", name: "other" }, { at: AT });
    assert.equal((await metrics.repeatsDropped.get()).values[0]?.value, 1);
    assert.equal(repeats.size, 1);
  }, 1);
});

Deno.test("A server that is away is waited for", async () => {
  await during(async ({ api, clock, repeats }) => {
    let isAway = true;
    api.before = () => {
      if (isAway) throw new ApiError("away", { code: 503 });
    };
    repeats.add(ref, { at: AT + 1000 });
    await clock.advance(5000);
    isAway = false;
    await clock.advance(20_000);
    assert.equal(api.named("shell")?.status?.count, 2);
  });
});
