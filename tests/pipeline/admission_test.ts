import assert from "node:assert/strict";
import { compileIngester } from "../../src/ingesters/compile.ts";
import { compileClusterFilter } from "../../src/ingesters/filter_configmap_content.ts";
import type { IngesterSpec } from "../../src/model/ingester.ts";
import type { Lane } from "../../src/pipeline/lane.ts";
import { COMPILE_SETTINGS, ingesterOf } from "../support/ingester_of.ts";
import { takingPipeline } from "../support/taking_pipeline.ts";

const laneOf = (spec: Omit<IngesterSpec, "source">, source = "own"): Lane => {
  const compiled = compileIngester(ingesterOf("one", { source, ...spec }), COMPILE_SETTINGS);
  assert.ok(compiled.kind === "webhook", JSON.stringify(compiled));
  return compiled.lane;
};

Deno.test("Normalization comes before the filter, and the Observation and its counts say what it made", async () => {
  const { take, written, metrics } = takingPipeline();
  const lane = laneOf({
    normalization: {
      category: "cost",
      eventType: "over_budget",
      severityMap: { bad: "high" },
      priority: { bad: 0.9 },
      title: "{{ .team }} is over budget",
      resource: { namespace: "signal.team", kind: "'Namespace'" },
      fieldMapping: [{ from: "spent", to: "details.spent" }],
    },
    filters: { minSeverity: "high", expression: "observation.metadata.namespace == 'shop'" },
  });
  assert.deepEqual(
    await take([{ team: "shop", level: "BAD", spent: 7 }, { team: "shop", level: "fine" }, {
      team: "other",
      level: "bad",
    }], lane),
    ["created", "filtered severity", "filtered expression"],
  );
  const [observation] = written;
  assert.equal(observation?.metadata.namespace, "shop");
  assert.equal(observation?.metadata.labels?.["zen.kube-zen.io/event-type"], "over_budget");
  const { category, eventType, severity, priority, title, resource, details } = observation?.spec ?? {};
  assert.deepEqual({ category, eventType, severity, priority, title, resource }, {
    category: "cost",
    eventType: "over_budget",
    severity: "high",
    priority: 0.9,
    title: "shop is over budget",
    resource: { kind: "Namespace", namespace: "shop" },
  });
  assert.equal(details?.["spent"], 7);
  const { values } = await metrics.created.get();
  assert.deepEqual(values.map(({ labels }) => labels), [{
    source: "own",
    category: "cost",
    severity: "high",
  }]);
});

Deno.test("signal is the item that a finding was found in, not the whole list", async () => {
  const { take } = takingPipeline();
  const lane = laneOf({ filters: { expression: "signal.n > 1" } });
  assert.deepEqual(await take([{ n: 1 }, { n: 2 }], lane), ["filtered expression", "created"]);
});

Deno.test("A changed normalization does not change the name", async () => {
  const { take, written } = takingPipeline();
  const payload = { rule: "r", priority: "Critical", output: "o", time: "2026-01-01T00:00:00Z" };
  await take(payload, laneOf({}, "falco"));
  const lane = laneOf({ normalization: { title: "other", eventType: "other", category: "cost" } }, "falco");
  assert.deepEqual(await take(payload, lane), ["deduplicated"]);
  assert.equal(written.length, 1);
});

Deno.test("With strategy key what has the same values is the same, in the window", async () => {
  const { take, written } = takingPipeline();
  const lane = laneOf({
    deduplication: { strategy: "key", fields: ["host", "observation.spec.severity"], window: "1h" },
    normalization: { severityMap: { bad: "high" } },
  });
  const at = "2026-01-01T00:00:00Z";
  assert.deepEqual(await take({ host: "a", text: "1", time: at }, lane), ["created"]);
  assert.deepEqual(await take({ host: "a", text: "2", time: at }, lane), ["deduplicated"]);
  assert.deepEqual(await take({ host: "b", text: "2", time: at }, lane), ["created"]);
  assert.deepEqual(await take({ host: "a", level: "bad", time: at }, lane), ["created"]);
  assert.deepEqual(await take({ host: "a", time: "2026-01-01T01:00:00Z" }, lane), ["created"]);
  assert.equal(new Set(written.map(({ metadata }) => metadata.name)).size, 4);
});

Deno.test("With enabled false two that are alike are two, and one that comes again is one", async () => {
  const { take } = takingPipeline();
  const lane = laneOf({ deduplication: { enabled: false } });
  const first = { receivedAt: "2026-01-01T00:00:05Z" };
  assert.deepEqual(await take({ a: 1 }, lane, first), ["created"]);
  assert.deepEqual(await take({ a: 1 }, lane, { receivedAt: "2026-01-01T00:00:06Z" }), ["created"]);
  assert.deepEqual(await take({ a: 1 }, lane, first), ["deduplicated"]);
});

Deno.test("The filter for all leaves out under its own reasons, beside the Ingester's own filter", async () => {
  const compiled = compileClusterFilter({
    "filter.yaml": "excludeNamespaces: [dev]\ndisabledSources: [checks]\nexpression: has(signal.a)",
  });
  assert.ok(compiled.kind === "filter");
  const { take } = takingPipeline(compiled.filter);
  const lane = laneOf({ filters: { minSeverity: "info", excludeRules: ["x"] } });
  assert.deepEqual(await take([{ a: 1 }, { b: 1 }], lane), ["created", "filtered configmap"]);
  const mapped = laneOf({ normalization: { resource: { namespace: "signal.ns" } } });
  assert.deepEqual(await take({ a: 1, ns: "dev" }, mapped), ["filtered configmap"]);
  assert.deepEqual(await take({ a: 1 }, laneOf({}, "checks")), ["filtered source_disabled"]);
});

Deno.test("An expression that fails is counted each time, and told once for each Ingester as it stands", async () => {
  const { take, metrics, log } = takingPipeline();
  const lane = laneOf({ filters: { expression: "signal.cvss > 7" } });
  assert.deepEqual(await take([{ n: 1 }, { n: 2 }, { cvss: 9 }, { cvss: 1 }], lane), [
    "created",
    "created",
    "created",
    "filtered expression",
  ]);
  await take({ n: 3 }, lane);
  const { values } = await metrics.expressionErrors.get();
  assert.deepEqual(values.map(({ labels, value }) => [labels, value]), [[
    { source: "own", field: "filters.expression" },
    3,
  ]]);
  const told = log.of("Expression could not be evaluated; later ones are only counted");
  assert.deepEqual(told.map(({ level, fields }) => [level, fields["ingester"], fields["reason"]]), [
    ["warn", "one", "line 1, column 8: no such key: cvss"],
  ]);
  await take({ n: 4 }, laneOf({ filters: { expression: "signal.cvss > 7" } }));
  assert.equal(log.of("Expression could not be evaluated; later ones are only counted").length, 2);
});

Deno.test("An expression that runs long over many findings ends for all of them, and loses none", async () => {
  const { take, written } = takingPipeline();
  const lane = laneOf({ filters: { expression: "signal.n.all(a, signal.n.all(b, a + b >= 0)) && false" } });
  const n = Array.from({ length: 1000 }, (_, index) => index);
  const verdicts = await take(Array.from({ length: 60 }, (_, id) => ({ id, n })), lane);
  assert.deepEqual(new Set(verdicts), new Set(["created"]));
  assert.equal(written.length, 60);
});
