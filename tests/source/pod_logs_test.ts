import assert from "node:assert/strict";
import type { KubeObject, ObjectMeta } from "../../src/kube/api.ts";
import { ApiError } from "../../src/kube/errors.ts";
import type { Signal } from "../../src/model/signal.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import type { SourceState } from "../../src/source/informer.ts";
import { type PodLogsOptions, runPodLogs } from "../../src/source/pod_logs.ts";
import { compileLogPatterns } from "../../src/source/pod_logs_patterns.ts";
import { Slots } from "../../src/source/pod_logs_slots.ts";
import { nanosecondsOf } from "../../src/source/pod_logs_time.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryLogs } from "../support/memory_logs.ts";
import { silentLog } from "../support/silent_log.ts";

const START = Date.UTC(2026, 0, 2, 12);
const PODS = "/api/v1/namespaces/shop/pods";
const line = (second: number, text: string): string =>
  `${new Date(START + second * 1000).toISOString().slice(0, 19)}.000000001Z ${text}`;

interface Scene {
  readonly logs: MemoryLogs;
  readonly clock: FakeClock;
  readonly metrics: Metrics;
  readonly taken: Signal[];
  readonly texts: () => string[];
  readonly states: SourceState[];
  readonly positions: string[];
  resumed: number;
  put(name: string, containers: readonly string[], metadata?: Partial<ObjectMeta>): void;
}

/** A pod on a node. */
function podOf(name: string, containers: readonly string[], metadata: Partial<ObjectMeta> = {}): KubeObject {
  return {
    metadata: { name, namespace: "shop", uid: `uid-${name}`, ...metadata },
    spec: { nodeName: "n1", containers: containers.map((one) => ({ name: one })) },
  } as KubeObject;
}

/** Reads the logs of namespace shop; lines with "bad" are findings. */
async function scene(
  act: (scene: Scene) => Promise<void>,
  options: Partial<PodLogsOptions> & {
    readonly limit?: number;
    readonly before?: (logs: MemoryLogs) => void;
  } = {},
): Promise<unknown> {
  const logs = new MemoryLogs();
  const clock = new FakeClock({ startMilliseconds: START });
  const metrics = createMetrics("test");
  const taken: Signal[] = [];
  const own: Scene = {
    logs,
    clock,
    metrics,
    taken,
    texts: () => taken.map(({ payload }) => (payload as { line: string }).line),
    states: [],
    positions: [],
    resumed: 0,
    put: (name, containers, metadata = {}) => logs.put(PODS, podOf(name, containers, metadata)),
  };
  const patterns = compileLogPatterns([{ regex: "bad(?P<how> \\w+)?", eventType: "bad" }]);
  assert.ok("patterns" in patterns);
  logs.serve("", "pods", "Pod");
  // The list and the watch of the pods.
  logs.put(PODS, { metadata: { name: "none", namespace: "shop", uid: "uid-none" } });
  logs.delete(PODS, "none");
  options.before?.(logs);
  const stop = new AbortController();
  const running = runPodLogs(
    {
      source: "own",
      namespace: "shop",
      keepNamespaces: undefined,
      podSelector: "app=web",
      container: undefined,
      patterns,
      sinceSeconds: 0,
      ownNamespace: "zen",
      take: (signal) => {
        taken.push(signal);
        return Promise.resolve();
      },
      onState: (state) => own.states.push(state),
      onResumed: () => own.resumed++,
      resumeFrom: () => undefined,
      onPosition: (position) => own.positions.push(position),
      ...options,
    },
    { api: logs, clock, metrics, log: silentLog, slots: new Slots(options.limit ?? 10) },
    stop.signal,
  );
  const ended = running.catch((error: unknown) => error);
  await clock.advance(0);
  await act(own);
  stop.abort(new Error("asked to stop"));
  const error = await ended;
  await clock.settle();
  assert.equal(clock.sleeping, 0, "Somebody still sleeps");
  assert.equal(logs.watching(PODS), 0, "The pods are still watched");
  return error;
}

Deno.test("The logs of all containers of pods that come are read, with where each line came from", async () => {
  const error = await scene(async ({ logs, clock, taken, texts, put, states, metrics }) => {
    assert.equal(logs.requests.find(({ path }) => path === PODS)?.query?.["labelSelector"], "app=web");
    logs.write("web", "main", line(1, "bad luck"));
    logs.write("web", "side", line(2, "fine"));
    put("web", ["main", "side"]);
    await clock.advance(2000);
    logs.write("web", "side", line(3, "bad"));
    put("job", ["one"]);
    logs.write("job", "one", line(4, "bad job"));
    await clock.advance(10_000);
    assert.deepEqual(texts(), ["bad luck", "bad", "bad job"]);
    assert.deepEqual(taken[0], {
      source: "own",
      payload: {
        namespace: "shop",
        podName: "web",
        podUid: "uid-web",
        container: "main",
        timestamp: "2026-01-02T12:00:01.000000001Z",
        line: "bad luck",
        pattern: { eventType: "bad", groups: { how: " luck" } },
      },
      receivedAt: "2026-01-02T12:00:00.000Z",
      origin: {
        apiVersion: "v1",
        kind: "Pod",
        name: "web",
        namespace: "shop",
        uid: "uid-web",
        resourceVersion: undefined,
      },
      createdAt: "2026-01-02T12:00:01.000000001Z",
    });
    assert.deepEqual(states.at(-1), { kind: "running", detail: "3 containers of 2 pods" });
    const [life] = (await metrics.watchLastEvent.get()).values.filter(({ labels }) =>
      labels.gvr === "v1/pods/log"
    );
    assert.ok((life?.value ?? 0) >= START / 1000);
  });
  assert.match(String(error), /asked to stop/);
});

Deno.test("No pod at all is no fault", async () => {
  await scene(({ states, positions, resumed }) => {
    assert.deepEqual(states.at(-1), { kind: "running", detail: "0 containers of 0 pods" });
    assert.deepEqual(positions, [String(nanosecondsOf(START))]);
    assert.equal(resumed, 1);
    return Promise.resolve();
  });
});

Deno.test("Where nothing is to be resumed, it is read as far back as was asked", async () => {
  await scene(async ({ logs, clock }) => {
    await clock.advance(6000);
    assert.equal(logs.asked("web", "main").at(-1)?.query?.["sinceTime"], "2026-01-02T11:50:00Z");
  }, { sinceSeconds: 600, before: (logs) => logs.put(PODS, podOf("web", ["main"])) });
});

Deno.test("What the leader before had done is not read again", async () => {
  const resumed = String(nanosecondsOf(START - 90_000) + 500n);
  await scene(async ({ logs, clock, texts, positions }) => {
    logs.write("web", "main", line(-91, "bad 1"), line(-90, "bad 2"), line(-89, "bad 3"));
    await clock.advance(6000);
    assert.equal(logs.asked("web", "main").at(-1)?.query?.["sinceTime"], "2026-01-02T11:58:30Z");
    assert.deepEqual(texts(), ["bad 3"]);
    assert.equal(positions[0], resumed);
  }, { resumeFrom: () => resumed, before: (logs) => logs.put(PODS, podOf("web", ["main"])) });
});

Deno.test("The position moves when the pods are known to be complete, never back, and with the slowest log", async () => {
  const position = ({ positions }: Scene): number =>
    Number(BigInt(positions.at(-1) ?? 0) - nanosecondsOf(START)) / 1e9;
  await scene(async (own) => {
    const { logs, clock, put } = own;
    logs.write("web", "main", line(1, "bad"));
    logs.write("db", "main");
    put("web", ["main"]);
    put("db", ["main"]);
    let last = 0;
    for (let minute = 1; minute <= 20; minute++) {
      await clock.advance(60_000);
      logs.write("web", "main", line(60 * minute, "bad"));
      await clock.settle();
      logs.bookmark(PODS);
      await clock.settle();
      assert.ok(position(own) >= last, "It moved back");
      last = position(own);
    }
    assert.ok(last > 700 && last < 1200 - 60, `${last} s`);
    // A log that cannot be read any more holds it where it is.
    logs.refuse("db", "main", new ApiError("no route", { code: 500 }));
    logs.end("db", "main", "cut");
    for (let minute = 1; minute <= 20; minute++) {
      await clock.advance(60_000);
      logs.bookmark(PODS);
      await clock.settle();
    }
    const held = position(own);
    assert.ok(held < 1300, `${held} s`);
    logs.delete(PODS, "db");
    for (let minute = 1; minute <= 3; minute++) {
      await clock.advance(60_000);
      logs.bookmark(PODS);
      await clock.settle();
    }
    assert.ok(position(own) > held + 600, "What is gone holds it back");
  });
});

Deno.test("A pod that was deleted unseen is left after a list", async () => {
  await scene(async ({ logs, clock, put, states }) => {
    logs.write("web", "main");
    put("web", ["main"]);
    await clock.advance(6000);
    logs.fail(PODS, new ApiError("gone", { code: 410, reason: "Expired" }));
    logs.delete(PODS, "web");
    await clock.advance(1000);
    logs.fail(PODS, undefined);
    await clock.advance(60_000);
    assert.deepEqual(states.at(-1), { kind: "running", detail: "0 containers of 0 pods" });
    assert.equal(logs.following("web", "main"), 0);
  });
});

Deno.test("What is not allowed, and what is too much, is said", async () => {
  await scene(async ({ logs, clock, put, states }) => {
    logs.write("web", "main");
    logs.refuse("web", "main", new ApiError("no get on pods/log", { code: 403 }));
    put("web", ["main"]);
    await clock.advance(3000);
    assert.deepEqual(states.at(-1), { kind: "forbidden", message: "no get on pods/log" });
    logs.refuse("web", "main", undefined);
    logs.write("web", "side");
    put("web", ["main", "side"]);
    await clock.advance(60_000);
    assert.match(JSON.stringify(states.at(-1)), /failing.*1 of 2 containers wait .* at most 1 logs/);
  }, { limit: 1 });
  await scene(async ({ logs, clock, states, metrics }) => {
    logs.fail(PODS, new ApiError("no list on pods", { code: 403 }));
    await clock.advance(2000);
    assert.deepEqual(states.at(-1), { kind: "forbidden", message: "no list on pods" });
    const restarts = (await metrics.watchRestarts.get()).values.map(({ labels }) => labels.gvr);
    assert.deepEqual(new Set(restarts), new Set(["v1/pods"]));
  });
});

Deno.test("Only pods of the namespaces that are kept are read, and own replicas are marked", async () => {
  await scene(async ({ logs, clock, put, taken, states }) => {
    logs.write("web", "main", line(1, "bad"));
    put("web", ["main"], { labels: { "app.kubernetes.io/name": "zen-watcher" } });
    put("other", ["main"], { namespace: "other" });
    await clock.advance(6000);
    assert.deepEqual(states.at(-1), { kind: "running", detail: "1 container of 1 pod" });
    assert.equal((taken[0]?.payload as { isOwn?: boolean }).isOwn, true);
  }, { keepNamespaces: new Set(["shop"]), ownNamespace: "shop" });
});

Deno.test("What a verdict fails with ends the reading, and nothing is left behind", async () => {
  const failure = new Error("the term has ended");
  const error = await scene(async ({ logs, clock, put }) => {
    logs.write("web", "main", line(1, "bad 1"), line(1, "bad 2"));
    logs.write("db", "main");
    put("db", ["main"]);
    put("web", ["main"]);
    await clock.advance(2000);
    logs.write("web", "main", line(2, "bad 3"));
    await clock.advance(2000);
    assert.equal(logs.following("db", "main"), 0);
  }, { take: () => Promise.reject(failure) });
  assert.equal(error, failure);
});
