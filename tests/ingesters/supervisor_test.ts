import assert from "node:assert/strict";
import { IngesterRegistry } from "../../src/ingesters/registry.ts";
import { superviseSources } from "../../src/ingesters/supervisor.ts";
import { ApiError } from "../../src/kube/errors.ts";
import type { InformerSpec, Ingester } from "../../src/model/ingester.ts";
import type { Observation } from "../../src/model/observation.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import { ObservationStore } from "../../src/write/observation_store.ts";
import { checkpointsOf } from "../support/checkpoints_of.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { COMPILE_SETTINGS, ingesterOf } from "../support/ingester_of.ts";
import { LiveApi } from "../support/live_api.ts";
import { MemoryConfigMaps } from "../support/memory_config_maps.ts";
import { pipelineOf } from "../support/pipeline_of.ts";
import { RecordingActivities } from "../support/recording_activities.ts";
import { RecordingLog } from "../support/recording_log.ts";

const reports = (namespace: string): string => `/apis/example.com/v1/namespaces/${namespace}/reports`;
const observations = (namespace: string): string =>
  `/apis/zen.kube-zen.io/v1alpha1/namespaces/${namespace}/observations`;
const sourceOf = (namespace: string): string => `example.com/v1/reports in ${namespace}`;

/** An Ingester that reads reports in one namespace. */
function reader(
  name: string,
  generation = 1,
  informer: Partial<InformerSpec> = {},
  source = "own",
): Ingester {
  return ingesterOf(name, {
    source,
    ingester: "informer",
    namespaces: [name],
    informer: { gvr: { group: "example.com", version: "v1", resource: "reports" }, ...informer },
  }, { generation });
}

/** A filter for all that says of a source what a test lets it say. */
class ToldFilter {
  readonly #says = new Map<string, string>();
  readonly #listeners = new Set<() => void>();

  get listening(): number {
    return this.#listeners.size;
  }

  say(source: string, what: string): void {
    this.#says.set(source, what);
    for (const listener of this.#listeners) listener();
  }

  saysOf(source: string): string {
    return this.#says.get(source) ?? "";
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

interface Scene {
  readonly api: LiveApi;
  readonly registry: IngesterRegistry;
  readonly activities: RecordingActivities;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  readonly metrics: Metrics;
  /** What the informer of a namespace says of itself. */
  state(namespace: string): string | undefined;
  /** Lets everything go on that can. */
  settle(): Promise<void>;
  stop(): void;
  /** Whether the supervisor has resolved. */
  hasEnded(): boolean;
}

/** A supervisor over Ingesters a, b and c, each with its own reports; it must end when asked to, and leave nothing. */
async function scene(
  act: (scene: Scene) => Promise<void>,
  options: {
    readonly mayWrite?: () => boolean;
    readonly api?: LiveApi;
    readonly maxWatches?: number;
    readonly clusterFilter?: ToldFilter;
  } = {},
): Promise<void> {
  const api = options.api ?? new LiveApi();
  api.serve("example.com", "reports", "Report", "a", "b", "c");
  const clock = new FakeClock();
  const metrics = createMetrics("test");
  const registry = new IngesterRegistry(COMPILE_SETTINGS);
  const activities = new RecordingActivities();
  const log = new RecordingLog();
  const stop = new AbortController();
  for (const name of ["a", "b"]) registry.put(reader(name));
  const checkpoints = checkpointsOf(new MemoryConfigMaps(), { clock, metrics, log });
  const running = superviseSources({
    registry,
    activities,
    pipeline: pipelineOf(api, clock, metrics),
    api,
    clock,
    metrics,
    log,
    mayWrite: options.mayWrite ?? ((): boolean => true),
    onResumed: () => {},
    checkpoints,
    store: new ObservationStore(api, undefined),
    isOwnerActive: () => true,
    maxWatches: options.maxWatches,
    clusterFilter: options.clusterFilter,
  }, stop.signal);
  let hasEnded = false;
  running.finally(() => hasEnded = true);
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await clock.settle();
  };
  await settle();
  await act({
    api,
    registry,
    activities,
    clock,
    log,
    metrics,
    state: (namespace) => activities.of(`zen/${namespace}`).sources.get(sourceOf(namespace))?.kind,
    settle,
    stop: () => stop.abort(new Error("the term ended")),
    hasEnded: () => hasEnded,
  });
  stop.abort(new Error("the test ended"));
  await running;
  assert.equal(clock.sleeping, 0, "Somebody still sleeps");
  for (const namespace of ["a", "b", "c"]) assert.equal(api.watching(reports(namespace)), 0, namespace);
}

Deno.test("A source says once that it starts, before and after it waits for its turn", async () => {
  await scene(async ({ registry, activities, settle }) => {
    assert.deepEqual(activities.toldBy(sourceOf("a")), ["starting", "running"]);
    assert.deepEqual(activities.toldBy(sourceOf("b")), ["waiting"]);
    registry.remove("zen/a");
    await settle();
    assert.deepEqual(activities.toldBy(sourceOf("b")), ["waiting", "starting", "running"]);
  }, { maxWatches: 1 });
});

Deno.test("A source that is stopped in the moment that its turn comes tells nothing more", async () => {
  await scene(async ({ registry, activities, settle }) => {
    registry.put(reader("c"));
    registry.remove("zen/c");
    await settle();
    assert.deepEqual(activities.toldBy(sourceOf("c")), []);
  });
});

Deno.test("A change of one Ingester restarts its own source and touches no other", async () => {
  await scene(async ({ api, registry, state, settle }) => {
    assert.deepEqual([state("a"), state("b")], ["running", "running"]);
    registry.put(reader("a", 2, { labelSelector: "team=x" }));
    await settle();
    assert.deepEqual([api.opened(reports("a")), api.opened(reports("b"))], [2, 1]);
    assert.deepEqual([api.watching(reports("a")), api.watching(reports("b"))], [1, 1]);
    assert.equal(api.requests.at(-1)?.query?.["labelSelector"], "team=x");
    registry.put(reader("c"));
    await settle();
    assert.deepEqual(["a", "b", "c"].map((name) => api.opened(reports(name))), [2, 1, 1]);
  });
});

Deno.test("When one source finds that history went back, all list again", async () => {
  await scene(async ({ api, clock, settle }) => {
    api.answer(observations("zen"), () => ({}));
    api.put(reports("a"), { metadata: { name: "one", uid: "uid-one" } });
    await settle();
    assert.equal(api.sent("POST").length, 1);
    const lists = (): number =>
      api.sent("GET").filter(({ path, query }) => path === reports("b") && query?.["limit"] === 50).length;
    assert.equal(lists(), 1);
    api.rewind(50);
    api.fail(reports("a"), undefined);
    await settle();
    await clock.advance(1000);
    await settle();
    assert.equal(lists(), 2);
    assert.deepEqual(["a", "b"].map((name) => api.watching(reports(name))), [1, 1]);
    assert.equal(api.sent("POST").length, 2, "what was written lately may be gone");
  });
});

Deno.test("When the filter for all says something else of a source, what shows a state is listed again, and nothing else is", async () => {
  const clusterFilter = new ToldFilter();
  const api = new LiveApi();
  api.answer("/apis/zen.kube-zen.io/v1alpha1/observations", () => ({ metadata: {}, items: [] }));
  api.answer(observations("zen"), () => ({}));
  await scene(async ({ registry, settle, stop }) => {
    registry.put(reader("c", 1, {}, "trivy"));
    await settle();
    const lists = (): readonly number[] =>
      ["a", "b", "c"].map((name) =>
        api.sent("GET").filter(({ path, query }) => path === reports(name) && query?.["limit"] === 50).length
      );
    assert.deepEqual(lists(), [1, 1, 1]);
    // Where it has come to is saved under what is asked of it, and would be resumed from.
    for (const name of ["a", "b", "c"]) api.put(reports(name), { metadata: { name: "r", uid: name } });
    await settle();
    const changes: readonly (readonly [string, string, number])[] = [
      ["own", "severity", 1],
      ["kyverno", "severity", 1],
      ["trivy", "severity", 2],
      ["trivy", "severity", 2],
      ["trivy", "", 3],
    ];
    for (const [source, what, times] of changes) {
      clusterFilter.say(source, what);
      await settle();
      assert.deepEqual(lists(), [1, 1, times], `${source} ${what}`);
    }
    assert.deepEqual(["a", "b", "c"].map((name) => api.watching(reports(name))), [1, 1, 1]);
    stop();
    await settle();
    assert.equal(clusterFilter.listening, 0);
  }, { api, clusterFilter });
});

Deno.test("When an Ingester calls its source otherwise, its reports are listed again and what stood under the old name is Resolved", async () => {
  const path = "/apis/wgpolicyk8s.io/v1/namespaces/c/policyreports";
  const api = new LiveApi();
  api.serve("wgpolicyk8s.io", "policyreports", "PolicyReport", "c");
  const stored: Observation[] = [];
  const resolved: string[] = [];
  const isSelected = ({ metadata }: Observation, selector: string): boolean =>
    selector.split(",").every((term) => metadata.labels?.[term.split("=")[0] ?? ""] === term.split("=")[1]);
  api.answer("/apis/zen.kube-zen.io/v1alpha1/observations", ({ query }) => ({
    metadata: {},
    items: stored.filter((one) => isSelected(one, String(query?.["labelSelector"]))),
  }));
  api.answer(observations("c"), ({ body }) => {
    const created = body as Observation;
    stored.push(created);
    api.answer(`${observations("c")}/${created.metadata.name}/status`, (patch) => {
      assert.partialDeepStrictEqual(patch.body, { status: { phase: "Resolved" } });
      resolved.push(`${created.spec.source} ${created.spec.title}`);
      return created;
    });
    return created;
  });
  await scene(async ({ registry, settle }) => {
    const called = (source: string, generation: number): Ingester =>
      reader(
        "c",
        generation,
        { gvr: { group: "wgpolicyk8s.io", version: "v1", resource: "policyreports" } },
        source,
      );
    registry.put(called("kyverno", 1));
    await settle();
    const report = {
      apiVersion: "wgpolicyk8s.io/v1",
      kind: "PolicyReport",
      metadata: { name: "r", namespace: "c", uid: "r" },
      scope: { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "c" },
      results: [{ policy: "p", rule: "one", result: "fail", message: "no" }],
    };
    api.put(path, report);
    await settle();
    assert.deepEqual(stored.map(({ spec }) => spec.source), ["kyverno"]);
    registry.put(called("renamed", 2));
    await settle();
    assert.deepEqual(stored.map(({ spec }) => spec.source), ["kyverno", "renamed"]);
    assert.deepEqual(resolved, [`kyverno ${stored[0]?.spec.title}`]);
  }, { api });
});

Deno.test("A change of status alone restarts nothing", async () => {
  await scene(async ({ api, registry, settle }) => {
    const ingester = reader("a");
    registry.put({ ...ingester, status: { observedGeneration: 1 } });
    await settle();
    assert.equal(api.opened(reports("a")), 1);
  });
});

Deno.test("An Ingester that is deleted or suspended is read no more, and nothing of it is remembered", async () => {
  await scene(async ({ api, registry, activities, state, settle }) => {
    const suspended = reader("b", 2);
    registry.remove("zen/a");
    registry.put({ ...suspended, spec: { ...suspended.spec, suspend: true } });
    await settle();
    assert.deepEqual([api.watching(reports("a")), api.watching(reports("b"))], [0, 0]);
    assert.deepEqual([state("a"), state("b")], [undefined, undefined]);
    assert.equal(activities.of("zen/a").stall, undefined);
  });
});

Deno.test("The last sign of life is shown as long as anybody watches the same, and no longer", async () => {
  await scene(async ({ registry, metrics, settle, stop }) => {
    const shown = async (): Promise<readonly unknown[]> =>
      (await metrics.watchLastEvent.get()).values.map(({ labels }) => labels);
    const reports = [{ source: "own", gvr: "example.com/v1/reports" }];
    assert.deepEqual(await shown(), reports);
    registry.remove("zen/a");
    await settle();
    assert.deepEqual(await shown(), reports, "b watches them too");
    const edited = reader("b", 2);
    registry.put({ ...edited, spec: { ...edited.spec, source: "renamed" } });
    await settle();
    assert.deepEqual(await shown(), [{ source: "renamed", gvr: "example.com/v1/reports" }]);
    stop();
    await settle();
    assert.deepEqual(await shown(), [], "who leads no more watches nothing");
  });
});

Deno.test("What a stopped source was writing has ended before the supervisor has", async () => {
  const api = new LiveApi();
  const gate = Promise.withResolvers<unknown>();
  api.answer(observations("a"), () => gate.promise);
  await scene(async ({ registry, settle, stop, hasEnded }) => {
    api.put(reports("a"), { metadata: { name: "r", namespace: "a", uid: "u" } });
    await settle();
    assert.equal(api.sent("POST").length, 1);
    // Neither the end of its Ingester nor that of the term may leave a write behind unseen.
    registry.remove("zen/a");
    await settle();
    stop();
    await settle();
    assert.equal(hasEnded(), false);
    gate.resolve({});
    await settle();
    assert.equal(hasEnded(), true);
  }, { api });
});

Deno.test("What waits when its source is stopped is not begun", async () => {
  const api = new LiveApi();
  const gate = Promise.withResolvers<unknown>();
  api.answer(observations("a"), () => gate.promise);
  await scene(async ({ registry, metrics, settle }) => {
    const put = (text: string): void =>
      api.put(reports("a"), {
        metadata: { name: "r", namespace: "a", uid: "u", annotations: { text } },
      });
    put("first");
    put("second, which waits for the first since it is the same object");
    await settle();
    registry.remove("zen/a");
    gate.resolve({});
    await settle();
    assert.deepEqual((await metrics.received.get()).values.map(({ value }) => value), [1]);
    assert.equal(api.sent("POST").length, 1);
  }, { api });
});

Deno.test("An edit of rateLimit ends what a source waits for at the old rate, and each object is written once", async () => {
  const paced = (generation: number, requestsPerSecond: number): Ingester => {
    const { spec, ...ingester } = reader("a", generation);
    return { ...ingester, spec: { ...spec, rateLimit: { requestsPerSecond, burst: 1 } } };
  };
  const api = new LiveApi();
  api.answer(observations("a"), () => ({}));
  await scene(async ({ clock, registry, metrics, settle }) => {
    registry.put(paced(2, 0.01));
    await settle();
    const names = ["one", "two", "three", "four", "five"];
    for (const name of names) api.put(reports("a"), { metadata: { name, namespace: "a", uid: name } });
    await clock.advance(50_000);
    assert.equal(api.sent("POST").length, 1);
    registry.put(paced(3, 1000));
    await clock.advance(1000);
    const origins = api.sent("POST").map(({ body }) => (body as Observation).spec.origin?.name);
    assert.deepEqual(origins.toSorted(), names.toSorted());
    assert.equal((await metrics.inFlight.get()).values[0]?.value, 0, "nothing waits any more");
    await clock.advance(1_000_000);
    assert.equal(api.sent("POST").length, names.length, "what waited before writes no more");
  }, { api });
});

Deno.test("One source that cannot be read says why and stops no other", async () => {
  const forbidden = new ApiError("may not list", { code: 403 });
  await scene(async ({ api, clock, state, settle }) => {
    api.fail(reports("a"), forbidden);
    await settle();
    await clock.advance(2000);
    assert.deepEqual([state("a"), state("b")], ["forbidden", "running"]);
    api.fail(reports("a"), undefined);
    await clock.advance(31_000);
    assert.deepEqual([state("a"), state("b")], ["running", "running"]);
  });
});

Deno.test("A mistake of this program in one source is logged, and the source started again", async () => {
  await scene(async ({ api, clock, log, state, settle }) => {
    api.answer("/apis/example.com/v1", () => {
      throw new TypeError("a mistake");
    });
    api.fail(reports("a"), new ApiError("may not list", { code: 403 }));
    await clock.advance(10_500);
    await settle();
    assert.deepEqual([state("a"), state("b")], ["failing", "running"]);
    const lines = log.of("Source failed and is started again");
    assert.match(String(lines[0]?.fields["error"]), /a mistake/);
    api.serve("example.com", "reports", "Report");
    api.fail(reports("a"), undefined);
    await clock.advance(1000);
    assert.equal(state("a"), "running");
  });
});

Deno.test("A write that a person must mend stalls its Ingester alone, until the Ingester changes", async () => {
  const api = new LiveApi();
  api.answer(observations("a"), () => {
    throw new ApiError("may not create", { code: 403 });
  });
  await scene(async ({ registry, activities, settle }) => {
    api.put(reports("a"), { metadata: { name: "r", namespace: "a", uid: "u" } });
    await settle();
    assert.deepEqual([activities.of("zen/a").stall, activities.of("zen/b").stall], [
      "may not create",
      undefined,
    ]);
    registry.put(reader("a", 2, { labelSelector: "team=none" }));
    assert.equal(activities.of("zen/a").stall, undefined);
    await settle();
  }, { api });
});

Deno.test("Writes refused because the term ended are no failure of their source", async () => {
  let isLeading = true;
  const api = new LiveApi();
  api.answer(observations("a"), () => ({}));
  await scene(async ({ log, clock, settle }) => {
    isLeading = false;
    api.put(reports("a"), { metadata: { name: "r", namespace: "a", uid: "u" } });
    await settle();
    assert.equal(api.sent("POST").length, 0);
    assert.deepEqual(log.lines.filter(({ level }) => level === "error"), []);
    // What was not written is read again once it may be.
    isLeading = true;
    api.put(reports("a"), { metadata: { name: "s", namespace: "a", uid: "v" } });
    await clock.advance(2000);
    assert.equal(api.sent("POST").length, 2);
    assert.deepEqual(log.lines.filter(({ level }) => level === "error"), []);
  }, { mayWrite: () => isLeading, api });
});

Deno.test("Watches above MAX_WATCHES wait, their Ingester says so, and each that ends lets the next one in", async () => {
  await scene(async ({ api, registry, activities, state, settle }) => {
    assert.deepEqual(["a", "b"].map((name) => api.watching(reports(name))), [1, 0]);
    assert.deepEqual(activities.of("zen/b").sources.get(sourceOf("b")), {
      kind: "waiting",
      message: "MAX_WATCHES allows 1 watches at once, and all of them are in use",
    });
    registry.put(reader("c"));
    await settle();
    assert.equal(state("c"), "waiting");
    registry.remove("zen/b");
    await settle();
    registry.remove("zen/a");
    await settle();
    assert.deepEqual(["a", "b", "c"].map((name) => api.watching(reports(name))), [0, 0, 1]);
    assert.equal(state("c"), "running");
  }, { maxWatches: 1 });
});
