import assert from "node:assert/strict";
import { compileSettingsOf, type Config, configOf, namespacesOf } from "../../src/cli/config.ts";
import { neededRights, type Right } from "../../src/cli/needed_rights.ts";
import { readSettings } from "../../src/cli/read_settings.ts";
import { type Entry, IngesterRegistry } from "../../src/ingesters/registry.ts";
import { isIngester } from "../../src/ingesters/ingester_watch.ts";
import { at, isJsonObject, type Json, listAt, textAt } from "../../src/model/json.ts";
import { objectsOf, ofKind, rightsOf } from "../chart/rights.ts";
import { PATTERNS } from "../chart/patterns.ts";
import { goldenOf } from "../chart/render.ts";
import { AT_HOME, OF_THE_TENANT } from "../integration/ingesters_of_all_rights.ts";
import { ingesterOf } from "../support/ingester_of.ts";

function config(environment: Record<string, string>): Config {
  const read = readSettings(new Map(), environment);
  assert.equal(read.kind, "values");
  return configOf(read.values);
}

function rights(environment: Record<string, string>, ...ingesters: readonly unknown[]): readonly Right[] {
  const settings = config(environment);
  const namespaces = namespacesOf(settings, undefined);
  const registry = new IngesterRegistry(compileSettingsOf(settings, namespaces.podNamespace));
  for (const ingester of ingesters) if (isIngester(ingester)) registry.put(ingester);
  return neededRights(settings, namespaces, registry.entries.values() as Iterable<Entry>);
}

function lines(needed: readonly Right[]): readonly string[] {
  return needed.map(({ verb, group, resource, subresource, namespace, name }) =>
    `${verb} ${group}/${resource}${subresource === undefined ? "" : `/${subresource}`} ${namespace ?? "*"}/${
      name ?? "*"
    }`
  );
}

/** What the chart says to its pods in their environment. */
function environmentOf(objects: readonly Json[]): Record<string, string> {
  const workload = objects.find((object) => /^(Deployment|StatefulSet)$/.test(textAt(object, "kind") ?? ""));
  const container = listAt(workload, "spec", "template", "spec", "containers")[0] ?? null;
  return Object.fromEntries(
    listAt(container, "env").flatMap((one) => {
      const value = textAt(one, "value");
      return value === undefined ? [] : [[textAt(one, "name") ?? "", value]];
    }),
  );
}

Deno.test("what is needed is what the program was seen to use on a real API server, no more and no less", async () => {
  // tests/integration/rights_test.ts compares what the chart gives for these Ingesters with the audit log.
  const pattern = PATTERNS.find(({ name }) => name === "suite") ?? assert.fail();
  const objects = objectsOf(await Deno.readTextFile(goldenOf(pattern)));
  const needed = rights(
    { ...environmentOf(objects), POD_NAMESPACE: pattern.namespace },
    ...Object.entries(AT_HOME).map(([name, spec]) =>
      ingesterOf(name, spec, { namespace: pattern.namespace })
    ),
    ...Object.entries(OF_THE_TENANT).map(([name, spec]) => ingesterOf(name, spec, { namespace: "team-a" })),
  );
  const granted = rightsOf([...ofKind(objects, "Role"), ...ofKind(objects, "ClusterRole")])
    .map(({ verb, group, resource }) => `${verb} ${group}/${resource}`);
  const found = lines(needed).map((line) => line.replace(/ [^ ]*$/, ""));
  assert.deepEqual([...new Set(found)].sort(), [...new Set(granted)].sort());
});

for (const pattern of PATTERNS) {
  Deno.test(`the chart grants every right that is needed: ${pattern.name}`, async () => {
    const objects = objectsOf(await Deno.readTextFile(goldenOf(pattern)));
    const ingesters = ofKind(objects, "Ingester").map((one, index): unknown =>
      isJsonObject(one) && isJsonObject(one["metadata"])
        ? {
          ...one,
          metadata: { namespace: pattern.namespace, ...one["metadata"], uid: `uid-${index}`, generation: 1 },
        }
        : one
    );
    const needed = rights({ ...environmentOf(objects), POD_NAMESPACE: pattern.namespace }, ...ingesters);
    assert.ok(needed.length >= 15, `${needed.length}`);
    assert.deepEqual(lines(needed.filter((right) => !isGranted(right, objects))), []);
    assert.ok(!isGranted({ ...needed[0] as Right, resource: "nodes" }, objects), "not everything is granted");
  });
}

function isGranted(right: Right, objects: readonly Json[]): boolean {
  const { verb, group, subresource, namespace, name } = right;
  const resource = subresource === undefined ? right.resource : `${right.resource}/${subresource}`;
  const roles = [
    ...ofKind(objects, "ClusterRole"),
    ...ofKind(objects, "Role").filter((role) =>
      namespace !== undefined && at(role, "metadata", "namespace") === namespace
    ),
  ];
  return rightsOf(roles).some((one) =>
    one.verb === verb && one.group === group && one.resource === resource &&
    (one.names === undefined || (name !== undefined && one.names.includes(name)))
  );
}

Deno.test("namespaces that are watched need their rights there, and none in the whole cluster", () => {
  const needed = rights(
    { POD_NAMESPACE: "zen", WATCH_NAMESPACE: "a,b", FILTER_CONFIGMAP_NAME: "filter" },
    ingesterOf("events", { source: "kubernetes-events" }),
  );
  const found = lines(needed);
  assert.deepEqual(found.filter((line) => line.includes(" */")), []);
  for (
    const line of [
      "list /events a/*",
      "watch /events b/*",
      "create zen.kube-zen.io/observations zen/*",
      "create zen.kube-zen.io/observations b/*",
      "list zen.kube-zen.io/ingesters a/*",
      "watch /configmaps zen/filter",
    ]
  ) assert.ok(found.includes(line), line);
});

Deno.test("a tenant's Ingester needs its Secret and its Observations in its own namespace", () => {
  const found = lines(rights(
    { POD_NAMESPACE: "zen", WATCH_NAMESPACE: "a", INGESTER_NAMESPACES: "zen,team" },
    ingesterOf("falco", { source: "falco", webhook: { auth: { type: "hmac", secretName: "s" } } }, {
      namespace: "team",
    }),
  ));
  for (const line of ["list /secrets team/s", "create zen.kube-zen.io/observations team/*"]) {
    assert.ok(found.includes(line), line);
  }
});

Deno.test("destinations need a create where Observations go; without a Lease none is needed for it", () => {
  const found = lines(rights(
    {
      POD_NAMESPACE: "zen",
      DESTINATION_ALLOWLIST: "example.com/v1/alerts",
      LEADER_ELECTION_MODE: "disabled",
    },
    ingesterOf("events", {
      source: "kubernetes-events",
      destinations: [{ type: "crd", gvr: { group: "example.com", version: "v1", resource: "alerts" } }],
    }),
    ingesterOf("asleep", { source: "trivy", suspend: true }),
    ingesterOf("wrong", { source: "unheard-of", ingester: "informer" }),
  ));
  assert.ok(found.includes("create example.com/alerts */*"));
  assert.ok(found.every((line) => !line.includes("leases") && !line.includes("aquasecurity")));
});
