import assert from "node:assert/strict";
import { IngesterRegistry } from "../../src/ingesters/registry.ts";
import { superviseSources } from "../../src/ingesters/supervisor.ts";
import type { KubeObject } from "../../src/kube/api.ts";
import type { Ingester, LogsSpec } from "../../src/model/ingester.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import { readCheckpoint } from "../../src/source/checkpoint.ts";
import { ObservationStore } from "../../src/write/observation_store.ts";
import { checkpointsOf } from "../support/checkpoints_of.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { COMPILE_SETTINGS, ingesterOf } from "../support/ingester_of.ts";
import { MemoryConfigMaps } from "../support/memory_config_maps.ts";
import { MemoryLogs } from "../support/memory_logs.ts";
import { pipelineOf } from "../support/pipeline_of.ts";
import { RecordingActivities } from "../support/recording_activities.ts";
import { RecordingLog } from "../support/recording_log.ts";

const PODS = "/api/v1/namespaces/shop/pods";
const OBSERVATIONS = "/apis/zen.kube-zen.io/v1alpha1/namespaces/shop/observations";
const NAME = "v1/pods/log in shop";
const START = Date.UTC(2026, 0, 2, 12);
const line = (second: number, text: string): string =>
  `${new Date(START + second * 1000).toISOString().slice(0, 19)}.123456789Z ${text}`;

/** An Ingester that reads the logs of namespace shop. */
function reader(logs: LogsSpec, generation = 1): Ingester {
  return ingesterOf("logs", { source: "own", ingester: "logs", namespaces: ["shop"], logs }, { generation });
}

interface Scene {
  readonly api: MemoryLogs;
  readonly registry: IngesterRegistry;
  readonly activities: RecordingActivities;
  readonly clock: FakeClock;
  readonly metrics: Metrics;
  readonly maps: MemoryConfigMaps;
  readonly created: { readonly name: string; readonly title: string; readonly details: unknown }[];
}

/** A leader's term over one Ingester of logs and one pod. */
async function term(
  api: MemoryLogs,
  maps: MemoryConfigMaps,
  act: (scene: Scene) => Promise<void>,
  startMilliseconds = START,
): Promise<void> {
  const clock = new FakeClock({ startMilliseconds });
  const metrics = createMetrics("test");
  const registry = new IngesterRegistry(COMPILE_SETTINGS);
  const activities = new RecordingActivities();
  const log = new RecordingLog();
  const created: Scene["created"] = [];
  api.answer(OBSERVATIONS, ({ body }) => {
    const { metadata, spec } = body as {
      metadata: { name: string };
      spec: { title: string; details: unknown };
    };
    created.push({ name: metadata.name, title: spec.title, details: spec.details });
    return { metadata };
  });
  registry.put(reader({ patterns: [{ regex: "bad (?P<what>\\w+)" }] }));
  const checkpoints = checkpointsOf(maps, { clock, metrics, log });
  const stop = new AbortController();
  await checkpoints.begin(stop.signal);
  const running = superviseSources({
    registry,
    activities,
    pipeline: pipelineOf(api, clock, metrics),
    api,
    clock,
    metrics,
    log,
    mayWrite: () => true,
    onResumed: () => {},
    checkpoints,
    store: new ObservationStore(api, undefined),
    isOwnerActive: () => true,
  }, stop.signal);
  await clock.advance(6000);
  await act({ api, registry, activities, clock, metrics, maps, created });
  stop.abort(new Error("the term ended"));
  await running;
  await checkpoints.end();
  await clock.advance(0);
  assert.equal(clock.sleeping, 0, "Somebody still sleeps");
  assert.equal(api.following("web", "main"), 0, "A log is still followed");
}

function onePod(): MemoryLogs {
  const api = new MemoryLogs();
  api.put(PODS, {
    metadata: { name: "web", namespace: "shop", uid: "u1" },
    spec: { nodeName: "n1", containers: [{ name: "main" }] },
  } as KubeObject);
  api.write("web", "main");
  return api;
}

Deno.test("Lines that match become Observations with their groups; the rest is not received", async () => {
  await term(onePod(), new MemoryConfigMaps(), async ({ api, clock, created, activities, metrics }) => {
    api.write("web", "main", line(1, "all is well"), line(2, "bad luck"), line(3, "bad news"));
    await clock.advance(1000);
    assert.deepEqual(created.map(({ title }) => title), ["bad luck", "bad news"]);
    assert.deepEqual((created[0]?.details as { what: string }).what, "luck");
    assert.deepEqual(activities.of("zen/logs").sources.get(NAME), {
      kind: "running",
      detail: "1 container of 1 pod",
    });
    const received = (await metrics.received.get()).values;
    assert.deepEqual(received.map(({ value }) => value), [2]);
    assert.ok((activities.lastSignalOf("zen/logs") ?? 0) > START);
  });
});

Deno.test("The last signs of life of pods and logs go with the last who reads them", async () => {
  await term(onePod(), new MemoryConfigMaps(), async ({ clock, metrics, registry }) => {
    const shown = async (): Promise<readonly unknown[]> =>
      (await metrics.watchLastEvent.get()).values.map(({ labels }) => labels.gvr).sort();
    assert.deepEqual(await shown(), ["v1/pods", "v1/pods/log"]);
    registry.remove("zen/logs");
    await clock.settle();
    await clock.settle();
    assert.deepEqual(await shown(), []);
  });
});

Deno.test("The reading of logs says once that it starts", async () => {
  await term(onePod(), new MemoryConfigMaps(), ({ activities }) => {
    assert.equal(activities.toldBy(NAME).filter((kind) => kind === "starting").length, 1);
    assert.equal(activities.toldBy(NAME).at(-1), "running");
    return Promise.resolve();
  });
});

Deno.test("The next leader goes on from the saved time, and names what it reads again alike", async () => {
  const api = onePod();
  const maps = new MemoryConfigMaps();
  const names: string[] = [];
  await term(api, maps, async ({ clock, created }) => {
    api.write("web", "main", line(1, "bad luck"));
    for (let minute = 1; minute <= 6; minute++) {
      await clock.advance(60_000);
      api.write("web", "main", line(60 * minute, `bad minute${minute}`));
      await clock.settle();
      api.bookmark(PODS);
      await clock.settle();
    }
    await clock.advance(1000);
    names.push(...created.map(({ name }) => name));
  });
  assert.equal(names.length, 7);
  const [saved] = Object.values(maps.data("lease-checkpoints") ?? {}).map(readCheckpoint);
  assert.ok(saved !== undefined, "No checkpoint was saved");
  const seconds = Number(BigInt(saved.resourceVersion) / 1_000_000_000n) - START / 1000;
  assert.ok(seconds >= 200 && seconds < 360, `${seconds} s`);
  await term(api, maps, async ({ clock, created }) => {
    await clock.advance(1000);
    const again = created.map(({ name }) => name);
    assert.ok(again.length >= 1 && again.length < 4, `${again.length} were read again`);
    assert.deepEqual(again, names.slice(-again.length));
  }, START + 400_000);
});

Deno.test("An edit of the patterns takes effect on what is written from then on", async () => {
  await term(onePod(), new MemoryConfigMaps(), async ({ api, registry, clock, created, activities }) => {
    registry.put(reader({ patterns: [{ regex: "odd" }] }, 2));
    await clock.advance(2000);
    api.write("web", "main", line(9, "bad luck"), line(9, "an odd thing"));
    await clock.advance(1000);
    assert.deepEqual(created.map(({ title }) => title), ["an odd thing"]);
    registry.put(reader({ patterns: [{ regex: "(" }] }, 3));
    await clock.advance(1000);
    assert.equal(registry.entries.get("zen/logs")?.compiled.kind, "invalid");
    assert.equal(activities.of("zen/logs").sources.size, 0);
    assert.equal(api.following("web", "main"), 0);
  });
});

for (const container of [undefined, "main"]) {
  const what = container === undefined ? "the same logs" : "other logs";
  Deno.test(`An Ingester that stood still and then asks for ${what} goes on from where the reading was`, async () => {
    const patterns = [{ regex: "bad (?P<what>\\w+)" }];
    await term(onePod(), new MemoryConfigMaps(), async ({ api, registry, clock, created }) => {
      api.write("web", "main", line(1, "bad luck"));
      await clock.advance(1000);
      const { spec, ...ingester } = reader({ patterns }, 2);
      registry.put({ ...ingester, spec: { ...spec, suspend: true } });
      await clock.advance(1000);
      api.write("web", "main", line(8, "bad news"));
      await clock.advance(4000);
      registry.put(reader({ patterns, container }, 3));
      await clock.advance(2000);
      const names = new Map(created.map(({ title, name }) => [title, name]));
      assert.deepEqual([...names.keys()], ["bad luck", "bad news"]);
      // What is read again is named alike.
      assert.equal(new Set(created.map(({ name }) => name)).size, 2);
    });
  });
}
