import assert from "node:assert/strict";
import { holdsState, PRESET_SOURCES, presetOf } from "../../src/model/preset.ts";

const MEBIBYTE = 1024 * 1024;

Deno.test("A preset says how its signals come in, and what is left out of them", () => {
  const cases: readonly [string, string, string | undefined, number][] = [
    ["trivy", "informer", "high", 10],
    ["kyverno", "informer", undefined, 4],
    ["kubernetes-events", "informer", "medium", 1],
    ["kube-bench", "informer", undefined, 1],
    ["checkov", "informer", undefined, 1],
    ["cert-manager", "informer", undefined, 1],
    ["falco", "webhook", undefined, 0],
    ["alertmanager", "webhook", undefined, 0],
    ["audit", "webhook", "low", 0],
    ["sealed-secrets", "logs", undefined, 0],
  ];
  for (const [source, ingester, minSeverity, gvrs] of cases) {
    const preset = presetOf(source);
    assert.deepEqual(
      [preset.ingester, preset.filters.minSeverity, preset.gvrs.length],
      [ingester, minSeverity, gvrs],
      source,
    );
  }
});

Deno.test("Of ConfigMaps only those of the tool are read", () => {
  assert.deepEqual(presetOf("kube-bench").labelSelector, "app=kube-bench");
  assert.deepEqual(presetOf("checkov").labelSelector, "app=checkov");
  assert.equal(presetOf("trivy").labelSelector, undefined);
});

Deno.test("Batches of the audit log may be larger than other bodies", () => {
  assert.equal(presetOf("audit").maxBodyBytes, 12 * MEBIBYTE);
  assert.equal(presetOf("falco").maxBodyBytes, MEBIBYTE);
});

Deno.test("Of pod logs only those of the tool are read, for what its patterns say", () => {
  const { logs } = presetOf("sealed-secrets");
  assert.equal(logs?.podSelector, "app.kubernetes.io/name=sealed-secrets");
  assert.ok(
    (logs?.patterns ?? []).every(({ severity, eventType }) =>
      severity === "high" && eventType === "unseal_failed"
    ),
  );
  assert.equal(presetOf("trivy").logs, undefined);
});

Deno.test("Any other source sends JSON by webhook, also one with a name that objects have", () => {
  for (const source of ["own", "constructor", "tostring", "__proto__", ""]) {
    const preset = presetOf(source);
    assert.deepEqual([preset.ingester, preset.gvrs, preset.filters], ["webhook", [], {}], source);
  }
});

Deno.test("What a resource holds goes by its group and name, in whatever version", () => {
  const v2 = { group: "wgpolicyk8s.io", version: "v1beta1", resource: "policyreports" };
  assert.ok(holdsState(v2));
  assert.ok(!holdsState({ ...v2, group: "example.com" }));
  assert.ok(!holdsState({ group: "", version: "v1", resource: "events" }));
});

Deno.test("Every source with a preset is known by name, and no other has one of its own", () => {
  assert.equal(PRESET_SOURCES.length, 10);
  assert.equal(new Set(PRESET_SOURCES.map(presetOf)).size, 10);
  assert.ok(!PRESET_SOURCES.map(presetOf).includes(presetOf("of-nobody")));
});
