import assert from "node:assert/strict";
import type { Finding } from "../../src/model/finding.ts";
import type { NormalizationSpec } from "../../src/model/ingester.ts";
import { type Json, textAt } from "../../src/model/json.ts";
import { compileNormalization } from "../../src/normalize/mapping.ts";
import { seenOf, type TestSeen } from "../support/seen_of.ts";

const finding: Finding = {
  category: "operations",
  severity: "info",
  eventType: "generic",
  title: "Signal",
  details: { kept: 1, nested: { a: 1 } },
  identity: ["who"],
  isWindowed: true,
  isState: false,
};
const payload: Json = {
  level: "WARN",
  code: 2,
  ts: 1767225600,
  millis: 1767225600123,
  at: "2026-01-01T00:00:00Z",
  rule: "Shell in Container!",
  kindOf: "Security",
  pod: "web-1",
  ns: "shop",
  weight: 0.7,
  items: [{ id: "a" }, { id: "b" }],
  labels: { "app.name": "x" },
  deep: { token: "s3cret", name: "n" },
  long: "y".repeat(10_000),
  list: [1, "two", { three: 3 }],
};

function conform(
  spec: NormalizationSpec,
  own: Partial<Finding> = {},
  seen: TestSeen = seenOf(payload),
): Finding {
  const compiled = compileNormalization(spec);
  assert.ok(compiled.kind === "conform", JSON.stringify(compiled));
  return compiled.conform({ ...finding, ...own }, seen);
}
const mapped = (from: string, to: string, own: Partial<Finding> = {}): Finding =>
  conform({ fieldMapping: [{ from, to }] }, own);

Deno.test("category and eventType are those of every Observation", () => {
  const { category, eventType } = conform({ category: "cost", eventType: "budget_exceeded" });
  assert.deepEqual([category, eventType], ["cost", "budget_exceeded"]);
});

Deno.test("severityMap translates the payload's word in any case, else the severity that was found", () => {
  const cases: readonly [NormalizationSpec, string][] = [
    [{ severityMap: { warn: "medium" } }, "medium"],
    [{ severityMap: { Warn: "high", info: "low" } }, "high"],
    [{ severityMap: { fatal: "critical" } }, "info"],
    [{ severityMap: { info: "low" } }, "low"],
    [{ severityMap: { "2": "high" }, fieldMapping: [{ from: "code", to: "severity" }] }, "high"],
    [{ severityMap: { warn: "high" }, fieldMapping: [{ from: "missing", to: "severity" }] }, "high"],
    [{ fieldMapping: [{ from: "level", to: "severity" }] }, "info"],
    [{ severityMap: JSON.parse('{"constructor": "high", "toString": "high"}') }, "info"],
  ];
  for (const [spec, expected] of cases) {
    assert.equal(conform(spec).severity, expected, JSON.stringify(spec));
  }
  const own = seenOf({ how: "High" });
  assert.equal(conform({ fieldMapping: [{ from: "how", to: "severity" }] }, {}, own).severity, "high");
});

Deno.test("priority is a number of the payload, or what the map makes of a word", () => {
  const cases: readonly [NormalizationSpec, number | undefined][] = [
    [{}, undefined],
    [{ priority: { warn: 0.6 } }, 0.6],
    [{ priority: { info: 0.2, medium: 0.5 }, severityMap: { warn: "medium" } }, 0.5],
    [{ priority: { nothing: 1 } }, undefined],
    [{ fieldMapping: [{ from: "weight", to: "priority" }] }, 0.7],
    [{ fieldMapping: [{ from: "code", to: "priority" }] }, undefined],
    [{ fieldMapping: [{ from: "code", to: "priority" }], priority: { "2": 0.9 } }, 0.9],
  ];
  for (const [spec, expected] of cases) {
    assert.equal(conform(spec).priority, expected, JSON.stringify(spec));
  }
});

Deno.test("fieldMapping: every target, a value, its effect", () => {
  const cases: readonly [string, string, (changed: Finding) => unknown, unknown][] = [
    ["rule", "title", ({ title }) => title, "Shell in Container!"],
    ["rule", "spec.title", ({ title }) => title, "Shell in Container!"],
    ["missing", "title", ({ title }) => title, "Signal"],
    ["list", "description", ({ description }) => description, '1, two, {"three":3}'],
    ["rule", "eventType", ({ eventType }) => eventType, "shell_in_container"],
    ["kindOf", "category", ({ category }) => category, "security"],
    ["rule", "category", ({ category }) => category, "operations"],
    ["at", "detectedAt", ({ detectedAt }) => detectedAt, "2026-01-01T00:00:00Z"],
    ["ts", "detectedAt", ({ detectedAt }) => detectedAt, "2026-01-01T00:00:00Z"],
    ["millis", "detectedAt", ({ detectedAt }) => detectedAt, "2026-01-01T00:00:00.123Z"],
    ["rule", "detectedAt", ({ detectedAt }) => detectedAt, undefined],
    ["pod", "resource.name", ({ resource }) => resource, { name: "web-1" }],
    ["ns", "resource.namespace", ({ resource }) => resource, { namespace: "shop" }],
    ["kindOf", "resource.kind", ({ resource }) => resource, { kind: "Security" }],
    ["at", "resource.apiVersion", ({ resource }) => resource, { apiVersion: "2026-01-01T00:00:00Z" }],
    ["code", "details.code", ({ details }) => details.code, 2],
    ["items[*].id", "details.ids", ({ details }) => details.ids, ["a", "b"]],
    ["labels['app.name']", "details.app.name", ({ details }) => details.app, { name: "x" }],
    ["code", "details.nested.b", ({ details }) => details.nested, { a: 1, b: 2 }],
    ["code", "details.kept.under", ({ details }) => details.kept, { under: 2 }],
    ["deep", "details.deep", ({ details }) => details.deep, { token: "[redacted]", name: "n" }],
    ["rule", "details.password", ({ details }) => details.password, "[redacted]"],
    ["observation.spec.severity", "details.was", ({ details }) => details.was, "info"],
  ];
  for (const [from, to, pick, expected] of cases) {
    assert.deepEqual(pick(mapped(from, to)), expected, `${from} to ${to}`);
  }
  assert.deepEqual(mapped("code", "details.code").details, { ...finding.details, code: 2 });
});

Deno.test("A mapping without place, or into what is not the Ingester's to say, is refused", () => {
  const cases: readonly [string, string, RegExp][] = [
    ["a", "fingerprint", /fieldMapping\[0\]\.to: it must be title, description/],
    ["a", "source", /it must be/],
    ["a", "origin.name", /it must be/],
    ["a", "metadata.name", /it must be/],
    ["a", "title.more", /it must be/],
    ["a", "resource", /it must be/],
    ["a", "resource.uid", /it must be/],
    ["a", "details", /it must be/],
    ["a", "details.list[0]", /names only/],
    ["a", "details.__proto__.x", /no field is called __proto__/],
    ["a", "details.constructor", /no field is called constructor/],
    ["a", "details.a.a.a.a.a.a.a.a.a", /at most 8 deep/],
    ["a.b[", "title", /fieldMapping\[0\]\.from: column 4/],
    ["deep.token", "title", /token names a secret/],
  ];
  for (const [from, to, expected] of cases) {
    const compiled = compileNormalization({ fieldMapping: [{ from, to }] });
    assert.ok(compiled.kind === "problems", to);
    assert.match(compiled.messages.join("; "), expected, to);
    assert.match(compiled.messages.join("; "), /^spec\.normalization\./);
  }
});

Deno.test("Title and description see all that was mapped before them, and keep their limits", () => {
  const spec: NormalizationSpec = {
    severityMap: { warn: "high" },
    fieldMapping: [{ from: "pod", to: "resource.name" }, { from: "rule", to: "title" }],
    title:
      "{{ observation.spec.severity }}: {{ observation.spec.resource.name }} ({{ observation.spec.title }})",
    description: "{{ .long }}{{ .long }}",
  };
  const { title, description } = conform(spec);
  assert.equal(title, "high: web-1 (Shell in Container!)");
  assert.equal(new TextEncoder().encode(description).length, 4096);
  assert.equal(conform({ title: "{{ .long }}" }).title.length, 256);
  assert.equal(conform({ title: "{{ .missing }}" }).title, "Signal");
});

Deno.test("The resource is said by expressions; one that cannot be evaluated leaves the field and is told", () => {
  const seen = seenOf(payload);
  const { resource } = conform(
    {
      resource: {
        kind: "signal.pod.startsWith('web') ? 'Deployment' : 'Pod'",
        name: "signal.pod.split('-')[0]",
        namespace: "signal.missing",
        apiVersion: "''",
      },
    },
    { resource: { apiVersion: "v1", kind: "Pod", name: "p", namespace: "before" } },
    seen,
  );
  assert.deepEqual(resource, { kind: "Deployment", name: "web", namespace: "before" });
  assert.deepEqual(seen.problems, ["normalization.resource: line 1, column 8: no such key: missing"]);
});

Deno.test("Who a finding is stays, and so does its window when the signal has a time of its own", () => {
  const everything: NormalizationSpec = {
    category: "cost",
    eventType: "other",
    severityMap: { warn: "critical" },
    priority: { warn: 1 },
    fieldMapping: [{ from: "at", to: "detectedAt" }, { from: "pod", to: "resource.name" }],
    title: "x",
  };
  const own = conform(everything, { detectedAt: "2025-12-31T00:00:00Z" });
  assert.deepEqual([own.identity, own.isWindowed, own.isState], [["who"], true, false]);
  assert.deepEqual([own.detectedAt, own.windowTime], ["2026-01-01T00:00:00Z", "2025-12-31T00:00:00Z"]);
  const without = conform(everything);
  assert.deepEqual([without.detectedAt, without.windowTime], ["2026-01-01T00:00:00Z", undefined]);
});

Deno.test("Hostile payloads change nothing but the finding", () => {
  let deep: Json = "bottom";
  for (let depth = 0; depth < 60; depth++) deep = { a: deep };
  const hostile: Json = {
    deep,
    proto: JSON.parse('{"__proto__": {"polluted": true}}'),
    big: "z".repeat(1 << 20),
  };
  const changed = conform(
    {
      fieldMapping: [
        { from: "deep", to: "details.deep" },
        { from: "proto", to: "details.proto" },
        { from: "big", to: "details.big" },
        { from: "big", to: "eventType" },
      ],
      title: "{{ .deep }} {{ .proto }}",
    },
    {},
    seenOf(hostile),
  );
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  assert.ok(JSON.stringify(changed.details).length <= 32 * 1024);
  assert.ok(changed.title.length <= 256 && changed.eventType.length <= 63);
  assert.equal(textAt(changed.details, "proto", "polluted"), undefined);
});

Deno.test("A block that says nothing changes nothing", () => {
  assert.deepEqual(conform({}), {
    ...finding,
    priority: undefined,
    description: undefined,
    detectedAt: undefined,
    resource: undefined,
  });
});
