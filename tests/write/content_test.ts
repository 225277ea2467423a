import assert from "node:assert/strict";
import { contentHash, contentPatch } from "../../src/write/content.ts";
import { observationOf, reportOf } from "../support/observation_of.ts";

Deno.test("Content is what may change while a finding lasts, and nothing of when and where it was read", () => {
  const hash = contentHash(observationOf("a"));
  assert.equal(contentHash(observationOf("a", { origin: reportOf("other"), ingester: "other" })), hash);
  assert.equal(contentHash(observationOf("a", { finding: { detectedAt: "2026-05-05T00:00:00Z" } })), hash);
  const changes = [
    { severity: "low" },
    { title: "other" },
    { description: "other" },
    { details: { package: "zlib" } },
    { eventType: "other" },
    { category: "cost" },
    { resource: undefined },
  ] as const;
  for (const finding of changes) {
    assert.notEqual(contentHash(observationOf("a", { finding })), hash, JSON.stringify(finding));
  }
});

Deno.test("An object that was read back has the content that was written, whatever the order of its keys", () => {
  const written = observationOf("a", {
    finding: { details: { b: 1, a: { d: [1, { y: 2, x: 1 }], c: null } } },
  });
  const read = JSON.parse(JSON.stringify(written));
  read.spec.details = { a: { c: null, d: [1, { x: 1, y: 2 }] }, b: 1 };
  assert.equal(contentHash(read), contentHash(written));
});

Deno.test("A patch sets what is wanted and takes away what is not", () => {
  const { spec, labels } = contentPatch(observationOf("a"));
  assert.equal((spec as Record<string, unknown>)["description"], null);
  assert.equal((spec as Record<string, unknown>)["severity"], "high");
  assert.equal("detectedAt" in spec, false);
  assert.equal(labels["zen.kube-zen.io/severity"], "high");
});
