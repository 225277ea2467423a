import assert from "node:assert/strict";
import { ok, problem, textOf, warning } from "../../src/cli/check.ts";

Deno.test("what was looked at has one of three verdicts, and advice where there is something to do", () => {
  assert.deepEqual([ok("lease", "a"), warning("lease", "b"), problem("lease", "c", "d")], [
    { check: "lease", verdict: "ok", message: "a" },
    { check: "lease", verdict: "warning", message: "b", advice: undefined },
    { check: "lease", verdict: "problem", message: "c", advice: "d" },
  ]);
});

Deno.test("an error is told with its cause, once", () => {
  assert.equal(textOf(new Error("a", { cause: new Error("b") })), "a; b");
  assert.equal(textOf(new Error("a: b", { cause: new Error("b") })), "a: b");
  assert.equal(textOf("word"), "word");
});
