import assert from "node:assert/strict";
import { Activities } from "../../src/ingesters/activities.ts";
import { Overlaps } from "../../src/ingesters/overlaps.ts";
import { IngesterRegistry } from "../../src/ingesters/registry.ts";
import { writeStatuses } from "../../src/ingesters/status_writer.ts";
import type { ApiRequest } from "../../src/kube/api.ts";
import { ApiError } from "../../src/kube/errors.ts";
import type { Ingester, IngesterStatus } from "../../src/model/ingester.ts";
import type { Checkpoints } from "../../src/source/checkpoints.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { COMPILE_SETTINGS, ingesterOf } from "../support/ingester_of.ts";
import { LiveApi } from "../support/live_api.ts";
import { RecordingLog } from "../support/recording_log.ts";

const START = Date.UTC(2026, 0, 2, 12);
const pathOf = (name: string): string =>
  `/apis/zen.kube-zen.io/v1alpha1/namespaces/zen/ingesters/${name}/status`;
const open = (name: string, generation = 1, path = `/${name}`): Ingester =>
  ingesterOf(name, { source: "own", webhook: { path, auth: { type: "none" } } }, { generation });

interface Scene {
  readonly api: LiveApi;
  readonly registry: IngesterRegistry;
  readonly activities: Activities;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  /** Monotonic times at which the status of an Ingester was written. */
  writes(name: string): readonly number[];
  /** What Events were made. */
  readonly told: readonly string[];
  status(name: string): IngesterStatus | undefined;
}

/** A status writer whose writes reach the registry as the watch would bring them. */
async function scene(
  ingesters: readonly Ingester[],
  act: (scene: Scene) => Promise<void>,
  mayWrite: () => boolean = () => true,
  checkpoints: Pick<Checkpoints, "oldestOf"> = { oldestOf: () => undefined },
  observationsOf: (key: string) => number | undefined = () => undefined,
): Promise<void> {
  const api = new LiveApi();
  const clock = new FakeClock({ startMilliseconds: START });
  const registry = new IngesterRegistry(COMPILE_SETTINGS);
  const activities = new Activities();
  const log = new RecordingLog();
  const told: string[] = [];
  const writes: { readonly name: string; readonly at: number }[] = [];
  for (const ingester of ingesters) registry.put(ingester);
  for (const name of ["a", "b"]) {
    api.answer(pathOf(name), (request: ApiRequest) => {
      writes.push({ name, at: clock.monotonic() });
      const before = registry.entries.get(`zen/${name}`)?.ingester;
      const { status } = request.body as { status: IngesterStatus };
      if (before !== undefined) registry.put({ ...before, status: { ...before.status, ...status } });
    });
  }
  const stop = new AbortController();
  const writing = writeStatuses(
    {
      registry,
      activities,
      api,
      clock,
      log,
      mayWrite,
      checkpoints,
      overlaps: new Overlaps(registry),
      budgets: { observationsOf },
      events: {
        tell: ({ metadata }, { type, reason }) => {
          told.push(`${metadata.name} ${type} ${reason}`);
          return Promise.resolve();
        },
      },
    },
    stop.signal,
  );
  await act({
    api,
    registry,
    activities,
    clock,
    log,
    writes: (name) => writes.filter((write) => write.name === name).map(({ at }) => at),
    told,
    status: (name) => registry.entries.get(`zen/${name}`)?.ingester.status,
  });
  stop.abort(new Error("asked to stop"));
  await assert.rejects(writing, /asked to stop/);
  assert.equal(clock.sleeping, 0);
}

Deno.test("The status says whether the Ingester does its work, and is written once while nothing changes", async () => {
  await scene([open("a")], async ({ api, clock, writes, status }) => {
    await clock.advance(60_000);
    assert.deepEqual(writes("a"), [250]);
    assert.deepEqual(status("a"), {
      observedGeneration: 1,
      conditions: [{
        type: "Ready",
        status: "True",
        reason: "Running",
        message: "Serving /a",
        lastTransitionTime: "2026-01-02T12:00:00.250Z",
        observedGeneration: 1,
      }],
    });
    assert.deepEqual(api.requests.map(({ method, role }) => [method, role]), [["PATCH", "write"]]);
  });
});

Deno.test("Each Ingester is written at most every 10 s, and its changes wait for no other's", async () => {
  await scene([open("a")], async ({ registry, clock, writes, status }) => {
    await clock.advance(1000);
    for (let generation = 2; generation <= 40; generation++) {
      registry.put({ ...open("a", generation, `/a${generation}`), status: status("a") });
      if (generation === 4) registry.put(open("b"));
      await clock.advance(1000);
    }
    assert.deepEqual(writes("a"), [250, 10_250, 20_250, 30_250]);
    assert.deepEqual(writes("b"), [3250]);
    await clock.advance(10_000);
    assert.equal(status("a")?.observedGeneration, 40, "The last change must be said in the end");
  });
});

Deno.test("A slow write of one Ingester does not shorten the time of another", async () => {
  await scene([open("a"), open("b")], async ({ api, activities, clock, writes }) => {
    api.answer(pathOf("a"), () => clock.sleep(8000, new AbortController().signal));
    for (let second = 1; second <= 30; second++) {
      activities.setSignal("zen/b", START + second * 1000);
      await clock.advance(1000);
    }
    const times = writes("b");
    assert.ok(times.length >= 2);
    for (const [index, time] of times.entries()) {
      if (index > 0) assert.ok(time - (times[index - 1] ?? 0) >= 10_000, times.join(", "));
    }
  });
});

Deno.test("lastSignalTime is that of the last signal, and never goes back when another replica leads", async () => {
  const before = { lastSignalTime: "2026-01-02T11:00:00.000Z" };
  await scene([{ ...open("a"), status: before }], async ({ activities, clock, status }) => {
    activities.setSignal("zen/a", Date.parse("2026-01-02T10:00:00Z"));
    await clock.advance(1000);
    assert.equal(status("a")?.lastSignalTime, "2026-01-02T11:00:00.000Z");
    activities.setSignal("zen/a", Date.parse("2026-01-02T12:00:01Z"));
    await clock.advance(10_000);
    assert.equal(status("a")?.lastSignalTime, "2026-01-02T12:00:01.000Z");
  });
});

Deno.test("The status tells the checkpoint that is furthest behind", async () => {
  let checkpoint = { resourceVersion: "40", time: "2026-01-01T00:00:00Z" };
  await scene(
    [open("a")],
    async ({ clock, status, writes }) => {
      await clock.advance(1000);
      assert.deepEqual(status("a")?.checkpoint, checkpoint);
      checkpoint = { resourceVersion: "41", time: "2026-01-01T00:00:05Z" };
      await clock.advance(5000);
      assert.equal(writes("a").length, 1, "no more often than every 10 s");
      await clock.advance(6000);
      assert.deepEqual(status("a")?.checkpoint, checkpoint);
    },
    () => true,
    { oldestOf: () => checkpoint },
  );
});

Deno.test("Nothing is written of what is not known yet, nor after the term", async () => {
  const starting = ingesterOf("a", { source: "trivy" });
  await scene([starting], async ({ activities, clock, writes, status }) => {
    activities.setSource("zen/a", "reports", { kind: "starting" });
    await clock.advance(20_000);
    assert.deepEqual(writes("a"), []);
    activities.setSource("zen/a", "reports", { kind: "missing" });
    await clock.advance(250);
    assert.equal(status("a")?.conditions?.[0]?.reason, "SourceMissing");
  });
  await scene([open("a")], async ({ clock, writes }) => {
    await clock.advance(20_000);
    assert.deepEqual(writes("a"), []);
  }, () => false);
});

Deno.test("A refused write is said and tried again 10 s later; of a deleted Ingester nothing is said", async () => {
  await scene([open("a"), open("b")], async ({ api, clock, log }) => {
    for (const [name, code] of [["a", 500], ["b", 404]] as const) {
      api.answer(pathOf(name), () => {
        throw new ApiError("no", { code });
      });
    }
    await clock.advance(10_300);
    assert.deepEqual(log.lines.map(({ level, fields }) => [level, fields["name"]]), [["warn", "a"], [
      "warn",
      "a",
    ]]);
    assert.equal(api.requests.length, 4);
  });
});

const reads = (name: string, generation = 1, namespaces: readonly string[] = []): Ingester =>
  ingesterOf(name, {
    source: "own",
    ingester: "informer",
    namespaces,
    informer: { gvr: { group: "example.com", version: "v1", resource: "reports" } },
  }, { generation });

Deno.test("Two that overlap say so, naming each other, beside what they do; then neither does", async () => {
  await scene([reads("a"), reads("b")], async ({ activities, registry, clock, status, told }) => {
    for (const key of ["zen/a", "zen/b"]) activities.setSource(key, "reports", { kind: "running" });
    await clock.advance(1000);
    for (const [name, other] of [["a", "b"], ["b", "a"]] as const) {
      const [ready, degraded, ...rest] = status(name)?.conditions ?? [];
      assert.deepEqual([ready?.type, ready?.reason, rest.length], ["Ready", "Running", 0]);
      assert.deepEqual([degraded?.type, degraded?.status, degraded?.reason], ["Degraded", "True", "Overlap"]);
      assert.match(degraded?.message ?? "", new RegExp(`as zen/${other};`));
    }
    assert.deepEqual(told, ["a Warning Overlap", "b Warning Overlap"]);
    for (const name of ["a", "b"]) {
      registry.put({ ...reads(name, 2, [name]), status: status(name) });
    }
    await clock.advance(11_000);
    for (const name of ["a", "b"]) assert.equal(status(name)?.conditions?.length, 1);
    assert.deepEqual(told.slice(2), ["a Normal Recovered", "b Normal Recovered"]);
  });
});

Deno.test("An Event follows a status that was written, once, and none one that was not", async () => {
  await scene([reads("a")], async ({ api, activities, clock, told }) => {
    activities.setSource("zen/a", "reports", { kind: "missing" });
    await clock.advance(60_000);
    assert.deepEqual(told, ["a Warning SourceMissing"]);
    activities.setSource("zen/a", "reports", { kind: "running" });
    await clock.advance(11_000);
    assert.deepEqual(told.slice(1), ["a Normal Recovered"]);
    api.answer(pathOf("a"), () => {
      throw new ApiError("no", { code: 500 });
    });
    activities.setSource("zen/a", "reports", { kind: "forbidden", message: "no" });
    await clock.advance(60_000);
    assert.equal(told.length, 2);
  });
});

Deno.test("How many Observations there are is published as it changes, and stays while nobody has counted", async () => {
  let count: number | undefined;
  const act = async (scene: Scene): Promise<void> => {
    await scene.clock.advance(10_000);
    assert.equal(scene.status("a")?.observations, undefined);
    count = 7;
    await scene.clock.advance(10_000);
    assert.equal(scene.status("a")?.observations, 7);
    count = undefined;
    const { length } = scene.writes("a");
    await scene.clock.advance(30_000);
    assert.equal(scene.status("a")?.observations, 7);
    assert.equal(scene.writes("a").length, length);
  };
  await scene([open("a")], act, undefined, undefined, () => count);
});
