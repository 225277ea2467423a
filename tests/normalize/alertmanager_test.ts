import assert from "node:assert/strict";
import type { Json, JsonObject } from "../../src/model/json.ts";
import { sha256Hex } from "../../src/model/sha256.ts";
import { normalized, onlyFinding, readSample, samplesIn } from "./samples.ts";

const alert = (more: JsonObject = {}): JsonObject => ({
  status: "firing",
  labels: { alertname: "High Load!", severity: "page", namespace: "team", pod: "web-1" },
  annotations: { summary: "S", description: "D" },
  startsAt: "2026-01-01T00:00:00.5Z",
  endsAt: "0001-01-01T00:00:00Z",
  generatorURL: "https://example.com/graph?token=hunter2&g0=1",
  fingerprint: "ff6a7a0f5f1c1309",
  ...more,
});
const notification = (...alerts: readonly Json[]): JsonObject => ({
  version: "4",
  groupKey: "{}",
  receiver: "zen",
  status: "firing",
  alerts,
});

Deno.test("Every alert of every sample is a finding, whatever the source is called", () => {
  for (const sample of samplesIn("generic/alertmanager")) {
    const payload = sample.payloads?.[0] as JsonObject;
    const alerts = payload["alerts"] as readonly Json[];
    for (const source of ["alertmanager", "some-tool"]) {
      const given = normalized(source, payload);
      assert.deepEqual(given.map(({ kind }) => kind), alerts.map(() => "finding"), sample.file);
    }
  }
});

Deno.test("An alert reads as a person would write it", () => {
  assert.deepEqual(onlyFinding("alertmanager", notification(alert())), {
    category: "operations",
    severity: "critical",
    eventType: "high_load",
    title: "High Load!",
    description: "D",
    detectedAt: "2026-01-01T00:00:00.5Z",
    resource: { apiVersion: "v1", kind: "Pod", name: "web-1", namespace: "team" },
    rule: "High Load!",
    identity: ["ff6a7a0f5f1c1309"],
    isWindowed: false,
    isState: true,
    details: {
      status: "firing",
      labels: { alertname: "High Load!", severity: "page", namespace: "team", pod: "web-1" },
      annotations: { summary: "S", description: "D" },
      startsAt: "2026-01-01T00:00:00.5Z",
      fingerprint: "ff6a7a0f5f1c1309",
      generatorURL: "https://example.com/graph?token=[redacted]&g0=1",
      receiver: "zen",
      groupKey: "{}",
    },
  });
});

Deno.test("Severity is that of the label, in any case", () => {
  const cases: readonly [Json | undefined, string][] = [
    ["critical", "critical"],
    ["page", "critical"],
    ["error", "high"],
    ["High", "high"],
    ["WARNING", "medium"],
    ["medium", "medium"],
    ["low", "low"],
    ["info", "info"],
    ["none", "info"],
    [undefined, "medium"],
    ["", "medium"],
    ["whatever", "medium"],
    [["critical"], "medium"],
    ["constructor", "medium"],
  ];
  for (const [severity, expected] of cases) {
    const labels = { alertname: "A", ...(severity === undefined ? {} : { severity }) };
    const finding = onlyFinding("alertmanager", notification(alert({ labels })));
    assert.equal(finding.severity, expected, JSON.stringify(severity));
  }
});

Deno.test("Without a fingerprint the sorted labels tell an alert apart", () => {
  const identity = (labels: JsonObject): Json =>
    onlyFinding("alertmanager", notification(alert({ fingerprint: "", labels }))).identity;
  assert.deepEqual(identity({ b: "2", a: "1" }), [sha256Hex('{"a":"1","b":"2"}')]);
  assert.deepEqual(identity({ a: "1", b: "2" }), identity({ b: "2", a: "1" }));
  assert.notDeepEqual(identity({ a: "1", b: "3" }), identity({ a: "1", b: "2" }));
});

Deno.test("A resolved alert is left out, and handed on with the identity under which it began", () => {
  const firing = onlyFinding("alertmanager", notification(alert()));
  const [item] = normalized(
    "alertmanager",
    notification(alert({ status: "resolved", endsAt: "2026-01-01T01:00:00Z" })),
  );
  assert.ok(item?.kind === "filtered" && item.reason === "resolved");
  assert.deepEqual(item.finding?.identity, firing.identity);
  assert.deepEqual(item.finding?.resolved, { at: "2026-01-01T01:00:00Z" });
  const [unknown] = normalized("alertmanager", notification(alert({ status: "RESOLVED" })));
  assert.ok(unknown?.kind === "filtered");
  assert.deepEqual(unknown.finding?.resolved, { at: undefined });
});

Deno.test("An alert is about the most telling object among its labels", () => {
  const cases: readonly [JsonObject, JsonObject | undefined][] = [
    [{ namespace: "team", deployment: "web", pod: "kube-state-metrics-1" }, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      name: "web",
      namespace: "team",
    }],
    [{ namespace: "monitoring", node: "n1" }, { apiVersion: "v1", kind: "Node", name: "n1" }],
    [{ namespace: "team", job_name: "nightly" }, {
      apiVersion: "batch/v1",
      kind: "Job",
      name: "nightly",
      namespace: "team",
    }],
    [{ namespace: "team" }, { namespace: "team" }],
    [{ job: "prometheus" }, undefined],
  ];
  for (const [labels, expected] of cases) {
    const finding = onlyFinding(
      "alertmanager",
      notification(alert({ labels: { alertname: "A", ...labels } })),
    );
    assert.deepEqual(finding.resource, expected, JSON.stringify(labels));
  }
});

Deno.test("What is no notification of version 4 is rejected, and so is an alert that is none", () => {
  const cases: readonly [Json, readonly string[]][] = [
    [{ ...notification(alert()), version: "3" }, ["rejected"]],
    [{ ...notification(alert()), version: 4 }, ["finding"]],
    [{ ...notification(), alerts: {} }, ["rejected"]],
    [notification(), []],
    [notification(alert(), 7, alert({ status: "unknown" }), alert({ labels: ["a"] })), [
      "finding",
      "rejected",
      "rejected",
      "rejected",
    ]],
    [notification({ status: "firing" }), ["rejected"]],
    [notification({ status: "firing", fingerprint: "f" }), ["finding"]],
    [notification(alert({ status: null })), ["finding"]],
    ...(readSample("generic/alertmanager-api/insights-operator-alerts.json").payloads?.[0] as readonly Json[])
      .map((item): [Json, readonly string[]] => [item, ["rejected"]]),
  ];
  for (const [payload, expected] of cases) {
    const given = normalized("alertmanager", payload).map(({ kind }) => kind);
    assert.deepEqual(given, expected, JSON.stringify(payload));
  }
});
