import assert from "node:assert/strict";
import { sha256, sha256Hex } from "../../src/model/sha256.ts";

Deno.test("sha256 is that of FIPS 180-4, over UTF-8", () => {
  const cases: readonly [string, string][] = [
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ];
  for (const [text, expected] of cases) assert.equal(sha256Hex(text), expected);
  assert.notEqual(sha256Hex("ü"), sha256Hex("u\u0308"));
});

Deno.test("Bytes and hexadecimal text say the same", () => {
  const bytes = sha256("abc");
  assert.equal(bytes.length, 32);
  assert.equal([...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(""), sha256Hex("abc"));
});
