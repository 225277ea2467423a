import assert from "node:assert/strict";
import { parseArguments } from "../../src/cli/parse_arguments.ts";
import { listedIn, namespacesOf, placeSettingsOf } from "../../src/cli/config.ts";
import { ENVIRONMENT_NAMES } from "../../src/cli/settings.ts";
import { PRESET_SOURCES } from "../../src/model/preset.ts";
import { compileIngester } from "../../src/ingesters/compile.ts";
import type { Ingester } from "../../src/model/ingester.ts";
import { at, type Json, listAt, textAt } from "../../src/model/json.ts";
import { placesOf } from "../../src/write/place.ts";
import { PATTERNS } from "./patterns.ts";
import { goldenOf } from "./render.ts";
import { lineOf, objectsOf, ofKind, type Right, rightsOf } from "./rights.ts";
import { COMPILE_SETTINGS } from "../support/ingester_of.ts";

const golden = new Map(PATTERNS.map((pattern) => [
  pattern.name,
  objectsOf(Deno.readTextFileSync(goldenOf(pattern))),
]));
const objects = (pattern: string): readonly Json[] => golden.get(pattern) ?? assert.fail(pattern);
const nameOf = (object: Json): string => textAt(object, "metadata", "name") ?? "";
const namespaceOf = (object: Json): string => textAt(object, "metadata", "namespace") ?? "";
const workload = (pattern: string): Json =>
  objects(pattern).find((object) => ["Deployment", "StatefulSet"].includes(textAt(object, "kind") ?? "")) ??
    assert.fail(pattern);
const container = (pattern: string): Json =>
  listAt(workload(pattern), "spec", "template", "spec", "containers")[0] ?? assert.fail(pattern);

/** The environment as the kubelet makes it for the pod `<release>-0`. */
function environment(pattern: string): Record<string, string> {
  const fields: Record<string, string> = {
    "metadata.name": "zen-watcher-0",
    "metadata.namespace": namespaceOf(workload(pattern)),
  };
  return Object.fromEntries(
    listAt(container(pattern), "env").map((variable) => [
      textAt(variable, "name") ?? "",
      textAt(variable, "value") ?? fields[textAt(variable, "valueFrom", "fieldRef", "fieldPath") ?? ""] ?? "",
    ]),
  );
}

for (const { name, release, namespace } of PATTERNS) {
  Deno.test(`pattern ${name}: the program takes what its pod is started with`, () => {
    const env = environment(name);
    const unknown = Object.keys(env).filter((variable) => !ENVIRONMENT_NAMES.includes(variable));
    assert.deepEqual(unknown, []);
    assert.equal(
      new Set(Object.keys(env)).size,
      listAt(container(name), "env").length,
      "none is given twice",
    );
    const command = parseArguments(listAt(container(name), "args").map(String), env);
    assert.equal(command.kind, "run", JSON.stringify(command));
    assert.ok(command.kind === "run");
    assert.equal(command.config.podNamespace, namespace);
    assert.equal(command.config.releaseName, release);
    const ports = listAt(container(name), "ports").map((port) => at(port, "containerPort"));
    assert.deepEqual(ports, [command.config.listen.webhookPort, command.config.listen.metricsPort]);
  });

  Deno.test(`pattern ${name}: the Ingesters it creates can run`, () => {
    for (const ingester of ofKind(objects(name), "Ingester")) {
      const settings = { ...COMPILE_SETTINGS, podNamespace: namespace };
      const compiled = compileIngester(ingester as unknown as Ingester, settings);
      assert.notEqual(compiled.kind, "invalid", JSON.stringify(compiled));
    }
  });

  Deno.test(`pattern ${name}: its pod is restricted, and nobody may read Secrets or write anything but by need`, () => {
    const pod = at(workload(name), "spec", "template", "spec");
    assert.equal(at(pod, "securityContext", "runAsNonRoot"), true);
    assert.deepEqual(at(container(name), "securityContext"), {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    const rights = rightsIn(name);
    assert.deepEqual(
      rights.filter(({ resource, names }) => resource === "secrets" && names === undefined),
      [],
    );
    const all = rights.flatMap(({ verb, group, resource }) => [verb, group, resource]);
    assert.ok(!all.includes("*"));
    const writes = rights.filter(({ verb }) => !["get", "list", "watch"].includes(verb));
    assert.deepEqual([...new Set(writes.map(({ resource }) => resource))].sort(), writtenIn(name));
  });
}

function writtenIn(pattern: string): readonly string[] {
  const lease = pattern === "single-without-election" ? [] : ["leases"];
  const own = ["configmaps", "events", "ingesters/status", ...lease, "observations", "observations/status"];
  return pattern === "suite" ? ["alerts", ...own, "findings"].sort() : own;
}

const SHARDS = ["shard-prod-critical", "shard-prod-standard"];
for (const name of SHARDS) {
  Deno.test(`pattern ${name}: no right reaches beyond its namespaces`, () => {
    const kinds = objects(name).map((object) => textAt(object, "kind"));
    assert.ok(!kinds.includes("ClusterRole") && !kinds.includes("ClusterRoleBinding"));
    const watched = (environment(name)["WATCH_NAMESPACE"] ?? "").split(",");
    assert.equal(watched.length, 2);
    const roles = ofKind(objects(name), "Role");
    assert.deepEqual(
      new Set(roles.map(namespaceOf)),
      new Set([namespaceOf(workload(name)), ...watched]),
    );
  });
}

for (const { name, namespace: own } of PATTERNS) {
  Deno.test(`pattern ${name}: it may look for Ingesters and collect Observations where the program does, and nowhere else`, () => {
    const command = parseArguments(listAt(container(name), "args").map(String), environment(name));
    assert.ok(command.kind === "run");
    const { config } = command;
    const { podNamespace, ingesters } = namespacesOf(config, own);
    const scope = listedIn(ingesters);
    const places = placesOf(placeSettingsOf(config, podNamespace), scope);
    const mayDo = (verb: string, resource: string): readonly string[] =>
      [...ofKind(objects(name), "Role"), ...ofKind(objects(name), "ClusterRole")]
        .filter((role) => rightsOf([role]).map(lineOf).includes(`${verb} zen.kube-zen.io/${resource}`))
        .map((role) => textAt(role, "metadata", "namespace") ?? "everywhere").sort();
    assert.deepEqual(mayDo("delete", "observations"), [...(places ?? ["everywhere"])].sort());
    assert.deepEqual(mayDo("list", "observations"), [...(places ?? ["everywhere"])].sort());
    assert.deepEqual(mayDo("watch", "ingesters"), [...(scope ?? ["everywhere"])].sort());
  });
}

Deno.test("each Role and ClusterRole is bound, and to the ServiceAccount of the pod alone", () => {
  for (const { name } of PATTERNS) {
    for (const kind of ["Role", "ClusterRole"]) {
      const keys = (found: readonly Json[]): readonly string[] =>
        found.map((object) => `${namespaceOf(object)}/${nameOf(object)}`).sort();
      const bindings = ofKind(objects(name), `${kind}Binding`);
      assert.deepEqual(keys(ofKind(objects(name), kind)), keys(bindings));
      for (const binding of bindings) {
        assert.equal(textAt(binding, "roleRef", "name"), nameOf(binding));
        assert.deepEqual(at(binding, "subjects"), [{
          kind: "ServiceAccount",
          name: textAt(workload(name), "spec", "template", "spec", "serviceAccountName"),
          namespace: namespaceOf(workload(name)),
        }]);
      }
    }
  }
});

Deno.test("no pattern gives a right that the program was not measured to use", () => {
  // The integration tests run with those of this one, and one of them proves each to be used.
  const measured = new Set(rightsIn("suite").map(lineOf));
  const isMeasured = (right: Right): boolean =>
    measured.has(lineOf(right)) || measured.has(lineOf({ ...right, names: undefined }));
  for (const { name } of PATTERNS) {
    const others = rightsIn(name).filter((right) => !isMeasured(right)).map(lineOf);
    assert.deepEqual(
      others,
      name === "everything" ? ["list example.com/widgets", "watch example.com/widgets"] : [],
      name,
    );
  }
});

function rightsIn(pattern: string): readonly Right[] {
  return rightsOf([...ofKind(objects(pattern), "Role"), ...ofKind(objects(pattern), "ClusterRole")]);
}

Deno.test("a single replica is not held on its node, and one without election is never two", () => {
  for (const name of ["single", "single-without-election"]) {
    assert.deepEqual(ofKind(objects(name), "PodDisruptionBudget"), []);
  }
  assert.equal(textAt(workload("single-without-election"), "spec", "strategy", "type"), "Recreate");
  const [budget] = ofKind(objects("default"), "PodDisruptionBudget");
  assert.equal(at(budget, "spec", "minAvailable"), 1);
});

Deno.test("what everything asks for is there", () => {
  const kinds = new Set(objects("everything").map((object) => textAt(object, "kind")));
  for (const kind of ["StatefulSet", "HorizontalPodAutoscaler", "ServiceMonitor", "FlowSchema", "Ingester"]) {
    assert.ok(kinds.has(kind), kind);
  }
  assert.equal(at(workload("everything"), "spec", "replicas"), undefined);
  const names = rightsOf(ofKind(objects("everything"), "Role")).filter(({ resource }) =>
    resource === "secrets"
  );
  assert.deepEqual(
    [...new Set(names.flatMap((right) => right.names ?? []))].sort(),
    ["audit-webhook", "falco", "falco-webhook", "pager"],
  );
});

Deno.test("every source with a preset can be switched on", () => {
  const values = objectsOf(Deno.readTextFileSync(new URL("../../chart/values.yaml", import.meta.url)))[0] ??
    null;
  const known = [
    ...Object.keys(at(values, "sources") ?? {}),
    ...Object.keys(at(values, "ingester", "presets") ?? {}),
  ];
  assert.deepEqual(PRESET_SOURCES.filter((source) => !known.includes(source)), []);
});
