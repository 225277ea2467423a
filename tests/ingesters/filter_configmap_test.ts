import assert from "node:assert/strict";
import { FilterConfigMap } from "../../src/ingesters/filter_configmap.ts";
import { compileClusterFilter } from "../../src/ingesters/filter_configmap_content.ts";
import { ApiError } from "../../src/kube/errors.ts";
import type { KubeObject } from "../../src/kube/api.ts";
import type { Finding } from "../../src/model/finding.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LiveApi } from "../support/live_api.ts";
import { seenOf } from "../support/seen_of.ts";
import { silentLog } from "../support/silent_log.ts";

const PATH = "/api/v1/namespaces/zen/configmaps";
const finding: Finding = {
  category: "security",
  severity: "medium",
  eventType: "x",
  title: "t",
  resource: { namespace: "dev-1", kind: "Pod" },
  details: {},
  identity: [],
  isWindowed: false,
  isState: false,
};
const configMap = (data: Record<string, string>, name = "filter"): KubeObject & { data: unknown } => ({
  metadata: { name, namespace: "zen", uid: `uid-${name}` },
  data,
});

interface Scene {
  readonly filter: FilterConfigMap;
  readonly clock: FakeClock;
  isKnown(): boolean;
  settle(): Promise<void>;
  reasonFor(source?: string): unknown;
  valid(): Promise<number | undefined>;
}

async function scene(api: LiveApi, act: (scene: Scene) => Promise<void>): Promise<void> {
  const clock = new FakeClock();
  const metrics: Metrics = createMetrics("test");
  const filter = new FilterConfigMap({ namespace: "zen", name: "filter" }, {
    api,
    clock,
    metrics,
    log: silentLog,
  });
  const stop = new AbortController();
  let isKnown = false;
  const following = assert.rejects(filter.follow(() => isKnown = true, stop.signal), /asked to stop/);
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await clock.settle();
  };
  await settle();
  await act({
    filter,
    clock,
    isKnown: () => isKnown,
    settle,
    reasonFor: (source = "trivy") => filter.filter(source, finding, seenOf()),
    valid: async () => (await metrics.filterConfigMapValid.get()).values[0]?.value,
  });
  stop.abort(new Error("asked to stop"));
  await following;
  assert.deepEqual([api.watching(PATH), clock.sleeping], [0, 0]);
}

Deno.test("The ConfigMap is watched by its name alone, and a change is in effect at once", async () => {
  const api = new LiveApi();
  api.put(PATH, configMap({ "filter.yaml": "excludeNamespaces: [dev-*]" }));
  api.put(PATH, configMap({ "filter.yaml": "minSeverity: critical" }, "other"));
  await scene(api, async ({ isKnown, reasonFor, settle, valid }) => {
    assert.equal(isKnown(), true);
    for (const { query } of api.requests) assert.equal(query?.["fieldSelector"], "metadata.name=filter");
    assert.equal(reasonFor(), "configmap");
    api.put(PATH, configMap({ "filter.json": '{"minSeverity": "low"}' }));
    await settle();
    assert.equal(reasonFor(), undefined);
    assert.equal(await valid(), 1);
  });
});

Deno.test("What cannot be taken leaves the last good filter in force, and the metric says so", async () => {
  const api = new LiveApi();
  api.put(PATH, configMap({ "filter.yaml": "minSeverity: high" }));
  await scene(api, async ({ reasonFor, settle, valid }) => {
    api.put(PATH, configMap({ "filter.yaml": "minSeverity: worst" }));
    await settle();
    assert.deepEqual([reasonFor(), await valid()], ["configmap", 0]);
    api.put(PATH, configMap({ "filter.yaml": "minSeverity: low" }));
    await settle();
    assert.deepEqual([reasonFor(), await valid()], [undefined, 1]);
  });
});

Deno.test("Without the ConfigMap, and after its deletion, nothing is left out", async () => {
  const api = new LiveApi();
  api.put(PATH, configMap({}));
  api.delete(PATH, "filter");
  await scene(api, async ({ isKnown, reasonFor, settle }) => {
    assert.deepEqual([isKnown(), reasonFor()], [true, undefined]);
    api.put(PATH, configMap({ "filter.yaml": "minSeverity: high" }));
    await settle();
    assert.equal(reasonFor(), "configmap");
    api.delete(PATH, "filter");
    await settle();
    assert.equal(reasonFor(), undefined);
  });
});

Deno.test("What it says of a source is told when it changes, and stays as it is for a source that it says the same of", async () => {
  const api = new LiveApi();
  api.put(PATH, configMap({ "filter.yaml": "" }));
  await scene(api, async ({ filter, settle }) => {
    const told: string[][] = [];
    const says = (): string[] => ["trivy", "kyverno", "checkov"].map((source) => filter.saysOf(source));
    const unlisten = filter.onChange(() => told.push(says()));
    assert.deepEqual(says(), ["", "", ""]);
    const contents = [
      "sources: {trivy: {minSeverity: high}}",
      "sources: {trivy: {minSeverity: high}}\ndisabledSources: [checkov]",
      "minSeverity: worst",
    ];
    for (const text of contents) {
      api.put(PATH, configMap({ "filter.yaml": text }));
      await settle();
    }
    const trivy = '{"minSeverity":"high"}';
    assert.deepEqual(told, [[trivy, "", ""], [trivy, "", "disabled"]]);
    api.delete(PATH, "filter");
    await settle();
    assert.deepEqual(told.at(-1), ["", "", ""]);
    unlisten();
    api.put(PATH, configMap({ "filter.yaml": "minSeverity: high" }));
    await settle();
    assert.deepEqual([told.length, says()], [3, [trivy, trivy, trivy]]);
  });
});

Deno.test("While the API server is away the filter stands; what happened meanwhile is seen after", async () => {
  const api = new LiveApi();
  api.put(PATH, configMap({ "filter.yaml": "minSeverity: high" }));
  await scene(api, async ({ clock, reasonFor }) => {
    api.fail(PATH, new ApiError("away", { code: 0 }));
    await clock.advance(60_000);
    assert.equal(reasonFor(), "configmap");
    api.fail(PATH, new ApiError("too old", { code: 410 }));
    api.delete(PATH, "filter");
    await clock.advance(60_000);
    api.fail(PATH, undefined);
    await clock.advance(30_000);
    assert.equal(reasonFor(), undefined);
  });
});

Deno.test("Sources wait until the filter is known; a missing right does not hold them", async () => {
  const away = new LiveApi();
  away.fail(PATH, new ApiError("away", { code: 0 }));
  await scene(away, async ({ clock, filter, isKnown }) => {
    let isOver = false;
    const stop = new AbortController();
    const waiting = filter.known(stop.signal).then(() => isOver = true);
    await clock.advance(10_000);
    assert.deepEqual([isOver, isKnown()], [false, false]);
    away.fail(PATH, undefined);
    await clock.advance(60_000);
    await waiting;
    assert.equal(isKnown(), true);
  });
  const forbidden = new LiveApi();
  forbidden.fail(PATH, new ApiError("may not", { code: 403 }));
  await scene(forbidden, async ({ clock, isKnown, reasonFor }) => {
    await clock.advance(1000);
    assert.deepEqual([isKnown(), reasonFor()], [true, undefined]);
  });
});

Deno.test("One who stops while waiting is let go", async () => {
  const api = new LiveApi();
  api.fail(PATH, new ApiError("away", { code: 0 }));
  await scene(api, async ({ filter }) => {
    const stop = new AbortController();
    const waiting = assert.rejects(filter.known(stop.signal), /gone/);
    stop.abort(new Error("gone"));
    await waiting;
  });
});

Deno.test("The content: a filters block for all, others for some sources field by field, sources left out whole", () => {
  const compiled = compileClusterFilter({
    "filter.yaml": `
minSeverity: high
excludeNamespaces: [dev-*]
disabledSources: [checkov]
sources:
  falco:
    minSeverity: info
  audit:
    enabled: false
  own:
    excludeNamespaces: []
    minSeverity: low
    expression: signal.keep
`,
  });
  assert.ok(compiled.kind === "filter", JSON.stringify(compiled));
  const reason = (source: string, keep?: boolean): unknown =>
    compiled.filter.filter(source, finding, seenOf(keep === undefined ? {} : { keep }));
  assert.deepEqual(
    [
      reason("trivy"),
      reason("falco"),
      reason("audit"),
      reason("checkov"),
      reason("own", true),
      reason("own", false),
    ],
    ["configmap", "configmap", undefined, "source_disabled", undefined, "configmap"],
  );
  const seen = seenOf({});
  assert.equal(compiled.filter.filter("own", finding, seen), undefined);
  assert.deepEqual(seen.problems, ["configmap: line 1, column 8: no such key: keep"]);
});

Deno.test("What is wrong in the content is said with its key and field", () => {
  const bomb = `a: &a [x,x]\n${
    Array.from({ length: 20 }, (_, n) => `b${n}: &b${n} [${`*${n === 0 ? "a" : `b${n - 1}`},`.repeat(9)}]`)
      .join("\n")
  }`;
  const cases: readonly [unknown, RegExp][] = [
    [undefined, /must have one of the keys filter\.yaml and filter\.json, given none/],
    [{ "filters.yaml": "" }, /given none/],
    [{ "filter.yaml": "", "filter.json": "{}" }, /given filter\.yaml, filter\.json/],
    [{ "filter.yaml": "a: [" }, /^filter\.yaml: .*line 1/],
    [{ "filter.json": "minSeverity: high" }, /^filter\.json: /],
    [{ "filter.yaml": "- a" }, /^filter\.yaml: /],
    [{ "filter.yaml": "minSeverity: worst" }, /^filter\.yaml\.minSeverity: /],
    [{ "filter.yaml": "minSeverty: high" }, /minSeverty/],
    [{ "filter.yaml": "stages: [Panic]" }, /stages/],
    [{ "filter.yaml": "sources: {falco: {minPriority: 2}}" }, /^filter\.yaml\.sources\.falco\.minPriority: /],
    [
      { "filter.yaml": "expression: 1 +" },
      /^filter\.yaml\.expression: line 1, column 4: unexpected token: EOF$/,
    ],
    [
      { "filter.yaml": "sources: {own: {expression: observation.sepc}}" },
      /^filter\.yaml\.sources\.own\.expression: /,
    ],
    [{ "filter.yaml": bomb }, /^filter\.yaml: /],
  ];
  for (const [data, expected] of cases) {
    const compiled = compileClusterFilter(data);
    assert.ok(compiled.kind === "problem", JSON.stringify(data));
    assert.match(compiled.message, expected);
  }
  assert.equal(compileClusterFilter({ "filter.yaml": "" }).kind, "filter");
});
