import assert from "node:assert/strict";
import { wordAt } from "../../src/normalize/word_at.ts";

const payload = {
  rule: "a",
  id: 7,
  zero: 0,
  empty: "",
  flag: true,
  none: null,
  deep: { list: [1], word: "w" },
};

Deno.test("A word is a text, or a number as text; anything else is none", () => {
  const cases: readonly [readonly string[], string | undefined][] = [
    [["rule"], "a"],
    [["id"], "7"],
    [["zero"], "0"],
    [["deep", "word"], "w"],
    [["empty"], undefined],
    [["flag"], undefined],
    [["none"], undefined],
    [["deep"], undefined],
    [["deep", "list"], undefined],
    [["absent", "x"], undefined],
    [["constructor", "name"], undefined],
  ];
  for (const [path, expected] of cases) assert.equal(wordAt(payload, ...path), expected, path.join("."));
});

Deno.test("A value that is the word itself needs no path", () => {
  assert.equal(wordAt("word"), "word");
  assert.equal(wordAt(undefined), undefined);
});
