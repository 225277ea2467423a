import assert from "node:assert/strict";
import type { Json } from "../../src/model/json.ts";
import { severityWord, worstOf } from "../../src/normalize/severity_word.ts";

Deno.test("A severity is read in any case, and a word that is none is none", () => {
  const cases: readonly [Json | undefined, string | undefined][] = [
    ["CRITICAL", "critical"],
    ["High", "high"],
    [" medium ", "medium"],
    ["low", "low"],
    ["info", "info"],
    ["UNKNOWN", undefined],
    ["NONE", undefined],
    ["", undefined],
    [undefined, undefined],
    [null, undefined],
    [3, undefined],
    [{ level: "high" }, undefined],
  ];
  for (const [word, expected] of cases) assert.equal(severityWord(word), expected, JSON.stringify(word));
});

Deno.test("The worst of several is found wherever it stands", () => {
  assert.equal(worstOf(["low", "critical", "high"]), "critical");
  assert.equal(worstOf(["info"]), "info");
  assert.equal(worstOf([]), undefined);
});
