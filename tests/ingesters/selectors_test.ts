import assert from "node:assert/strict";
import { areDisjoint } from "../../src/ingesters/selectors.ts";

const DISJOINT: readonly (readonly [string, string])[] = [
  ["team=a", "team=b"],
  ["team==a", "team = b"],
  ["team=a", "team!=a"],
  ["team=a", "!team"],
  ["team", "!team"],
  ["team in (a, b)", "team in (c,d)"],
  ["team in (a,b)", "team notin (b, a, c)"],
  ["x=1,team=a", "team=b,y=2"],
  ["team in (a,b),team!=a", "team=a"],
  ["app.kubernetes.io/name=a", "app.kubernetes.io/name=b"],
  ["metadata.name=a", "metadata.name=b"],
];
const TOGETHER: readonly (readonly [string | undefined, string | undefined])[] = [
  [undefined, undefined],
  [undefined, "team=a"],
  ["", "team=a"],
  ["team=a", "team=a"],
  ["team=a", "app=b"],
  ["team=a", "team"],
  ["team!=a", "team!=b"],
  ["team!=a", "!team"],
  ["team notin (a)", "!team"],
  ["team in (a,b)", "team in (b,c)"],
  ["team in (a,b)", "team!=a"],
  // What cannot be read may match.
  ["team ~ a", "team=b"],
  ["team > 5", "team=3"],
];

Deno.test("Selectors that ask for values which exclude each other match no object together", () => {
  for (const [a, b] of DISJOINT) {
    assert.equal(areDisjoint(a, b), true, `${a} | ${b}`);
    assert.equal(areDisjoint(b, a), true, `${b} | ${a}`);
  }
});

Deno.test("All other selectors may match the same object", () => {
  for (const [a, b] of TOGETHER) {
    assert.equal(areDisjoint(a, b), false, `${a} | ${b}`);
    assert.equal(areDisjoint(b, a), false, `${b} | ${a}`);
  }
});
