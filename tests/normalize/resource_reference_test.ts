import assert from "node:assert/strict";
import { resourceReference } from "../../src/normalize/resource_reference.ts";

Deno.test("Fields that say nothing are left out, and a reference without any is none", () => {
  assert.deepEqual(resourceReference({ kind: "Pod", name: "web", namespace: "", apiVersion: undefined }), {
    kind: "Pod",
    name: "web",
  });
  assert.equal(resourceReference({ kind: "", name: "\0" }), undefined);
  assert.equal(resourceReference({}), undefined);
});

Deno.test("Fields are always in the same order, whatever the order they came in", () => {
  const one = resourceReference({ namespace: "n", name: "a", kind: "K", apiVersion: "v1" });
  assert.deepEqual(Object.keys(one ?? {}), ["apiVersion", "kind", "name", "namespace"]);
});

Deno.test("A field is cut to what the CRD takes", () => {
  const long = resourceReference({
    kind: "k".repeat(500),
    name: "n".repeat(2000),
    namespace: "s".repeat(500),
  });
  assert.deepEqual([long?.kind?.length, long?.name?.length, long?.namespace?.length], [253, 1024, 253]);
});
