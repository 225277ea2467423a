import assert from "node:assert/strict";
import { presetOf } from "../../src/model/preset.ts";

const MEBIBYTE = 1024 * 1024;

Deno.test("A preset says how its signals come in, and what is left out of them", () => {
  const cases: readonly [string, string, string | undefined, number][] = [
    ["trivy", "informer", "high", 10],
    ["kyverno", "informer", undefined, 4],
    ["kubernetes-events", "informer", "medium", 1],
    ["falco", "webhook", undefined, 0],
    ["audit", "webhook", "low", 0],
  ];
  for (const [source, ingester, minSeverity, gvrs] of cases) {
    const preset = presetOf(source);
    assert.deepEqual(
      [preset.ingester, preset.filters.minSeverity, preset.gvrs.length, preset.isSupported],
      [ingester, minSeverity, gvrs, true],
      source,
    );
  }
});

Deno.test("Batches of the audit log may be larger than other bodies", () => {
  assert.equal(presetOf("audit").maxBodyBytes, 12 * MEBIBYTE);
  assert.equal(presetOf("falco").maxBodyBytes, MEBIBYTE);
});

Deno.test("Sources whose reader does not exist yet say so", () => {
  for (const source of ["kube-bench", "checkov", "cert-manager", "sealed-secrets"]) {
    assert.equal(presetOf(source).isSupported, false, source);
  }
});

Deno.test("Any other source sends JSON by webhook, also one with a name that objects have", () => {
  for (const source of ["own", "constructor", "tostring", "__proto__", ""]) {
    const preset = presetOf(source);
    assert.deepEqual([preset.ingester, preset.gvrs, preset.filters], ["webhook", [], {}], source);
  }
});
