import assert from "node:assert/strict";
import { isSameSecret } from "../../src/observe/same_secret.ts";

const cases: readonly (readonly [given: string, expected: string, isSame: boolean])[] = [
  ["", "", true],
  ["token", "token", true],
  ["", "token", false],
  ["tokem", "token", false],
  ["token ", "token", false],
  ["a much longer one than the other", "token", false],
];

for (const [given, expected, isSame] of cases) {
  Deno.test(`"${given}" is ${isSame ? "" : "not "}the secret "${expected}"`, () => {
    assert.equal(isSameSecret(given, expected), isSame);
  });
}
