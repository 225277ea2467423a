import assert from "node:assert/strict";
import { nearest } from "../../src/cli/nearest.ts";

const words = ["--webhook-port", "--metrics-port", "--once", "run", "demo", "crds"];
const cases: readonly (readonly [string, string | undefined])[] = [
  ["--webook-port", "--webhook-port"],
  ["--metric-port", "--metrics-port"],
  ["--onec", "--once"],
  ["dmeo", "demo"],
  ["rnu", "run"],
  ["crd", "crds"],
  ["--kubeconfig", undefined],
  ["x", undefined],
  ["", undefined],
];
for (const [given, expected] of cases) {
  Deno.test(`nearest to ${JSON.stringify(given)} is ${expected ?? "nothing"}`, () => {
    assert.equal(nearest(given, words), expected);
  });
}
