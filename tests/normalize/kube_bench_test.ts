import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Json, JsonObject } from "../../src/model/json.ts";
import { findings, normalized, onlyFinding, readSample, samplesIn } from "./samples.ts";

const configMap = (data: Readonly<Record<string, string>>, more: JsonObject = {}): JsonObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: {
    name: "cis",
    namespace: "security",
    labels: { app: "kube-bench" },
    creationTimestamp: "2026-01-01T00:00:00Z",
  },
  data,
  ...more,
});

/** Statuses anywhere in a document, found by walking it alone. */
function statuses(value: Json): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Object.entries(value).flatMap(([key, member]) =>
    key === "status" && typeof member === "string" ? [member] : statuses(member as Json)
  );
  return own;
}

Deno.test("Every report yields a finding for each check that failed or warned, by itself and in a ConfigMap", () => {
  let counted = 0;
  for (const { file, text, payloads } of samplesIn("kube-bench")) {
    const document = payloads?.[0] as Json;
    const expected = statuses(document).filter((status) => status === "FAIL" || status === "WARN").length;
    const inMap = normalized("kube-bench", configMap({ "results.json": text }));
    assert.deepEqual([inMap.length, inMap.filter(({ kind }) => kind === "finding").length], [
      expected,
      expected,
    ], file);
    const binary = normalized(
      "kube-bench",
      configMap({}, { binaryData: { "r.json": Buffer.from(text).toString("base64") } }),
    );
    assert.equal(binary.length, expected, file);
    assert.equal(normalized("kube-bench", document).length, expected, file);
    assert.equal(normalized("some-tool", document).length, expected, file);
    counted += expected;
  }
  assert.ok(counted > 90, `only ${counted} findings`);
});

Deno.test("A finding reads as a person would write it", () => {
  const [first] = findings(
    "kube-bench",
    configMap({ r: readSample("kube-bench/defectdojo-kube-bench-controls.json").text }),
  ).filter(({ severity }) => severity === "high");
  assert.ok(first !== undefined);
  const { category, eventType, identity, isState, isWindowed, resource, detectedAt, details } = first;
  assert.deepEqual({ category, eventType, isState, isWindowed, resource, detectedAt }, {
    category: "compliance",
    eventType: "cis_benchmark",
    isState: true,
    isWindowed: false,
    resource: { apiVersion: "v1", kind: "ConfigMap", name: "cis", namespace: "security" },
    detectedAt: "2026-01-01T00:00:00Z",
  });
  assert.deepEqual(identity, ["master", details["testNumber"]]);
  assert.match(first.title, /^1\.1\.\d+: Ensure/);
  assert.equal(details["key"], "r");
});

const check = (more: JsonObject = {}): JsonObject => ({ test_number: "1.1", test_desc: "D", ...more });
const control = (checks: Json, more: JsonObject = {}): JsonObject => ({
  node_type: "node",
  tests: [{ section: "1", results: checks }],
  ...more,
});

Deno.test("FAIL is high, WARN medium, in any case; PASS and INFO are no findings; all else is rejected", () => {
  const cases: readonly [Json, string][] = [
    ["FAIL", "high"],
    ["fail", "high"],
    ["WARN", "medium"],
    ["PASS", ""],
    ["INFO", ""],
    ["BROKEN", "wrong_shape"],
    [null, "wrong_shape"],
    [["FAIL"], "wrong_shape"],
  ];
  for (const [status, expected] of cases) {
    const [item] = normalized("kube-bench", control([check({ status })]));
    const given = item === undefined ? "" : item.kind === "finding" ? item.finding.severity : item.reason;
    assert.equal(given, expected, JSON.stringify(status));
  }
});

Deno.test("A check is told apart by the kind of node, else by its ConfigMap, and by its number", () => {
  const failed = check({ status: "FAIL" });
  assert.deepEqual(onlyFinding("kube-bench", control([failed])).identity, ["node", "1.1"]);
  const text = JSON.stringify([control([failed], { node_type: "" })]);
  assert.deepEqual(onlyFinding("kube-bench", configMap({ a: text })).identity, ["security/cis", "1.1"]);
  assert.deepEqual(
    onlyFinding("kube-bench", control([check({ status: "FAIL", test_number: 1.1 })])).identity,
    onlyFinding("kube-bench", control([failed])).identity,
  );
  assert.deepEqual(
    onlyFinding("kube-bench", control([{ status: "FAIL", test_desc: "Only this" }])).identity,
    ["node", "Only this"],
  );
});

Deno.test("Several keys, one of them broken: one rejection, and all the rest", () => {
  const good = JSON.stringify({
    Controls: [control([check({ status: "FAIL" }), check({ status: "WARN" })])],
  });
  const given = normalized(
    "kube-bench",
    configMap({ "a.json": good, "b.json": "{", "c.json": good, "d.json": '"text"' }),
  );
  assert.deepEqual(
    given.map((item) => item.kind === "rejected" ? item.reason : item.kind),
    ["finding", "finding", "invalid_json", "finding", "finding", "wrong_shape"],
  );
});

Deno.test("Wrong types at every level are rejected where they are, and the rest is taken", () => {
  const failed = check({ status: "FAIL" });
  const cases: readonly [JsonObject, readonly string[]][] = [
    [{ Controls: [7, control([failed])] }, ["rejected", "finding"]],
    [{ Controls: [{ tests: "x" }, control([failed])] }, ["rejected", "finding"]],
    [{ Controls: [{ tests: [null, { results: {} }, { results: [1, failed] }] }] }, [
      "rejected",
      "rejected",
      "rejected",
      "finding",
    ]],
    [{ Controls: [control([{ status: "FAIL" }])] }, ["rejected"]],
    [{ Controls: [] }, []],
    [{ Controls: [{ tests: null }, { tests: [{ results: null }] }] }, []],
  ];
  for (const [payload, expected] of cases) {
    const given = normalized("kube-bench", payload).map(({ kind }) => kind);
    assert.deepEqual(given, expected, JSON.stringify(payload));
  }
  const inMap = normalized("kube-bench", configMap({ r: '{"Controls": "x"}' }));
  assert.deepEqual(inMap.map(({ kind }) => kind), ["rejected"]);
});
