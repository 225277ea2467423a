import assert from "node:assert/strict";
import { observationSpecSchema, observationStatusSchema } from "../../src/model/observation.ts";

const finding = { source: "trivy", category: "security", severity: "high", eventType: "vulnerability" };

const taken: readonly (readonly [string, unknown])[] = [
  ["a finding", finding],
  ["what the source says beside, whatever its shape", {
    ...finding,
    details: { a: [1, { b: null }], c: "d" },
  }],
  ["a time with an offset and a fraction", { ...finding, detectedAt: "2026-01-01T00:00:00.5+02:00" }],
  ["what other writers say", {
    domain: "security",
    type: "cve",
    priority: 0.5,
    title: "t",
    description: "d",
    detectedAt: "2026-01-01T00:00:00Z",
    resources: [{ a: 1 }],
    raw: { b: [] },
  }],
];
for (const [name, spec] of taken) {
  Deno.test(`the spec of an Observation takes ${name}`, () => {
    assert.deepEqual(observationSpecSchema.parse(spec), spec);
  });
}

const refused: readonly (readonly [string, unknown, path: string])[] = [
  ["an unknown field", { ...finding, foo: 1 }, ""],
  ["an unknown category", { ...finding, category: "fun" }, "category"],
  ["an event type that is no snake case", { ...finding, eventType: "Vuln-1" }, "eventType"],
  ["a time that is none", { ...finding, detectedAt: "yesterday" }, "detectedAt"],
  ["a lifetime of 0", { ...finding, ttlSecondsAfterCreation: 0 }, "ttlSecondsAfterCreation"],
  ["details that are no object", { ...finding, details: [1] }, "details"],
  ["a priority above 1", { ...finding, priority: 1.5 }, "priority"],
  ["an owner without a namespace", { ...finding, ingester: { name: "a" } }, "ingester.namespace"],
];
for (const [name, spec, path] of refused) {
  Deno.test(`the spec of an Observation refuses ${name}`, () => {
    const result = observationSpecSchema.safeParse(spec);
    assert.equal(result.success, false);
    assert.deepEqual(result.error.issues.map((issue) => issue.path.join(".")), [path]);
  });
}

Deno.test("the status of an Observation is Active or Resolved, and counts", () => {
  const status = { phase: "Resolved", count: 3, resolvedAt: "2026-01-01T00:00:00Z" };
  assert.deepEqual(observationStatusSchema.parse(status), status);
  assert.equal(observationStatusSchema.safeParse({ phase: "Gone" }).success, false);
  assert.equal(observationStatusSchema.safeParse({ count: -1 }).success, false);
});
