import assert from "node:assert/strict";
import { ingesterSpecSchema, ingesterStatusSchema } from "../../src/model/ingester_schema.ts";

const taken: readonly (readonly [string, unknown])[] = [
  ["the least that works", { source: "trivy", namespaces: ["production"] }],
  ["a webhook with a Secret", {
    source: "falco",
    webhook: { path: "/falco", auth: { type: "bearer", secretName: "falco" }, allowedCIDRs: ["10.0.0.0/8"] },
  }],
  ["an informer of the core group", {
    source: "mine",
    ingester: "informer",
    informer: { gvr: { group: "", version: "v1", resource: "pods" }, resyncPeriod: "0" },
  }],
  ["lifetimes by severity", { source: "mine", ttl: { default: "24h", bySeverity: { critical: "1h30m" } } }],
  ["a mapping", { source: "mine", normalization: { severityMap: { ERR: "high" }, priority: { ERR: 0.9 } } }],
];
for (const [name, spec] of taken) {
  Deno.test(`the spec of an Ingester takes ${name}`, () => {
    assert.deepEqual(ingesterSpecSchema.parse(spec), spec);
  });
}

const refused: readonly (readonly [string, unknown, path: string])[] = [
  ["no source", {}, "source"],
  ["a source that is no label", { source: "Trivy_" }, "source"],
  ["a source that ends in a hyphen", { source: "trivy-" }, "source"],
  ["a source of 64 characters", { source: "a".repeat(64) }, "source"],
  ["an unknown field", { source: "trivy", foo: 1 }, ""],
  ["an unknown field further down", { source: "trivy", webhook: { pth: "/x" } }, "webhook"],
  ["an unknown severity", { source: "trivy", filters: { minSeverity: "bad" } }, "filters.minSeverity"],
  [
    "a lifetime for an unknown severity",
    { source: "trivy", ttl: { bySeverity: { bad: "1h" } } },
    "ttl.bySeverity",
  ],
  ["a duration without a unit", { source: "trivy", ttl: { default: "60" } }, "ttl.default"],
  [
    "a priority above 1",
    { source: "trivy", normalization: { priority: { A: 2 } } },
    "normalization.priority.A",
  ],
  ["a rate of 0", { source: "trivy", rateLimit: { requestsPerSecond: 0 } }, "rateLimit.requestsPerSecond"],
  ["a namespace that is none", { source: "trivy", namespaces: ["a.b"] }, "namespaces.0"],
];
for (const [name, spec, path] of refused) {
  Deno.test(`the spec of an Ingester refuses ${name}`, () => {
    const result = ingesterSpecSchema.safeParse(spec);
    assert.equal(result.success, false);
    assert.deepEqual(result.error.issues.map((issue) => issue.path.join(".")), [path]);
  });
}

Deno.test("the status of an Ingester has conditions, a checkpoint and the time of the last signal", () => {
  const status = {
    observedGeneration: 2,
    conditions: [{
      type: "Ready",
      status: "True",
      reason: "Running",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    }],
    lastSignalTime: "2026-01-01T00:00:00.123456Z",
    checkpoint: { resourceVersion: "4711", time: "2026-01-01T00:00:00Z" },
  };
  assert.deepEqual(ingesterStatusSchema.parse(status), status);
});
