import assert from "node:assert/strict";
import { compileFilter, mergeFilters } from "../../src/filter/filter.ts";
import type { Finding } from "../../src/model/finding.ts";
import type { FilterSpec } from "../../src/model/ingester.ts";

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
    assert.equal(compileFilter(spec, [])(finding), expected, JSON.stringify(spec));
  }
});

Deno.test("spec.namespaces lets only its own pass, and nothing that has none", () => {
  const filter = compileFilter({}, ["shop"]);
  assert.equal(filter(finding), undefined);
  assert.equal(filter({ ...finding, resource: { namespace: "other" } }), "namespace");
  assert.equal(filter({ ...finding, resource: undefined }), "namespace");
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
  assert.equal(filter({ ...finding, rule: "a".repeat(20_000) }), undefined);
});
