import assert from "node:assert/strict";
import { checkRights } from "../../src/cli/check_rights.ts";
import type { Right } from "../../src/cli/needed_rights.ts";
import { ApiError } from "../../src/kube/errors.ts";
import { ACCESS_REVIEWS, apiOf, reviewed } from "../support/api_of.ts";

const never = new AbortController().signal;
const trivy = { group: "aquasecurity.github.io", version: "v1alpha1", resource: "vulnerabilityreports" };

function right(verb: string, resource: string, more: Partial<Right> = {}): Right {
  return {
    verb,
    resource,
    group: "",
    subresource: undefined,
    namespace: undefined,
    name: undefined,
    reason: "Ingester zen/one",
    source: undefined,
    ...more,
  };
}

Deno.test("every right is asked about as it is needed, and all being there is well", async () => {
  const api = apiOf(() => 0);
  const rights = [
    right("get", "pods", { subresource: "log", namespace: "a" }),
    right("watch", "secrets", { namespace: "zen", name: "token" }),
    right("list", "vulnerabilityreports", { group: trivy.group, source: trivy }),
  ];
  const checked = await checkRights(rights, undefined, api, never);
  assert.deepEqual(checked.map(({ verdict, message }) => [verdict, message]), [
    ["ok", "All 3 rights that settings and Ingesters need are there"],
  ]);
  assert.deepEqual(api.requests.map(reviewed).sort(), [
    "get /pods/log a/",
    "list aquasecurity.github.io/vulnerabilityreports /",
    "watch /secrets zen/token",
  ]);
});

Deno.test("a missing right is named with verb, resource, place and reason, and the rule that gives it", async () => {
  const api = apiOf(() => 0);
  api.answer(
    ACCESS_REVIEWS,
    (request) => ({ status: { allowed: !/secrets|events/.test(reviewed(request)) } }),
  );
  const checked = await checkRights(
    [
      right("list", "secrets", { namespace: "zen", name: "token" }),
      right("create", "pods"),
      right("watch", "secrets", { namespace: "zen", name: "token", reason: "Ingester zen/two" }),
      right("list", "events"),
    ],
    "system:serviceaccount:zen:zen-watcher",
    api,
    never,
  );
  assert.deepEqual(checked.map(({ verdict, message }) => [verdict, message]), [
    [
      "problem",
      "Missing: list, watch on secrets named token in namespace zen, for Ingester zen/one, Ingester zen/two",
    ],
    ["problem", "Missing: list on events in all namespaces, for Ingester zen/one"],
  ]);
  assert.equal(
    checked[0]?.advice,
    'grant {"apiGroups":[""],"resources":["secrets"],"verbs":["list","watch"],"resourceNames":["token"]} to ' +
      "system:serviceaccount:zen:zen-watcher by a Role in namespace zen " +
      "(chart: sources, extraSources, webhookSecrets, destinationAllowlist, watchNamespaces)",
  );
  assert.match(checked[1]?.advice ?? "", /by a ClusterRole/);
});

Deno.test("a right on what the API server does not serve is not needed yet", async () => {
  const api = apiOf(() => 0);
  api.answer(ACCESS_REVIEWS, () => ({ status: { allowed: false } }));
  const needed = [right("list", trivy.resource, { group: trivy.group, source: trivy })];
  assert.equal((await checkRights(needed, undefined, api, never))[0]?.verdict, "warning");
  const served = { resources: [{ name: trivy.resource, kind: "VulnerabilityReport", namespaced: true }] };
  api.answer("/apis/aquasecurity.github.io/v1alpha1", () => served);
  assert.equal((await checkRights(needed, undefined, api, never))[0]?.verdict, "problem");
  api.fail("/apis/aquasecurity.github.io/v1alpha1", new ApiError("500", { code: 500 }));
  assert.equal((await checkRights(needed, undefined, api, never))[0]?.verdict, "problem");
});

Deno.test("what is missing is counted where it is much, in the order in which it is needed", async () => {
  const api = apiOf(() => 0);
  api.answer(ACCESS_REVIEWS, () => ({ status: { allowed: false } }));
  const rights = Array.from({ length: 50 }, (_, index) => right("list", `things${index}`));
  const checked = await checkRights(rights, undefined, api, never);
  assert.equal(checked.length, 21);
  assert.match(checked[1]?.message ?? "", /things1 /);
  assert.equal(checked[20]?.message, "Missing on 30 more resources");
});
