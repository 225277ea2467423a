import assert from "node:assert/strict";
import { builtinByKind, builtinByPlural } from "../../src/normalize/builtin_kinds.ts";

Deno.test("A builtin resource is found by plural and by kind", () => {
  const cases: readonly [string, string, string, boolean][] = [
    ["pods", "Pod", "v1", true],
    ["deployments", "Deployment", "apps/v1", true],
    ["networkpolicies", "NetworkPolicy", "networking.k8s.io/v1", true],
    ["nodes", "Node", "v1", false],
    ["clusterroles", "ClusterRole", "rbac.authorization.k8s.io/v1", false],
    ["customresourcedefinitions", "CustomResourceDefinition", "apiextensions.k8s.io/v1", false],
  ];
  for (const [plural, kind, apiVersion, isNamespaced] of cases) {
    const expected = { kind, apiVersion, isNamespaced };
    assert.deepEqual(builtinByPlural(plural), expected, plural);
    assert.deepEqual(builtinByKind(kind), expected, kind);
  }
});

Deno.test("Others are not known, whatever objects inherit", () => {
  for (const name of ["reports", "Pods", "pod", "constructor", "__proto__", ""]) {
    assert.equal(builtinByPlural(name), undefined, name);
  }
  for (const name of ["Report", "pod", "toString"]) assert.equal(builtinByKind(name), undefined, name);
});
