import assert from "node:assert/strict";
import { cutBytes, cutDescription, cutLength, cutTitle } from "../../src/normalize/cut_text.ts";

const bytes = (text: string): number => new TextEncoder().encode(text).length;

Deno.test("A title is one line of at most 256 characters, and says when it was cut", () => {
  assert.equal(cutTitle("short"), "short");
  assert.equal(cutTitle("  two\nlines\tand \u001b[31mcolour\u0000 "), "two lines and [31mcolour");
  assert.equal(cutTitle("x".repeat(256)), "x".repeat(256));
  assert.equal(cutTitle("x".repeat(257)), "x".repeat(255) + "…");
});

Deno.test("A cut never falls within a character", () => {
  for (let length = 250; length < 260; length++) {
    const title = cutTitle("x".repeat(length) + "𝄞".repeat(10));
    assert.ok(title.length <= 256 && title.isWellFormed(), title);
    const text = cutBytes("x".repeat(length) + "𝄞€ü".repeat(10), 256);
    assert.ok(bytes(text) <= 256 && text.isWellFormed() && !text.includes("\ufffd"), text);
  }
  assert.equal(cutLength("ab", 2), "ab");
});

Deno.test("A description has at most 4096 bytes, keeps its lines, and loses what a terminal would obey", () => {
  assert.equal(cutDescription("one\r\ntwo\u001b[2J\tthree\u0007"), "one\ntwo[2J\tthree");
  const cut = cutDescription("€".repeat(5000));
  assert.ok(bytes(cut) <= 4096 && bytes(cut) > 4090 && cut.endsWith("€…"), String(bytes(cut)));
  assert.equal(cutDescription("x".repeat(4096)), "x".repeat(4096));
});

Deno.test("Halves of surrogate pairs are dropped", () => {
  assert.equal(cutTitle("a\ud834b\udd1ec"), "abc");
  assert.equal(cutDescription("\udd1e\ud834"), "");
});

Deno.test("Of a text of many mebibytes only the beginning is looked at", () => {
  const long = "\n".repeat(8 * 1024 * 1024);
  assert.equal(cutTitle(`begin${long}end`), "begin");
  assert.equal(cutDescription(`begin${long}end`), "begin");
});
