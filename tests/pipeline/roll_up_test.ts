import assert from "node:assert/strict";
import type { Finding } from "../../src/model/finding.ts";
import type { Origin } from "../../src/model/observation.ts";
import { rollUpOfEvent, rollUpOfReport } from "../../src/pipeline/roll_up.ts";

const AT = Date.parse("2026-01-02T12:34:56Z");
const finding = (more: Partial<Finding> = {}): Finding => ({
  category: "security",
  severity: "high",
  eventType: "vulnerability",
  title: "CVE in openssl",
  detectedAt: "2026-01-01T00:00:00Z",
  resource: { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "shop" },
  details: {},
  rule: "CVE-1",
  identity: ["CVE-1"],
  isWindowed: false,
  isState: true,
  ...more,
});
const origin: Origin = {
  apiVersion: "aquasecurity.github.io/v1alpha1",
  kind: "VulnerabilityReport",
  name: "web",
  namespace: "shop",
  uid: "u1",
  resourceVersion: "5",
};

Deno.test("What happens is rolled up by event type, severity, namespace and hour of its own time", () => {
  const base = rollUpOfEvent(finding(), AT);
  assert.deepEqual(base.identity, ["rollup", "vulnerability", "high", "shop", 490932]);
  assert.deepEqual(base.details, {
    rolledUp: true,
    eventType: "vulnerability",
    hour: "2026-01-02T12:00:00.000Z",
    rule: "CVE-1",
  });
  assert.deepEqual([base.isState, base.isWindowed, base.resource?.namespace], [false, false, "shop"]);
  const same: readonly [Partial<Finding>, number][] = [
    [{ title: "another", identity: ["CVE-2"], resource: { namespace: "shop", name: "db" } }, AT + 1000],
    [{ rule: "CVE-2", category: "compliance" }, AT - 30 * 60_000],
  ];
  for (const [more, at] of same) assert.deepEqual(rollUpOfEvent(finding(more), at).identity, base.identity);
  const others: readonly [Partial<Finding>, number][] = [
    [{ eventType: "exec" }, AT],
    [{ severity: "low" }, AT],
    [{ resource: { namespace: "db" } }, AT],
    [{ resource: undefined }, AT],
    [{}, AT + 30 * 60_000],
  ];
  for (const [more, at] of others) {
    assert.notDeepEqual(rollUpOfEvent(finding(more), at).identity, base.identity);
  }
});

Deno.test("What a report says is rolled up in one, in whatever order and number it comes", () => {
  const findings = [
    finding({ rule: "CVE-2", severity: "low" }),
    finding({ rule: "CVE-1" }),
    finding({ rule: "CVE-2", detectedAt: undefined }),
  ];
  const rolled = rollUpOfReport(findings, origin);
  assert.deepEqual(rolled, rollUpOfReport(findings.toReversed(), origin));
  assert.deepEqual(rolled.identity, [
    "rollup",
    "aquasecurity.github.io",
    "VulnerabilityReport",
    "shop",
    "web",
  ]);
  assert.deepEqual([rolled.severity, rolled.category, rolled.eventType], [
    "high",
    "security",
    "vulnerability",
  ]);
  assert.deepEqual([rolled.count, rolled.isState, rolled.title], [
    3,
    true,
    "3 more of VulnerabilityReport web",
  ]);
  assert.deepEqual(rolled.details, {
    rolledUp: true,
    count: 3,
    severities: { high: 2, low: 1 },
    eventTypes: { vulnerability: 3 },
    rules: ["CVE-1", "CVE-2"],
  });
  const recreated = rollUpOfReport(findings.slice(1), { ...origin, uid: "u2", resourceVersion: "9" });
  assert.deepEqual(recreated.identity, rolled.identity);
});

Deno.test("A report of several kinds of findings is one roll-up all the same, and names only so many rules", () => {
  const findings = Array.from(
    { length: 200 },
    (_, index) =>
      finding({ rule: `R${index}`, eventType: index % 2 === 0 ? "a" : "b", category: "compliance" }),
  );
  const rolled = rollUpOfReport(findings, { kind: "Report", name: "r" });
  assert.deepEqual([rolled.eventType, rolled.category, rolled.count], ["rollup", "compliance", 200]);
  assert.equal((rolled.details["rules"] as string[]).length, 20);
});
