import assert from "node:assert/strict";
import type { JsonObject } from "../../src/model/json.ts";
import { normalized, normalizedSample, onlyFinding, samplesIn } from "./samples.ts";

Deno.test("Every payload of a webhook nobody knows is one finding", () => {
  for (const sample of samplesIn("generic/github")) {
    const given = normalizedSample("some-tool", sample);
    assert.equal(given.length, 1, sample.file);
    const [item] = given;
    assert.ok(item?.kind === "finding", sample.file);
    const { category, eventType, severity, isWindowed, isState, identity } = item.finding;
    assert.deepEqual([category, eventType, severity, isWindowed, isState], [
      "operations",
      "generic",
      "info",
      true,
      false,
    ]);
    assert.deepEqual(identity, sample.payloads);
  }
});

Deno.test("A title is the first of the usual fields, else the source's name", () => {
  const cases: readonly [JsonObject, string, string | undefined][] = [
    [{ title: "T", message: "M" }, "T", "M"],
    [{ message: "M", description: "D" }, "M", "D"],
    [{ summary: "S", name: "N" }, "S", undefined],
    [{ name: "N" }, "N", undefined],
    [{ title: 7, name: { a: 1 }, text: " " }, "my-tool signal", undefined],
    [{ apiVersion: "v1", kind: "Pod", metadata: { name: "p" } }, "Pod/p", undefined],
  ];
  for (const [payload, title, description] of cases) {
    const finding = onlyFinding("my-tool", payload);
    assert.deepEqual([finding.title, finding.description], [title, description], JSON.stringify(payload));
  }
});

Deno.test("A Kubernetes object is about itself", () => {
  const payload = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "d", namespace: "team" } };
  assert.deepEqual(onlyFinding("my-tool", payload).resource, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    name: "d",
    namespace: "team",
  });
  assert.equal(onlyFinding("my-tool", { kind: "Deployment", metadata: { name: "d" } }).resource, undefined);
});

Deno.test("A time of its own is taken when it is one", () => {
  assert.equal(
    onlyFinding("my-tool", { timestamp: "2024-01-02T03:04:05+02:00" }).detectedAt,
    "2024-01-02T03:04:05+02:00",
  );
  assert.equal(onlyFinding("my-tool", { time: 1700000000, "@timestamp": "yesterday" }).detectedAt, undefined);
});

Deno.test("Secrets are in the identity, which is only hashed, and not in the details", () => {
  const { details, identity } = onlyFinding("my-tool", { user: "u", login: { password: "t0p" } });
  assert.deepEqual(details, { user: "u", login: { password: "[redacted]" } });
  assert.deepEqual(identity, [{ user: "u", login: { password: "t0p" } }]);
});

Deno.test("An API object read again after a write that changed nothing in it is the same finding", () => {
  const read = (resourceVersion: string): unknown => {
    const finding = onlyFinding("own", {
      apiVersion: "example.com/v1",
      kind: "Widget",
      metadata: {
        name: "w",
        namespace: "shop",
        uid: "u",
        resourceVersion,
        managedFields: [{ manager: resourceVersion }],
        creationTimestamp: "2026-01-01T00:00:00Z",
      },
      spec: { size: 1 },
    });
    assert.equal(finding.detectedAt, "2026-01-01T00:00:00Z");
    return finding.identity;
  };
  assert.deepEqual(read("1"), read("2"));
  assert.ok(!JSON.stringify(read("1")).includes("managedFields"));
});

Deno.test("What is nested deeper than any payload is rejected", () => {
  const nest = (levels: number): JsonObject => {
    let deep: JsonObject = {};
    for (let level = 1; level < levels; level++) deep = { a: deep };
    return deep;
  };
  assert.equal(onlyFinding("my-tool", nest(64)).eventType, "generic");
  const [given] = normalized("my-tool", nest(65));
  assert.ok(given?.kind === "rejected" && given.message.includes("deeper than 64 levels"));
});
