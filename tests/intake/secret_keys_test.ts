import assert from "node:assert/strict";
import { lackingKey, takesSecret, userNameOf, validValues } from "../../src/intake/secret_keys.ts";

Deno.test("Each way to authenticate has its key and a second one for what comes next", () => {
  for (const [type, key] of [["bearer", "token"], ["basic", "password"], ["hmac", "secret"]] as const) {
    assert.deepEqual(validValues(type, { [key]: "a\n", [`${key}-next`]: "b\r\n", other: "c" }), ["a", "b"]);
    assert.deepEqual(validValues(type, { [`${key}-next`]: "b\n\n" }), ["b\n"]);
    assert.deepEqual(validValues(type, { [key]: "\n", [`${key}-next`]: "" }), []);
  }
});

Deno.test("What a Secret lacks is said", () => {
  assert.equal(lackingKey("bearer", {}), "token");
  assert.equal(lackingKey("bearer", { "token-next": "a" }), undefined);
  assert.equal(lackingKey("hmac", { secret: "\n" }), "secret");
  assert.equal(lackingKey("basic", { password: "p" }), "username");
  assert.equal(lackingKey("basic", { username: "u" }), "password");
  assert.equal(lackingKey("basic", { username: "u", password: "p" }), undefined);
});

Deno.test("A user name ends before its newline, and what every object has is none", () => {
  assert.equal(userNameOf({ username: "u\n" }), "u");
  assert.equal(userNameOf(Object.create({ username: "inherited" })), "");
});

Deno.test("Only three ways take a Secret", () => {
  assert.deepEqual((["none", "bearer", "basic", "hmac", "mtls"] as const).map(takesSecret), [
    false,
    true,
    true,
    true,
    false,
  ]);
});
