import assert from "node:assert/strict";
import { parseRootedPath, readRooted } from "../../src/model/rooted_path.ts";

const from = {
  payload: { a: 1, signal: { a: 2 }, signals: 3, observation: { spec: 4 } },
  observation: () => ({ spec: { severity: "high" } }),
};
const read = (text: string): unknown => {
  const parsed = parseRootedPath(text);
  return parsed.kind === "path" ? readRooted(parsed.path, from) : `${parsed.offset}: ${parsed.message}`;
};

Deno.test("A path begins at the payload, unless it names the Observation", () => {
  assert.deepEqual(["a", "$.a", "signal.a", "$.signal.a", "signals"].map(read), [1, 1, 1, 2, 3]);
  assert.deepEqual(["observation.spec.severity", "$.observation.spec"].map(read), ["high", 4]);
  assert.equal(read("signal['a']"), 1);
  assert.equal(read("observation.spec.nothing"), undefined);
});

Deno.test("What is wrong says where in the whole path", () => {
  assert.equal(read("signal.a..b"), "9: a name is expected");
});
