import assert from "node:assert/strict";
import { oneLine, shortList, textTable } from "../../src/cli/text_table.ts";

Deno.test("rows stand in columns", () => {
  assert.equal(
    textTable([["A", "B", "C"], ["long", "", ""], ["x", "yy", "the rest"]]),
    [
      "A      B    C",
      "long",
      "x      yy   the rest",
      "",
    ].join("\n"),
  );
  assert.equal(textTable([]), "\n");
});

Deno.test("a line has no control characters, and is cut where it is long", () => {
  assert.equal(oneLine("a\r\n\x1b[2Jb\x9b"), "a [2Jb ");
  assert.equal(oneLine("abcdef", 4), "abc…");
});

Deno.test("many names are counted", () => {
  const names = Array.from({ length: 10 }, (_, index) => `n${index}`);
  assert.equal(shortList(names.slice(0, 2)), "n0, n1");
  assert.equal(shortList(names), "n0, n1, n2, n3, n4, n5, n6, n7 and 2 more");
});
