import assert from "node:assert/strict";
import type { Json } from "../../src/model/json.ts";
import { looseBoolean, looseInteger } from "../../src/normalize/loose.ts";

Deno.test("A boolean is also read from its word", () => {
  const cases: readonly [Json | undefined, boolean | undefined][] = [
    [true, true],
    [false, false],
    ["True", true],
    [" false ", false],
    ["yes", undefined],
    [0, undefined],
    [null, undefined],
    [[], undefined],
    [undefined, undefined],
  ];
  for (const [value, expected] of cases) assert.equal(looseBoolean(value), expected, JSON.stringify(value));
});

Deno.test("A whole number is also read from its digits, as long as it keeps them all", () => {
  const cases: readonly [Json | undefined, number | undefined][] = [
    [7, 7],
    ["7", 7],
    [" -7 ", -7],
    ["9007199254740993", undefined],
    ["1e3", undefined],
    ["0x10", undefined],
    [1.5, undefined],
    ["", undefined],
    [null, undefined],
    [{}, undefined],
  ];
  for (const [value, expected] of cases) assert.equal(looseInteger(value), expected, JSON.stringify(value));
});
