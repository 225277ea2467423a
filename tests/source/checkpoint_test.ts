import assert from "node:assert/strict";
import { checkpointKey, checkpointText, readCheckpoint, uidOfKey } from "../../src/source/checkpoint.ts";

const events = { group: "", version: "v1", resource: "events" };
const watch = {
  uid: "0b2c6f0e-1f4e-4f1e-9d0c-000000000001",
  gvr: events,
  namespace: undefined,
  labelSelector: undefined,
  fieldSelector: undefined,
};

Deno.test("The key of a watch is its Ingester's uid and a hash of all that makes it another watch", () => {
  const key = checkpointKey(watch);
  assert.match(key, /^0b2c6f0e-1f4e-4f1e-9d0c-000000000001\.[a-z2-7]{16}$/);
  assert.equal(uidOfKey(key), watch.uid);
  const others = [
    { ...watch, uid: "other" },
    { ...watch, gvr: { ...events, group: "events.k8s.io" } },
    { ...watch, gvr: { ...events, version: "v2" } },
    { ...watch, gvr: { ...events, resource: "pods" } },
    { ...watch, namespace: "a" },
    { ...watch, labelSelector: "a" },
    { ...watch, fieldSelector: "a" },
  ];
  assert.equal(new Set([watch, ...others].map(checkpointKey)).size, others.length + 1);
  assert.equal(checkpointKey({ ...watch }), key);
});

Deno.test("A key is a legal key of a ConfigMap", () => {
  assert.match(checkpointKey(watch), /^[-._a-zA-Z0-9]{1,253}$/);
});

Deno.test("A checkpoint is read as it was written", () => {
  const checkpoint = { resourceVersion: "4711", time: "2026-01-01T00:00:00.000Z", spec: "abc" };
  assert.deepEqual(readCheckpoint(checkpointText(checkpoint)), checkpoint);
  const { spec: _, ...without } = checkpoint;
  assert.deepEqual(readCheckpoint(checkpointText(without)), { ...without, spec: undefined });
});

Deno.test("What is no checkpoint is read as none", () => {
  const wrong: readonly unknown[] = [
    undefined,
    null,
    7,
    "",
    "not json",
    "[]",
    "{}",
    '{"resourceVersion":"5"}',
    '{"time":"2026-01-01T00:00:00Z"}',
    '{"resourceVersion":5,"time":"2026-01-01T00:00:00Z"}',
    '{"resourceVersion":"-5","time":"2026-01-01T00:00:00Z"}',
    '{"resourceVersion":"5&watch=0","time":"2026-01-01T00:00:00Z"}',
    '{"resourceVersion":"5","time":"yesterday"}',
    '{"resourceVersion":"5","time":"2026-01-01T00:00:00Z"',
  ];
  for (const text of wrong) assert.equal(readCheckpoint(text), undefined, String(text));
});
