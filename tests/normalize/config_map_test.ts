import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Normalized } from "../../src/model/finding.ts";
import type { Json, JsonObject } from "../../src/model/json.ts";
import { isConfigMapOf, readConfigMap } from "../../src/normalize/config_map.ts";

const configMap = (more: JsonObject): JsonObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: {
    name: "results",
    namespace: "team",
    labels: { app: "tool" },
    creationTimestamp: "2026-01-01T00:00:00Z",
  },
  ...more,
});
const base64 = (text: string): string => Buffer.from(text).toString("base64");

function read(payload: JsonObject): { documents: Json[]; keys: (string | undefined)[]; others: string[] } {
  const documents: Json[] = [];
  const keys: (string | undefined)[] = [];
  const rest = readConfigMap(payload, (document, home): readonly Normalized[] => {
    documents.push(document);
    keys.push(home.key);
    assert.deepEqual(home.configMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      name: "results",
      namespace: "team",
    });
    assert.equal(home.createdAt, "2026-01-01T00:00:00Z");
    return [];
  });
  return { documents, keys, others: rest.map((item) => item.kind === "rejected" ? item.message : item.kind) };
}

Deno.test("Every key of data and binaryData is a document, in the order of their names", () => {
  const given = read(configMap({
    data: { b: "[1]", a: '{"x":2}' },
    binaryData: { c: base64('\uFEFF"three"'), d: `${base64("4").slice(0, 2)}\n${base64("4").slice(2)}` },
  }));
  assert.deepEqual(given, { documents: [{ x: 2 }, [1], "three", 4], keys: ["a", "b", "c", "d"], others: [] });
});

Deno.test("A key that holds no JSON is rejected by itself, and its text is not repeated", () => {
  const given = read(configMap({
    data: { good: "1", bad: "hunter2 {", wrong: 7 },
    binaryData: {
      notBase64: "hunter2!",
      notPadded: "hunter2",
      notText: Buffer.from([0xff, 0xfe]).toString("base64"),
    },
  }));
  assert.deepEqual(given.documents, [1]);
  assert.deepEqual(given.others, [
    "Cannot read key bad of a ConfigMap: it must hold JSON, given another text",
    "Cannot take key wrong of a ConfigMap: it must be a text, given a number",
    "Cannot read key notBase64 of a ConfigMap: it must hold JSON in base64, given another text",
    "Cannot read key notPadded of a ConfigMap: it must hold JSON in base64, given another text",
    "Cannot read key notText of a ConfigMap: it must hold JSON in base64, given another text",
  ]);
});

Deno.test("A text of many mebibytes is decoded", () => {
  const long = "x".repeat(8 * 1024 * 1024);
  assert.deepEqual(read(configMap({ binaryData: { long: base64(JSON.stringify(long)) } })).documents, [long]);
});

Deno.test("A document that lies too deep is rejected", () => {
  const { documents, others } = read(configMap({ data: { deep: `${"[".repeat(100)}${"]".repeat(100)}` } }));
  assert.deepEqual([documents.length, others.length], [0, 1]);
});

Deno.test("A ConfigMap without data holds nothing, and one with wrong data is rejected", () => {
  assert.deepEqual(read(configMap({})).others, []);
  assert.deepEqual(read(configMap({ data: null })).others, []);
  assert.deepEqual(read(configMap({ data: ["x"] })).others, [
    "Cannot take a ConfigMap: data must be an object, given a list",
  ]);
});

Deno.test("A ConfigMap is a tool's by its label", () => {
  assert.ok(isConfigMapOf(configMap({}), "tool"));
  assert.ok(!isConfigMapOf(configMap({}), "other"));
  assert.ok(!isConfigMapOf(configMap({ kind: "Secret" }), "tool"));
  assert.ok(!isConfigMapOf(configMap({ metadata: "x" }), "tool"));
});
