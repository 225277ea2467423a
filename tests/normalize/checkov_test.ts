import assert from "node:assert/strict";
import type { Json, JsonObject } from "../../src/model/json.ts";
import { findings, normalized, onlyFinding, samplesIn } from "./samples.ts";

const configMap = (data: Readonly<Record<string, string>>): JsonObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "iac", namespace: "ci", labels: { app: "checkov" } },
  data,
});
const failed = (more: JsonObject = {}): JsonObject => ({
  check_id: "CKV_K8S_1",
  check_name: "Do not",
  file_path: "/a.yaml",
  resource: "Deployment.team.web",
  check_result: { result: "FAILED", evaluated_keys: ["spec/a"] },
  code_block: [[1, "password: hunter2"]],
  ...more,
});
const framework = (...checks: readonly Json[]): JsonObject => ({
  check_type: "kubernetes",
  results: { passed_checks: [{ check_id: "P" }], failed_checks: checks },
});

Deno.test("Every report yields a finding for each failed check, by itself and in a ConfigMap", () => {
  for (const { file, text, payloads } of samplesIn("checkov")) {
    const expected = text.match(/"result": "FAILED"/g)?.length ?? 0;
    assert.equal(expected, file.includes("many") ? 3 : 0);
    assert.equal(findings("checkov", configMap({ "results.json": text })).length, expected, file);
    assert.equal(findings("checkov", payloads?.[0] as Json).length, expected, file);
    assert.equal(findings("some-tool", configMap({ "results.json": text })).length, expected, file);
  }
});

Deno.test("A finding reads as a person would write it, and never shows the code", () => {
  const finding = onlyFinding(
    "checkov",
    framework(failed({ file_line_range: [1, 16], guideline: "https://example.com" })),
  );
  assert.deepEqual(finding, {
    category: "compliance",
    severity: "medium",
    eventType: "iac_check",
    title: "CKV_K8S_1: Do not",
    description: "Deployment.team.web in /a.yaml:1-16",
    detectedAt: undefined,
    resource: { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "team" },
    rule: "CKV_K8S_1",
    identity: ["CKV_K8S_1", "/a.yaml", "Deployment.team.web"],
    isWindowed: false,
    isState: true,
    details: {
      checkID: "CKV_K8S_1",
      checkName: "Do not",
      checkType: "kubernetes",
      filePath: "/a.yaml",
      fileLineRange: [1, 16],
      resource: "Deployment.team.web",
      guideline: "https://example.com",
      evaluatedKeys: ["spec/a"],
    },
  });
});

Deno.test("Severity is checkov's own in any case, and medium where it says none", () => {
  const cases: readonly [Json, string][] = [
    ["CRITICAL", "critical"],
    ["High", "high"],
    ["LOW", "low"],
    ["INFO", "info"],
    ["IMPORTANT", "high"],
    ["MODERATE", "medium"],
    ["NONE", "info"],
    [null, "medium"],
    ["?", "medium"],
    [3, "medium"],
  ];
  for (const [severity, expected] of cases) {
    assert.equal(
      onlyFinding("checkov", framework(failed({ severity }))).severity,
      expected,
      String(severity),
    );
  }
});

Deno.test("It is about the object where that is one of a cluster, else about its ConfigMap", () => {
  const cases: readonly [string, JsonObject | undefined][] = [
    ["ClusterRole.default.admin", {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      name: "admin",
    }],
    ["azurerm_key_vault.main", undefined],
    ["module.a.b", undefined],
    ["Widget.team.a", undefined],
  ];
  for (const [resource, expected] of cases) {
    const text = JSON.stringify(framework(failed({ resource })));
    const home = { apiVersion: "v1", kind: "ConfigMap", name: "iac", namespace: "ci" };
    assert.deepEqual(onlyFinding("checkov", configMap({ a: text })).resource, expected ?? home, resource);
    assert.deepEqual(onlyFinding("checkov", framework(failed({ resource }))).resource, expected, resource);
  }
});

Deno.test("One framework, several, or nothing to check; what is wrong is rejected where it is", () => {
  const cases: readonly [Json, readonly string[]][] = [
    [[framework(failed()), framework(failed(), failed({ check_id: "B" }))], [
      "finding",
      "finding",
      "finding",
    ]],
    [{ passed: 0, failed: 0, checkov_version: "3.2.1" }, []],
    [[framework(), { checkov_version: "3" }], []],
    [[7, framework(failed())], ["rejected", "finding"]],
    [framework(failed(), "x", { file_path: "/a" }), ["finding", "rejected", "rejected"]],
    [{ results: { failed_checks: {} } }, ["rejected"]],
    [{ results: [] }, ["rejected"]],
    [{ other: 1 }, ["rejected"]],
    [null, ["rejected"]],
  ];
  for (const [document, expected] of cases) {
    const given = normalized("checkov", configMap({ r: JSON.stringify(document) })).map(({ kind }) => kind);
    assert.deepEqual(given, expected, JSON.stringify(document));
  }
});
