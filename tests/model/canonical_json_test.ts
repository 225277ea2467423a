import assert from "node:assert/strict";
import { canonicalJson } from "../../src/model/canonical_json.ts";
import type { Json } from "../../src/model/json.ts";

Deno.test("One value has one text: keys in code unit order at every level, no white space", () => {
  const cases: readonly [Json, string][] = [
    [{ b: 1, a: { d: null, c: "ü" } }, '{"a":{"c":"ü","d":null},"b":1}'],
    [[{ b: [], a: {} }], '[{"a":{},"b":[]}]'],
    // By code units, as in RFC 8785: neither by locale nor as numbers.
    [{ "é": 1, "Z": 2, "a": 3, "10": 4, "9": 5 }, '{"10":4,"9":5,"Z":2,"a":3,"é":1}'],
    [{ "\u{1F600}": 1, "\uFB33": 2 }, '{"\u{1F600}":1,"\uFB33":2}'],
    ['a "quote"\n', '"a \\"quote\\"\\n"'],
    [-0, "0"],
    [1e21, "1e+21"],
    [true, "true"],
    [null, "null"],
  ];
  for (const [value, text] of cases) assert.equal(canonicalJson(value), text);
});

Deno.test("An absent member is as if it were not there; null is there, and the order of a list counts", () => {
  assert.equal(canonicalJson({ a: undefined, b: 2 }), '{"b":2}');
  assert.equal(canonicalJson({ a: null }), '{"a":null}');
  assert.notEqual(canonicalJson([1, 2]), canonicalJson([2, 1]));
});

Deno.test("A number and its text are not the same", () => {
  assert.notEqual(canonicalJson([1]), canonicalJson(["1"]));
});
