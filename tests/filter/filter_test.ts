import assert from "node:assert/strict";
import { compileExpression } from "../../src/filter/cel.ts";
import { compileFilter, mergeFilters } from "../../src/filter/filter.ts";
import type { Finding } from "../../src/model/finding.ts";
import type { FilterSpec } from "../../src/model/ingester.ts";
import { seenOf } from "../support/seen_of.ts";

const finding: Finding = {
  category: "security",
  severity: "medium",
  eventType: "vulnerability",
  title: "t",
  resource: { kind: "Pod", namespace: "shop", name: "web-1" },
  details: {},
  rule: "CVE-2024-1",
  identity: [],
  isWindowed: false,
  isState: true,
};

Deno.test("Every field of a filter, a value, its effect", () => {
  const cases: readonly [FilterSpec, string | undefined][] = [
    [{}, undefined],
    [{ minSeverity: "medium" }, undefined],
    [{ minSeverity: "high" }, "severity"],
    [{ minSeverity: "high", enabled: false }, undefined],
    [{ minPriority: 0.5 }, undefined],
    [{ minPriority: 0.6 }, "priority"],
    [{ includeSeverity: ["low"] }, "severity"],
    [{ includeSeverity: ["low", "medium"] }, undefined],
    [{ includeSeverity: [] }, undefined],
    [{ includeNamespaces: ["shop"] }, undefined],
    [{ includeNamespaces: ["other"] }, "namespace"],
    [{ excludeNamespaces: ["shop"] }, "namespace"],
    [{ excludeNamespaces: ["sh*"] }, "namespace"],
    [{ includeKinds: ["Node"] }, "kind"],
    [{ excludeKinds: ["Pod"] }, "kind"],
    [{ includeCategories: ["cost"] }, "category"],
    [{ excludeCategories: ["security"] }, "category"],
    [{ includeEventTypes: ["vulnerability"] }, undefined],
    [{ excludeEventTypes: ["vulnerability"] }, "event_type"],
    [{ includeRules: ["CVE-2024-*"] }, undefined],
    [{ includeRules: ["CVE-2023-*"] }, "rule"],
    [{ excludeRules: ["*-2024-1"] }, "rule"],
    [{ excludeRules: ["CVE-*-1*1"] }, undefined],
  ];
  for (const [spec, expected] of cases) {
    assert.equal(compileFilter(spec, [])(finding, seenOf()), expected, JSON.stringify(spec));
  }
});

Deno.test("spec.namespaces lets only its own pass, and nothing that has none", () => {
  const filter = compileFilter({}, ["shop"]);
  assert.equal(filter(finding, seenOf()), undefined);
  assert.equal(filter({ ...finding, resource: { namespace: "other" } }, seenOf()), "namespace");
  assert.equal(filter({ ...finding, resource: undefined }, seenOf()), "namespace");
});

Deno.test("An explicit filter replaces the preset's field by field", () => {
  const preset: FilterSpec = { minSeverity: "high", excludeKinds: ["Node"] };
  assert.deepEqual(mergeFilters(preset, undefined), preset);
  assert.deepEqual(mergeFilters(preset, { minSeverity: "info" }), {
    minSeverity: "info",
    excludeKinds: ["Node"],
  });
});

Deno.test("A pattern with many stars on a long value ends quickly by construction", () => {
  const filter = compileFilter({ excludeRules: [`${"a*".repeat(100)}b`] }, []);
  assert.equal(filter({ ...finding, rule: "a".repeat(20_000) }, seenOf()), undefined);
});

Deno.test("minSeverity takes its severity and every worse one", () => {
  const severities = ["critical", "high", "medium", "low", "info"] as const;
  for (const [at, minSeverity] of severities.entries()) {
    const kept = severities.filter((severity) =>
      compileFilter({ minSeverity }, [])({ ...finding, severity }, seenOf()) === undefined
    );
    assert.deepEqual(kept, severities.slice(0, at + 1), minSeverity);
  }
});

Deno.test("minPriority looks at the priority that was said before that of the severity", () => {
  const filter = compileFilter({ minPriority: 0.9 }, []);
  assert.equal(filter({ ...finding, severity: "critical" }, seenOf()), undefined);
  assert.equal(filter({ ...finding, severity: "critical", priority: 0.2 }, seenOf()), "priority");
  assert.equal(filter({ ...finding, severity: "info", priority: 0.95 }, seenOf()), undefined);
});

Deno.test("An expression keeps what is true, is asked last, and lets pass what it cannot judge", () => {
  const of = (text: string, spec: FilterSpec = {}) => {
    const compiled = compileExpression(text, "bool");
    assert.ok(compiled.kind === "expression", text);
    return compileFilter(spec, [], { field: "filters.expression", evaluate: compiled.evaluate });
  };
  assert.equal(of('observation.spec.resource.name == "web-1"')(finding, seenOf()), undefined);
  assert.equal(of("signal.cvss > 7")(finding, seenOf({ cvss: 5.5 })), "expression");
  const missing = seenOf();
  assert.equal(of("signal.cvss > 7")(finding, missing), undefined);
  assert.deepEqual(missing.problems, ["filters.expression: line 1, column 8: no such key: cvss"]);
  const spared = seenOf();
  assert.equal(of("signal.cvss > 7", { excludeKinds: ["Pod"] })(finding, spared), "kind");
  assert.deepEqual(spared.problems, []);
  assert.equal(of("false", { enabled: false })(finding, seenOf()), undefined);
});
