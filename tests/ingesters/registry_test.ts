import assert from "node:assert/strict";
import { IngesterRegistry } from "../../src/ingesters/registry.ts";
import type { Ingester, IngesterSpec } from "../../src/model/ingester.ts";

const settings = {
  podNamespace: "zen",
  watchNamespaces: [],
  dedupWindowSeconds: 60,
  observationTtlSeconds: 3600,
  maxRequestBytes: 12 * 1024 * 1024,
  hasClientCa: false,
  destinationAllowlist: [],
};

function ingester(
  name: string,
  created: string,
  generation = 1,
  spec: IngesterSpec = { source: "falco" },
): Ingester {
  return {
    apiVersion: "zen.kube-zen.io/v1alpha1",
    kind: "Ingester",
    metadata: {
      name,
      namespace: "zen",
      uid: name,
      resourceVersion: "1",
      generation,
      creationTimestamp: created,
    },
    spec,
  };
}

Deno.test("Two Ingesters never share a path: the older keeps it whatever the order they come in", () => {
  for (const order of [["old", "young"], ["young", "old"]]) {
    const registry = new IngesterRegistry(settings);
    for (const name of order) {
      registry.put(ingester(name, name === "old" ? "2026-01-01T00:00:00Z" : "2026-01-02T00:00:00Z"));
    }
    assert.equal(registry.findByPath("/ingest/falco")?.key, "zen/old");
    const young = registry.entries.get("zen/young")?.compiled;
    assert.match(young?.kind === "invalid" ? young.message : "", /belongs to the older Ingester zen\/old/);
    registry.remove("zen/old");
    assert.equal(registry.findByPath("/ingest/falco")?.key, "zen/young");
    assert.equal(registry.entries.get("zen/young")?.compiled.kind, "webhook");
  }
});

Deno.test("A change of status alone compiles nothing anew and tells nobody", () => {
  const registry = new IngesterRegistry(settings);
  registry.put(ingester("a", "2026-01-01T00:00:00Z"));
  const before = registry.entries.get("zen/a")?.compiled;
  let told = 0;
  registry.onChange(() => told++);
  const again = ingester("a", "2026-01-01T00:00:00Z");
  registry.put({
    ...again,
    metadata: { ...again.metadata, resourceVersion: "2" },
    status: { observedGeneration: 1 },
  });
  assert.equal(registry.entries.get("zen/a")?.compiled, before);
  assert.equal(registry.entries.get("zen/a")?.ingester.status?.observedGeneration, 1);
  assert.equal(told, 0);
  registry.put(ingester("a", "2026-01-01T00:00:00Z", 2));
  assert.notEqual(registry.entries.get("zen/a")?.compiled, before);
  assert.equal(told, 1);
});

Deno.test("A change of one Ingester leaves what was compiled of the others the same object", () => {
  const registry = new IngesterRegistry(settings);
  for (const name of ["a", "b", "c"]) registry.put(ingester(name, "2026-01-01T00:00:00Z"));
  const compiled = (name: string): unknown => registry.entries.get(`zen/${name}`)?.compiled;
  const before = [compiled("b"), compiled("c")];
  registry.put(ingester("d", "2026-01-01T00:00:00Z", 1, { source: "trivy" }));
  assert.deepEqual([compiled("b") === before[0], compiled("c") === before[1]], [true, true]);
});

Deno.test("An Ingester that was deleted and made again under the same name is another one", () => {
  const registry = new IngesterRegistry(settings);
  registry.put(ingester("a", "2026-01-01T00:00:00Z"));
  const before = registry.entries.get("zen/a")?.compiled;
  const again = ingester("a", "2026-01-01T00:00:00Z", 1, { source: "trivy" });
  registry.put({ ...again, metadata: { ...again.metadata, uid: "another" } });
  assert.notEqual(registry.entries.get("zen/a")?.compiled, before);
});
