import assert from "node:assert/strict";
import type { Finding, Normalized } from "../../src/model/finding.ts";
import { isJsonObject, type Json } from "../../src/model/json.ts";
import { CATEGORIES } from "../../src/model/observation.ts";
import { isSeverity } from "../../src/model/severity.ts";
import { MAX_DETAILS_BYTES } from "../../src/normalize/details.ts";
import { normalized, readSample, samplesIn } from "./samples.ts";

const ONE_OF_EACH: readonly [source: string, file: string, eventType: string][] = [
  ["trivy", "trivy/defectdojo/vulnerabilityreport_single_vuln.json", "vulnerability"],
  ["kyverno", "kyverno/website/reports-1.yaml", "policy_violation"],
  ["kubernetes-events", "events/k8s-api-roundtrip/core.v1.Event.json", "reason_value"],
  ["audit", "audit/falco/delete_secret.json", "audit_delete"],
  ["falco", "falco/falco-talon/warning__test-exec__examples-txt-L9.json", "test_exec"],
];

const payloadOf = (file: string): Json => readSample(file).payloads?.[0] ?? null;
const eventTypes = (given: readonly Normalized[]): readonly string[] =>
  given.map((item) => item.kind === "finding" ? item.finding.eventType : item.reason);

Deno.test("A source of any other name is read by what its payload is", () => {
  for (const [, file, eventType] of ONE_OF_EACH) {
    for (const source of ["my-tool", "other", "constructor", "__proto__"]) {
      assert.deepEqual(eventTypes(normalized(source, payloadOf(file))), [eventType], `${source} ${file}`);
    }
  }
  assert.deepEqual(eventTypes(normalized("my-tool", ONE_OF_EACH.map(([, file]) => payloadOf(file)))), [
    "vulnerability",
    "policy_violation",
    "reason_value",
    "audit_delete",
    "test_exec",
  ]);
});

Deno.test("A preset's source takes its own payloads, and says no to all others", () => {
  for (const [source] of ONE_OF_EACH) {
    for (const [other, file, eventType] of ONE_OF_EACH) {
      const expected = source === other ? eventType : "wrong_shape";
      assert.deepEqual(eventTypes(normalized(source, payloadOf(file))), [expected], `${file} to ${source}`);
    }
    for (const payload of [null, true, 7, "text", [], {}, [null], { a: 1 }]) {
      assert.deepEqual(
        eventTypes(normalized(source, payload)),
        ["wrong_shape"],
        `${JSON.stringify(payload)} to ${source}`,
      );
    }
  }
});

Deno.test("What only resembles a tool's payload is generic", () => {
  const cases: readonly Json[] = [
    { rule: "r", priority: "Warning" },
    { rule: "r", priority: "P1", output: "o" },
    { auditID: "a", stage: "s" },
    { apiVersion: "aquasecurity.github.io/v1alpha1", kind: "SomethingElse" },
    { apiVersion: "v1", kind: "Pod", metadata: { name: "p" } },
    { vulnerabilities: [] },
  ];
  for (const payload of cases) {
    assert.deepEqual(eventTypes(normalized("my-tool", payload)), ["generic"], JSON.stringify(payload));
  }
});

Deno.test("What is no object is rejected, and told by its type alone", () => {
  const cases: readonly [Json, string][] = [
    [null, "null"],
    [true, "a boolean"],
    [7, "a number"],
    ["hunter2", "a text"],
    [[], "an empty list"],
    [[["hunter2"]], "a list"],
  ];
  for (const [payload, given] of cases) {
    assert.deepEqual(normalized("my-tool", payload), [{
      kind: "rejected",
      reason: "wrong_shape",
      message:
        `Cannot take a signal of source my-tool: it must be a JSON object, or a list of such, given ${given}`,
    }]);
  }
});

Deno.test("A sentence that refuses a payload stays short", () => {
  const payload = Object.fromEntries(
    Array.from({ length: 100 }, (_, index) => [`${index}-`.padEnd(500, "x"), "hunter2"]),
  );
  const [given] = normalized("falco", payload);
  assert.ok(given?.kind === "rejected");
  assert.ok(given.message.length < 1000 && given.message.endsWith("and 90 more"), given.message);
  assert.ok(!given.message.includes("hunter2"));
});

Deno.test("Typed lists of every tool are split", () => {
  const lists: readonly [source: string, apiVersion: string, kind: string, file: string][] = [
    ["trivy", "aquasecurity.github.io/v1alpha1", "VulnerabilityReportList", ONE_OF_EACH[0]?.[1] ?? ""],
    ["kyverno", "wgpolicyk8s.io/v1alpha2", "PolicyReportList", ONE_OF_EACH[1]?.[1] ?? ""],
    ["kubernetes-events", "v1", "EventList", ONE_OF_EACH[2]?.[1] ?? ""],
    ["audit", "audit.k8s.io/v1", "EventList", ONE_OF_EACH[3]?.[1] ?? ""],
  ];
  for (const [source, apiVersion, kind, file] of lists) {
    const { apiVersion: _apiVersion, kind: _kind, ...bare } = payloadOf(file) as Readonly<
      Record<string, Json>
    >;
    for (const name of [source, "my-tool"]) {
      assert.equal(
        normalized(name, { apiVersion, kind, items: [bare, bare] }).length,
        2,
        `${kind} to ${name}`,
      );
      assert.deepEqual(
        normalized(name, { apiVersion, kind, items: [bare, bare] }).map((item) => item.kind),
        ["finding", "finding"],
      );
    }
  }
});

Deno.test("Every finding of every sample is one that an Observation can be made of", () => {
  const folders: readonly [source: string, folder: string][] = [
    ["trivy", "trivy"],
    ["kyverno", "kyverno"],
    ["kyverno", "openreports"],
    ["kubernetes-events", "events"],
    ["audit", "audit"],
    ["falco", "falco"],
    ["kube-bench", "kube-bench"],
    ["checkov", "checkov"],
    ["alertmanager", "generic/alertmanager"],
    ["my-tool", "generic"],
  ];
  for (const [source, folder] of folders) {
    for (const { file, payloads } of samplesIn(folder)) {
      for (const item of (payloads ?? []).flatMap((payload) => normalized(source, payload))) {
        check(item, file);
      }
    }
  }
});

Deno.test("Payloads without bottom, and keys of prototypes, are taken like others", () => {
  let deep: Json = "bottom";
  for (let level = 0; level < 50_000; level++) deep = [deep];
  const evil = JSON.parse(
    '{"__proto__": {"kind": "x"}, "constructor": {"prototype": 1}, "hasOwnProperty": 1}',
  ) as object;
  for (const [source, file] of ONE_OF_EACH) {
    const payload = payloadOf(file) as Readonly<Record<string, Json>>;
    for (const key of Object.keys(payload)) {
      for (const item of normalized(source, { ...payload, [key]: { deep } })) check(item, source, false);
      for (const item of normalized(source, { ...payload, [key]: { ...evil } as Json })) check(item, source);
    }
  }
  const [generic] = normalized("my-tool", { deep });
  if (generic !== undefined) check(generic, "my-tool", false);
  assert.equal(generic?.kind, "rejected");
});

function check(item: Normalized, where: string, isIdentityShown = true): void {
  if (item.kind !== "finding") return;
  const { finding } = item;
  const text = isIdentityShown ? JSON.stringify(finding) : JSON.stringify({ ...finding, identity: [] });
  assert.ok(isSeverity(finding.severity), `${where}: ${text}`);
  assert.ok(CATEGORIES.includes(finding.category), `${where}: ${text}`);
  assert.match(finding.eventType, /^[a-z0-9_]{1,80}$/, where);
  assert.ok(
    finding.title.length > 0 && finding.title.length <= 256 && finding.title.isWellFormed(),
    `${where}: ${text}`,
  );
  assert.ok(new TextEncoder().encode(finding.description ?? "").length <= 4096, where);
  assert.ok(isJsonObject(finding.details), where);
  assert.ok(new TextEncoder().encode(JSON.stringify(finding.details)).length <= MAX_DETAILS_BYTES, where);
  assert.ok(finding.identity.length > 0 && finding.identity.every((field) => field !== undefined), where);
  checkTimes(finding, where);
  for (const value of Object.values(finding.resource ?? {})) {
    assert.ok(typeof value === "string" && value !== "", `${where}: ${text}`);
  }
}

function checkTimes({ detectedAt, firstSeen, count }: Finding, where: string): void {
  for (const time of [detectedAt, firstSeen]) {
    assert.ok(time === undefined || !Number.isNaN(Date.parse(time)), `${where}: ${time}`);
  }
  assert.ok(count === undefined || Number.isSafeInteger(count) && count > 0, `${where}: ${count}`);
}
