import assert from "node:assert/strict";
import { resourcePath } from "../../src/kube/api.ts";

const events = { group: "", version: "v1", resource: "events" };
const own = { group: "zen.kube-zen.io", version: "v1alpha1", resource: "observations" };

Deno.test("The path of a resource is that of the API conventions", () => {
  const cases: readonly [string, string][] = [
    [resourcePath(events), "/api/v1/events"],
    [resourcePath(events, "shop"), "/api/v1/namespaces/shop/events"],
    [resourcePath(events, "shop", "e1"), "/api/v1/namespaces/shop/events/e1"],
    [resourcePath(own), "/apis/zen.kube-zen.io/v1alpha1/observations"],
    [resourcePath(own, ""), "/apis/zen.kube-zen.io/v1alpha1/observations"],
    [
      resourcePath(own, "shop", "o1", "status"),
      "/apis/zen.kube-zen.io/v1alpha1/namespaces/shop/observations/o1/status",
    ],
    [resourcePath(own, undefined, "o1"), "/apis/zen.kube-zen.io/v1alpha1/observations/o1"],
  ];
  for (const [path, expected] of cases) assert.equal(path, expected);
});

Deno.test("A name never leads to another path", () => {
  assert.equal(resourcePath(events, "a/b", "../x?y#z"), "/api/v1/namespaces/a%2Fb/events/..%2Fx%3Fy%23z");
});
