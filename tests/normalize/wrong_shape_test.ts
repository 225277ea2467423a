import assert from "node:assert/strict";
import type { Json } from "../../src/model/json.ts";
import { describe, wrongShape } from "../../src/normalize/wrong_shape.ts";

Deno.test("A refusal says what was attempted, what must hold and what was given", () => {
  assert.deepEqual(wrongShape("a falco signal", "it must be an object with a text rule", { priority: 1 }), {
    kind: "rejected",
    reason: "wrong_shape",
    message:
      "Cannot take a falco signal: it must be an object with a text rule, given an object with priority (a number)",
  });
});

Deno.test("A value is described by its type, never by what it says", () => {
  const cases: readonly [Json | undefined, string][] = [
    [undefined, "nothing"],
    [null, "null"],
    ["", "an empty text"],
    ["hunter2", "a text"],
    [5, "a number"],
    [true, "a boolean"],
    [[], "an empty list"],
    [["hunter2"], "a list"],
    [{}, "an object without fields"],
    [
      { token: "hunter2", more: { a: 1 }, list: [] },
      "an object with token (a text), more (an object), list (an empty list)",
    ],
  ];
  for (const [value, expected] of cases) assert.equal(describe(value), expected);
});

Deno.test("However many and long its fields are, and whatever their names hold, it stays one short line", () => {
  const many = Object.fromEntries(
    Array.from({ length: 100 }, (_, index) => [`${index}${"x".repeat(500)}`, 1]),
  );
  const text = describe(many);
  assert.ok(text.length < 1000, String(text.length));
  assert.match(text, / and 90 more$/);
  assert.equal(describe({ "a\0b": 1 }), "an object with ab (a number)");
});
