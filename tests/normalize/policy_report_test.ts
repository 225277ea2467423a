import assert from "node:assert/strict";
import type { Finding } from "../../src/model/finding.ts";
import type { Json, JsonObject } from "../../src/model/json.ts";
import { findings, findingsIn, normalized, normalizedSample, onlyFinding, samplesIn } from "./samples.ts";

const API = "wgpolicyk8s.io/v1alpha2";

Deno.test("Every policy report yields the findings that its content says", () => {
  let counted = 0;
  for (const sample of [...samplesIn("kyverno"), ...samplesIn("openreports")]) {
    // Counted in the text: no sample's failed result names more than one resource.
    const expected = sample.text.match(/^[ -]*(result|status): (fail|warn|error)\r?$/gm)?.length ?? 0;
    const given = normalizedSample("kyverno", sample);
    assert.equal(given.filter(({ kind }) => kind === "finding").length, expected, sample.file);
    assert.equal(given.length, expected, sample.file);
    counted += expected;
  }
  assert.ok(counted > 100, `only ${counted} findings`);
});

Deno.test("A sample's findings read as a person would write them", () => {
  const cases: readonly [file: string, index: number, expected: Partial<Finding>][] = [
    ["kyverno/website/reports-1.yaml", 0, {
      category: "compliance",
      eventType: "policy_violation",
      severity: "medium",
      title: "disallow-host-namespaces/host-namespaces",
      detectedAt: "2023-12-06T13:19:22Z",
      resource: {
        apiVersion: "v1",
        kind: "Pod",
        name: "kube-apiserver-kind-control-plane",
        namespace: "kube-system",
      },
      rule: "host-namespaces",
      isState: true,
      isWindowed: false,
      identity: [
        "disallow-host-namespaces",
        "host-namespaces",
        "v1",
        "Pod",
        "kube-system",
        "kube-apiserver-kind-control-plane",
        "kyverno",
      ],
    }],
    ["kyverno/conformance-partial/reports__admission__update-deployment__report-assert.yaml", 0, {
      severity: "medium",
      title: "require-multiple-replicas/require-multiple-replicas",
      resource: { apiVersion: "apps/v1", kind: "Deployment", name: "nginx-test" },
    }],
    ["kyverno/website/announcing-kyverno-release-1.12-1.yaml", 0, {
      severity: "high",
      title: "check-deployment-replicas",
      description: "failed expression: object.spec.replicas <= 5",
      rule: "check-deployment-replicas",
    }],
    // v1alpha1: the outcome is called status.
    ["kyverno/website/kyverno-cli-1.yaml", 0, {
      severity: "high",
      title: "require-pod-requests-limits/validate-resources",
      resource: { apiVersion: "v1", kind: "Pod", name: "nginx2", namespace: "default" },
    }],
    // No resource and no scope; a timestamp of 0 seconds was never set.
    ["kyverno/wg-policy/kube-bench-adapter-policy-report.yaml", 0, {
      severity: "high",
      title: "Master Node Security Configuration/Master Node Configuration Files",
      resource: undefined,
      detectedAt: "2021-04-08T11:44:57Z",
    }],
    // Nanos that are no nanos.
    ["kyverno/wg-policy/kubearmor-adapter-list.yaml", 0, {
      severity: "medium",
      title: "ksp-group-1-proc-path-block",
      detectedAt: "2021-11-21T12:31:25Z",
    }],
    ["openreports/sample-rhacm-policy.yaml", 0, {
      severity: "high",
      title: "mustnothaveimagevuln",
      // The result's own resources go before the report's scope.
      resource: {
        apiVersion: "secscan.quay.redhat.com/v1alpha1",
        kind: "ImageManifestVuln",
        name: "sha256.8d104847fc2371a983f7cb01c7c0a3ab35b7381d6bf7ce355d9b32a08c0031f0",
        namespace: "openshift-cluster-version",
      },
    }],
    ["openreports/kyverno-website-kyverno-cli-2.yaml", 0, {
      severity: "high",
      title: "check-pod-name-from-configmap",
      description: undefined,
      detectedAt: "2025-07-17T12:50:17Z",
    }],
  ];
  for (const [file, index, expected] of cases) {
    const finding = findingsIn("kyverno", file)[index] as Finding;
    const given = Object.fromEntries(
      Object.keys(expected).map((key) => [key, finding[key as keyof Finding]]),
    );
    assert.deepEqual(given, expected, `${file}[${index}]`);
  }
});

Deno.test("85 findings without resource have 85 identities, told apart by message and properties", () => {
  const all = findingsIn("kyverno", "kyverno/wg-policy/kube-bench-adapter-policy-report.yaml");
  assert.equal(all.length, 85);
  assert.equal(new Set(all.map(({ identity }) => JSON.stringify(identity))).size, 85);
});

const report = (result: JsonObject, more: JsonObject = {}): JsonObject => ({
  apiVersion: API,
  kind: "PolicyReport",
  metadata: { name: "r", namespace: "team" },
  results: [{ policy: "p", rule: "u", result: "fail", ...result }],
  ...more,
});

Deno.test("The same finding in both APIs has one identity", () => {
  const scope = { apiVersion: "v1", kind: "Pod", name: "a", namespace: "team" };
  const old = onlyFinding("kyverno", report({ source: "kyverno" }, { scope }));
  const renamed = onlyFinding(
    "kyverno",
    report({ source: "kyverno", resources: [scope] }, {
      apiVersion: "openreports.io/v1alpha1",
      kind: "Report",
      metadata: { name: "other", namespace: "team" },
    }),
  );
  assert.deepEqual(renamed.identity, old.identity);
  const elsewhere = onlyFinding("kyverno", report({ source: "kyverno" }, { scope: { ...scope, name: "b" } }));
  assert.notDeepEqual(elsewhere.identity, old.identity);
  const engine = onlyFinding("kyverno", report({ source: "other" }, { scope }));
  assert.notDeepEqual(engine.identity, old.identity);
});

Deno.test("A report's own source counts where a result has none", () => {
  const scope = { kind: "Pod", name: "a" };
  assert.deepEqual(
    onlyFinding("kyverno", report({}, { scope, source: "engine" })).identity,
    onlyFinding("kyverno", report({ source: "engine" }, { scope })).identity,
  );
});

Deno.test("A result yields one finding for each of its resources", () => {
  const all = findings(
    "kyverno",
    report({
      resources: [{ kind: "Pod", name: "a" }, { kind: "Pod", name: "b", namespace: "other" }, {}],
      subjects: [{ kind: "Namespace", name: "c" }],
    }, { scope: { kind: "Node", name: "never" } }),
  );
  assert.deepEqual(all.map(({ resource }) => resource), [
    // Without a namespace of its own it is the report's, unless the kind is cluster-wide.
    { kind: "Pod", name: "a", namespace: "team" },
    { kind: "Pod", name: "b", namespace: "other" },
    { kind: "Namespace", name: "c" },
  ]);
});

Deno.test("Severity is the result's own in any case, else what its outcome says", () => {
  const cases: readonly [JsonObject, string | undefined][] = [
    [{ severity: "CRITICAL" }, "critical"],
    [{ severity: "Low", result: "error" }, "low"],
    [{ severity: "info" }, "info"],
    [{ severity: "none" }, "high"],
    [{}, "high"],
    [{ result: "warn" }, "medium"],
    [{ result: "error" }, "critical"],
    [{ result: "FAIL" }, "high"],
    [{ result: "pass", severity: "high" }, undefined],
    [{ result: "skip" }, undefined],
    [{ result: "", status: "error" }, "critical"],
    [{ result: null }, undefined],
  ];
  for (const [result, expected] of cases) {
    const given = findings("kyverno", report(result)).map(({ severity }) => severity);
    assert.deepEqual(given, expected === undefined ? [] : [expected], JSON.stringify(result));
  }
});

Deno.test("A timestamp is taken as far as it makes sense", () => {
  const cases: readonly [Json, string | undefined][] = [
    [{ seconds: 1701868762, nanos: 0 }, "2023-12-06T13:19:22Z"],
    [{ seconds: 1701868762, nanos: 1500000 }, "2023-12-06T13:19:22.0015Z"],
    [{ seconds: 1628548814, nanos: -879126275 }, "2021-08-09T22:40:14Z"],
    [{ seconds: 1e15, nanos: 0 }, undefined],
    [{ seconds: "soon" }, undefined],
    ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"],
    [{ seconds: "1701868762" }, "2023-12-06T13:19:22Z"],
    [null, undefined],
  ];
  for (const [timestamp, expected] of cases) {
    assert.equal(
      onlyFinding("kyverno", report({ timestamp })).detectedAt,
      expected,
      JSON.stringify(timestamp),
    );
  }
});

Deno.test("What cannot be split is rejected, and what can is taken all the same", () => {
  const given = normalized("kyverno", { ...report({}), results: [null, { policy: "p", result: "fail" }] });
  assert.deepEqual(given.map(({ kind }) => kind), ["rejected", "finding"]);
  const [wrong] = normalized("kyverno", { ...report({}), results: { a: 1 } });
  assert.deepEqual(wrong, {
    kind: "rejected",
    reason: "wrong_shape",
    message: "Cannot take a policy report: results must be a list, given an object with a (a number)",
  });
  assert.deepEqual(normalized("kyverno", { apiVersion: API, kind: "PolicyReport" }), []);
  const results: readonly [JsonObject, readonly string[]][] = [
    [{ result: "broken" }, ["rejected"]],
    [{ result: ["fail"] }, ["rejected"]],
    [{ policy: null, rule: "" }, ["rejected"]],
    [{ resources: [{ kind: "Pod", name: "a" }, "x"] }, ["rejected", "finding"]],
    // What cannot be read must not make a finding about the scope.
    [{ resources: ["x"] }, ["rejected"]],
    [{ resources: { kind: "Pod" } }, ["rejected"]],
  ];
  for (const [result, expected] of results) {
    const kinds = normalized("kyverno", report(result, { scope: { kind: "Node", name: "n" } }))
      .map(({ kind }) => kind);
    assert.deepEqual(kinds, expected, JSON.stringify(result));
  }
});

Deno.test("A finding with a resource keeps its identity when its message changes, one without is another", () => {
  const identity = (message: string, scope: Json): Json =>
    onlyFinding("kyverno", report({ message, properties: { a: "1" } }, { scope })).identity;
  const pod = { kind: "Pod", name: "a" };
  assert.deepEqual(identity("one", pod), identity("two", pod));
  assert.deepEqual(identity("one", null), identity("one", null));
  assert.notDeepEqual(identity("one", null), identity("two", null));
});
