import assert from "node:assert/strict";
import { base32 } from "../../src/model/base32.ts";

Deno.test("base32 is that of RFC 4648, section 10, without padding and in lower case", () => {
  const cases: readonly [string, string][] = [
    ["", ""],
    ["f", "my"],
    ["fo", "mzxq"],
    ["foo", "mzxw6"],
    ["foob", "mzxw6yq"],
    ["fooba", "mzxw6ytb"],
    ["foobar", "mzxw6ytboi"],
  ];
  for (const [text, expected] of cases) assert.equal(base32(new TextEncoder().encode(text)), expected);
});

Deno.test("Every byte counts: 16 bytes are 26 characters", () => {
  assert.equal(base32(new Uint8Array(16).fill(255)), `${"7".repeat(25)}4`);
  assert.equal(base32(new Uint8Array(16)), "a".repeat(26));
});
