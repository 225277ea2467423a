import assert from "node:assert/strict";
import { Overlaps } from "../../src/ingesters/overlaps.ts";
import { IngesterRegistry } from "../../src/ingesters/registry.ts";
import type { IngesterSpec } from "../../src/model/ingester.ts";
import { COMPILE_SETTINGS, ingesterOf } from "../support/ingester_of.ts";

const reports = { group: "example.com", version: "v1", resource: "reports" };
const own = (informer: object = {}, more: object = {}): IngesterSpec => ({
  source: "own",
  ingester: "informer",
  informer: { gvr: reports, ...informer },
  ...more,
});
const many = Array.from({ length: 25 }, (_, index) => `n${index}`);

/** What the first of two Ingesters overlaps with; `elsewhere` puts the second into another namespace. */
function meet(first: IngesterSpec, second: IngesterSpec, elsewhere = false): readonly string[] {
  const registry = new IngesterRegistry(COMPILE_SETTINGS);
  const overlaps = new Overlaps(registry);
  registry.put(ingesterOf("a", first));
  registry.put(ingesterOf("b", second, elsewhere ? { namespace: "team" } : {}));
  return overlaps.of("zen/a");
}

Deno.test("Ingesters of one source overlap when they may read the same object", () => {
  const cases: readonly [what: string, IngesterSpec, IngesterSpec, boolean][] = [
    ["the same", own(), own(), true],
    ["all and one namespace", own(), own({}, { namespaces: ["x"] }), true],
    [
      "one namespace in common",
      own({}, { namespaces: ["x", "y"] }),
      own({}, { namespaces: ["y", "z"] }),
      true,
    ],
    ["no namespace in common", own({}, { namespaces: ["x"] }), own({}, { namespaces: ["y"] }), false],
    ["one watch over many namespaces", own({}, { namespaces: many }), own({}, { namespaces: ["n7"] }), true],
    ["beside the many", own({}, { namespaces: many }), own({}, { namespaces: ["x"] }), false],
    ["labels that exclude each other", own({ labelSelector: "a=1" }), own({ labelSelector: "a=2" }), false],
    ["fields that exclude each other", own({ fieldSelector: "a=1" }), own({ fieldSelector: "a!=1" }), false],
    ["other labels", own({ labelSelector: "a=1" }), own({ labelSelector: "b=2" }), true],
    ["another resource", own(), own({ gvr: { ...reports, resource: "others" } }), false],
    ["another version", own(), own({ gvr: { ...reports, version: "v2" } }), true],
    ["another source", own(), { ...own(), source: "other" }, false],
    ["one of many resources", { source: "kyverno" }, {
      source: "kyverno",
      informer: { gvr: { group: "openreports.io", version: "v1alpha1", resource: "reports" } },
    }, true],
    ["Events under both groups", { source: "kubernetes-events" }, {
      source: "kubernetes-events",
      informer: { gvr: { group: "events.k8s.io", version: "v1", resource: "events" } },
    }, true],
    ["a dry run", own(), own({}, { dryRun: true }), false],
    ["a suspended one", own(), own({}, { suspend: true }), false],
    ["webhooks", { source: "falco" }, { source: "falco", webhook: { path: "/other" } }, false],
    ["logs of the same pods", { source: "sealed-secrets" }, { source: "sealed-secrets" }, true],
    ["logs of other containers", { source: "sealed-secrets", logs: { container: "a" } }, {
      source: "sealed-secrets",
      logs: { container: "b" },
    }, false],
  ];
  for (const [what, first, second, expected] of cases) {
    assert.deepEqual(meet(first, second), expected ? ["zen/b"] : [], what);
    assert.deepEqual(meet(second, first), expected ? ["zen/b"] : [], `${what}, the other way round`);
  }
});

Deno.test("An Ingester in another namespace overlaps with what is read there", () => {
  assert.deepEqual(meet(own(), own(), true), ["team/b"]);
  assert.deepEqual(meet(own({}, { namespaces: ["x"] }), own(), true), []);
});

Deno.test("An overlap ends with its cause, and all that are in it are named", () => {
  const registry = new IngesterRegistry(COMPILE_SETTINGS);
  const overlaps = new Overlaps(registry);
  for (const name of ["c", "a", "b"]) registry.put(ingesterOf(name, own()));
  assert.deepEqual(overlaps.of("zen/b"), ["zen/a", "zen/c"]);
  registry.put(ingesterOf("a", own({}, { namespaces: ["x"] }), { generation: 2 }));
  registry.put(ingesterOf("c", own({}, { namespaces: ["y"] }), { generation: 2 }));
  assert.deepEqual(["a", "b", "c"].map((name) => overlaps.of(`zen/${name}`)), [
    ["zen/b"],
    ["zen/a", "zen/c"],
    [
      "zen/b",
    ],
  ]);
  registry.remove("zen/b");
  assert.deepEqual(["a", "b", "c"].map((name) => overlaps.of(`zen/${name}`)), [[], [], []]);
});

Deno.test("Five hundred that all overlap are compared within a moment, once", () => {
  const registry = new IngesterRegistry(COMPILE_SETTINGS);
  const overlaps = new Overlaps(registry);
  for (let index = 0; index < 500; index++) registry.put(ingesterOf(`i${index}`, own()));
  assert.equal(overlaps.of("zen/i0").length, 499);
  assert.equal(overlaps.of("zen/i499").length, 499);
});
