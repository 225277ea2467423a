import assert from "node:assert/strict";
import { bearerToken } from "../../src/observe/bearer.ts";

const cases: readonly (readonly [header: string | null | undefined, token: string | undefined])[] = [
  [undefined, undefined],
  [null, undefined],
  ["", undefined],
  ["Bearer", undefined],
  ["Bearer ", undefined],
  ["Basic dXNlcjpw", undefined],
  ["Bearer a b", undefined],
  ["Bearer abc", "abc"],
  ["bearer   abc ", "abc"],
  ["BEARER eyJh.b-c_~+/=", "eyJh.b-c_~+/="],
];

for (const [header, token] of cases) {
  Deno.test(`the header ${JSON.stringify(header)} holds ${token === undefined ? "no token" : `the token ${token}`}`, () => {
    assert.equal(bearerToken(header), token);
  });
}
