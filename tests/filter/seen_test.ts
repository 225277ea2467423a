import assert from "node:assert/strict";
import { compileExpression } from "../../src/filter/cel.ts";
import { evaluateOver } from "../../src/filter/seen.ts";
import type { Finding } from "../../src/model/finding.ts";
import { seenOf } from "../support/seen_of.ts";

const finding: Finding = {
  category: "security",
  severity: "high",
  eventType: "x",
  title: "t",
  details: {},
  identity: [],
  isWindowed: false,
  isState: false,
};

Deno.test("An expression over a finding and its signal gives its value, or undefined with the problem told", () => {
  const compiled = compileExpression("observation.spec.severity + signal.a", "string");
  assert.ok(compiled.kind === "expression");
  const seen = seenOf({ a: "!" });
  assert.equal(evaluateOver(compiled.evaluate, "configmap", finding, seen), "high!");
  const without = seenOf({});
  assert.equal(evaluateOver(compiled.evaluate, "configmap", finding, without), undefined);
  assert.deepEqual(without.problems, ["configmap: line 1, column 36: no such key: a"]);
});

Deno.test("The Observation is built only for an expression that looks at it", () => {
  const compiled = compileExpression("signal.a == 1", "bool");
  assert.ok(compiled.kind === "expression");
  const seen = {
    ...seenOf({ a: 1 }),
    observationOf: () => assert.fail("built"),
  };
  assert.equal(evaluateOver(compiled.evaluate, "configmap", finding, seen), true);
});
