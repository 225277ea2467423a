import assert from "node:assert/strict";
import { stringify } from "yaml";
import { crdsText } from "../../src/cli/crds_command.ts";
import { startControlPlane } from "../control_plane/control_plane.ts";
import { kubectl, type KubectlAnswer } from "../support/kubectl.ts";

const API_VERSION = "zen.kube-zen.io/v1alpha1";
const NAMESPACE = "production";

interface Case {
  readonly name: string;
  readonly kind: "Ingester" | "Observation";
  readonly spec: unknown;
  readonly objectName?: string;
}

const taken: readonly Case[] = [
  { name: "the least Ingester", kind: "Ingester", spec: { source: "trivy", namespaces: ["production"] } },
  {
    name: "an Ingester whose name has 63 characters",
    kind: "Ingester",
    spec: { source: "trivy" },
    objectName: "a".repeat(63),
  },
  {
    name: "an informer of one's own",
    kind: "Ingester",
    spec: {
      source: "mine",
      ingester: "informer",
      informer: { gvr: { group: "", version: "v1", resource: "pods" }, resyncPeriod: "0" },
    },
  },
  {
    name: "a webhook with a Secret, lifetimes and a mapping",
    kind: "Ingester",
    spec: {
      source: "mine",
      webhook: { path: "/mine", auth: { type: "bearer", secretName: "mine" } },
      deduplication: { strategy: "key", fields: ["id"], window: "90s" },
      ttl: { default: "24h", bySeverity: { critical: "48h" } },
      normalization: { severityMap: { ERR: "high" }, priority: { ERR: 0.9 } },
      rateLimit: { requestsPerSecond: 0.5 },
    },
  },
  {
    name: "a finding",
    kind: "Observation",
    objectName: "a-finding",
    spec: {
      source: "trivy",
      category: "security",
      severity: "critical",
      eventType: "vulnerability",
      title: "CVE-2026-0001 in openssl 3.0",
      detectedAt: "2026-01-01T00:00:00.123456Z",
      resource: { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "production" },
      details: { any: { shape: [1, "two", { three: true }] } },
    },
  },
  {
    name: "another writer's finding",
    kind: "Observation",
    objectName: "another-finding",
    spec: {
      source: "other",
      domain: "security",
      type: "cve",
      priority: 0.4,
      title: "A title",
      description: "A description",
      detectedAt: "2026-01-01T02:00:00+02:00",
      resources: [{ any: "shape" }],
      raw: { any: ["shape"] },
    },
  },
];

const refused: readonly (Case & { readonly says: RegExp })[] = [
  {
    name: "an unknown field",
    kind: "Ingester",
    spec: { source: "trivy", foo: 1 },
    says: /strict decoding error: unknown field "spec\.foo"/,
  },
  {
    name: "a lifetime for an unknown severity",
    kind: "Ingester",
    spec: { source: "trivy", ttl: { bySeverity: { bad: "1h" } } },
    says: /unknown field "spec\.ttl\.bySeverity\.bad"/,
  },
  {
    name: "a webhook for trivy",
    kind: "Ingester",
    spec: { source: "trivy", webhook: { path: "/trivy" } },
    says: /block webhook needs ingester webhook/,
  },
  {
    name: "an informer for falco",
    kind: "Ingester",
    spec: { source: "falco", informer: { labelSelector: "a=b" } },
    says: /block informer needs ingester informer/,
  },
  {
    name: "two ways in at once",
    kind: "Ingester",
    spec: { source: "mine", webhook: { path: "/mine" }, logs: { container: "a" } },
    says: /at most one of the blocks webhook, informer and logs/,
  },
  {
    name: "an informer of nothing",
    kind: "Ingester",
    spec: { source: "mine", ingester: "informer" },
    says: /ingester informer needs informer\.gvr/,
  },
  {
    name: "an Ingester whose name has 64 characters",
    kind: "Ingester",
    spec: { source: "trivy" },
    objectName: "a".repeat(64),
    says: /name of an Ingester must be at most 63 characters/,
  },
  { name: "a source that is no label", kind: "Ingester", spec: { source: "Trivy_" }, says: /spec\.source/ },
  { name: "no source", kind: "Ingester", spec: {}, says: /spec\.source: Required value/ },
  {
    name: "bearer without a Secret",
    kind: "Ingester",
    spec: { source: "falco", webhook: { auth: { type: "bearer" } } },
    says: /auth of type bearer, basic or hmac needs secretName/,
  },
  {
    name: "strategy key without fields",
    kind: "Ingester",
    spec: { source: "mine", deduplication: { strategy: "key" } },
    says: /strategy key needs fields/,
  },
  {
    name: "a window of nothing",
    kind: "Ingester",
    spec: { source: "mine", deduplication: { window: "0" } },
    says: /spec\.deduplication\.window.*must be at least 1s/,
  },
  {
    name: "a rate of nothing",
    kind: "Ingester",
    spec: { source: "mine", rateLimit: { requestsPerSecond: 0 } },
    says: /requestsPerSecond in body should be greater than 0/,
  },
  {
    name: "half a finding",
    kind: "Observation",
    spec: { source: "other", category: "security", severity: "low", domain: "security" },
    says: /either category, severity and eventType must be given, or domain, type, priority/,
  },
  {
    name: "a time that is none",
    kind: "Observation",
    spec: { category: "security", severity: "low", eventType: "x", detectedAt: "yesterday" },
    says: /spec\.detectedAt in body must be of type date-time/,
  },
];

Deno.test("the API server takes both CustomResourceDefinitions and does what they say", async (test) => {
  await using controlPlane = await startControlPlane();
  const run = (args: readonly string[], input?: string): Promise<KubectlAnswer> =>
    kubectl(controlPlane.kubeconfig, args, input);
  const shown = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const create = ({ kind, spec, objectName }: Case, index: number): Promise<KubectlAnswer> => {
    const metadata = { name: objectName ?? `case-${index}`, namespace: NAMESPACE };
    return run(["create", "-f", "-"], stringify({ apiVersion: API_VERSION, kind, metadata, spec }));
  };

  await test.step("both are established and nothing is wrong with them", async () => {
    const applied = await run(["apply", "-f", "-"], crdsText());
    assert.equal(applied.code, 0, applied.stderr);
    assert.doesNotMatch(applied.stderr, /warning/i);
    const names = ["crd/observations.zen.kube-zen.io", "crd/ingesters.zen.kube-zen.io"];
    await shown("wait", "--for=condition=Established", "--timeout=30s", ...names);
    for (const name of names) {
      const conditions = await shown("get", name, "-o", "jsonpath={.status.conditions[*].type}");
      assert.deepEqual(conditions.split(" ").sort(), ["Established", "NamesAccepted"]);
    }
    // Discovery follows a moment after Established.
    for (let tries = 1; (await run(["get", "obs,zing", "-A"])).code !== 0; tries++) assert.ok(tries < 100);
    await shown("create", "namespace", NAMESPACE);
  });

  for (const [index, one] of taken.entries()) {
    await test.step(`it takes ${one.name}`, async () => {
      const { code, stderr } = await create(one, index);
      assert.equal(code, 0, stderr);
    });
  }
  for (const [index, one] of refused.entries()) {
    await test.step(`it refuses ${one.name}`, async () => {
      const { code, stderr } = await create(one, index);
      assert.equal(code, 1);
      assert.match(stderr, one.says);
    });
  }

  await test.step("one request creates an Observation with a status, and keeps its details", async () => {
    const object = JSON.parse(await shown("get", "obs", "a-finding", "-n", NAMESPACE, "-o", "json"));
    assert.deepEqual(object.status, { phase: "Active", count: 1 });
    assert.deepEqual(object.spec.details, { any: { shape: [1, "two", { three: true }] } });
  });

  await test.step("kubectl get obs shows values in its columns, and the title when asked", async () => {
    const table = await shown("get", "obs", "-n", NAMESPACE, "--field-selector", "spec.source=trivy");
    const [head, row, ...rest] = table.trim().split("\n").map((line) => line.split(/\s{2,}/));
    assert.deepEqual(head, ["NAME", "SOURCE", "SEVERITY", "CATEGORY", "TYPE", "RESOURCE", "COUNT", "AGE"]);
    assert.deepEqual(row?.slice(0, -1), [
      "a-finding",
      "trivy",
      "critical",
      "security",
      "vulnerability",
      "web",
      "1",
    ]);
    assert.deepEqual(rest, []);
    assert.match(await shown("get", "obsv", "-n", NAMESPACE, "-o", "wide"), /CVE-2026-0001 in openssl 3\.0/);
  });

  const selectors: readonly (readonly [string, readonly string[]])[] = [
    ["spec.severity=critical", ["observation.zen.kube-zen.io/a-finding"]],
    ["spec.severity=low", []],
    ["spec.category=security", ["observation.zen.kube-zen.io/a-finding"]],
    ["spec.source=other", ["observation.zen.kube-zen.io/another-finding"]],
    ["spec.resource.kind=Deployment,spec.resource.name=web", ["observation.zen.kube-zen.io/a-finding"]],
  ];
  for (const [selector, expected] of selectors) {
    await test.step(`kubectl get obs --field-selector ${selector}`, async () => {
      const names = await shown("get", "obs", "-A", "--field-selector", selector, "-o", "name");
      assert.deepEqual(names.split("\n").filter((name) => name !== ""), expected);
    });
  }

  await test.step("kubectl get ingesters shows the condition that the leader wrote", async () => {
    const status = {
      observedGeneration: 1,
      lastSignalTime: "2026-01-01T00:00:00Z",
      conditions: [{
        type: "Ready",
        status: "False",
        reason: "Forbidden",
        message: "Cannot watch pods",
        lastTransitionTime: "2026-01-01T00:00:00Z",
      }],
    };
    const patch = JSON.stringify({ status });
    await shown(
      "patch",
      "ingr",
      "case-0",
      "-n",
      NAMESPACE,
      "--subresource=status",
      "--type=merge",
      "-p",
      patch,
    );
    const table = await shown("get", "zing", "case-0", "-n", NAMESPACE, "-o", "wide");
    const [head, row] = table.trim().split("\n").map((line) => line.split(/\s{2,}/));
    assert.deepEqual(head, ["NAME", "SOURCE", "READY", "REASON", "LAST SIGNAL", "AGE", "MESSAGE"]);
    assert.deepEqual(row?.slice(0, 4), ["case-0", "trivy", "False", "Forbidden"]);
    assert.match(row?.[4] ?? "", /^[0-9]+[dhms]/);
    assert.equal(row?.at(-1), "Cannot watch pods");
  });
});
