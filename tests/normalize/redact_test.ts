import assert from "node:assert/strict";
import type { Json } from "../../src/model/json.ts";
import { namesSecret, redact, redactUri } from "../../src/normalize/redact.ts";

Deno.test("Keys that name a secret are known in their usual spellings", () => {
  const secret = [
    "password",
    "Password",
    "db_password",
    "PGPASSWORD",
    "passwd",
    "passphrase",
    "userPwd",
    "token",
    "accessToken",
    "X-Auth-Token",
    "refresh_token",
    "authorization",
    "Authorization",
    "proxy-authorization",
    "secret",
    "client_secret",
    "aws.secretAccessKey",
    "apiKey",
    "api_key",
    "API-KEY",
    "apikey",
    "x-api-key",
    "privateKey",
    "credentials",
    "Cookie",
  ];
  const plain = [
    "user",
    "name",
    "secretName",
    "secretKeyRef",
    "secret_type",
    "tokenType",
    "passwordCount",
    "authorization.k8s.io/decision",
    "gcp.authorizationInfo",
    "authentication.kubernetes.io/credential-id",
    "key",
    "passed",
    "author",
    "",
  ];
  for (const key of secret) assert.ok(namesSecret(key), key);
  for (const key of plain) assert.ok(!namesSecret(key), key);
});

Deno.test("Their values are replaced at any depth, the rest stays", () => {
  const cases: readonly [Json, Json][] = [
    [{ password: "t0p" }, { password: "[redacted]" }],
    [{ a: [{ b: { token: "t0p", c: 1 } }] }, { a: [{ b: { token: "[redacted]", c: 1 } }] }],
    [{ secret: { data: "t0p" }, tokens: ["t0p"], pin_password: 1234 }, {
      secret: "[redacted]",
      tokens: "[redacted]",
      pin_password: "[redacted]",
    }],
    [{ automountServiceAccountToken: false, token: null, secret: "" }, {
      automountServiceAccountToken: false,
      token: null,
      secret: "",
    }],
    [{ env: [{ name: "DB_PASSWORD", value: "t0p" }, { name: "MODE", value: "dev" }] }, {
      env: [{ name: "DB_PASSWORD", value: "[redacted]" }, { name: "MODE", value: "dev" }],
    }],
    [{ headers: [{ key: "Authorization", value: "Bearer t0p" }] }, {
      headers: [{ key: "Authorization", value: "[redacted]" }],
    }],
    [{ name: "The token has expired", value: 7 }, { name: "The token has expired", value: 7 }],
    ["a\0b\ud800c", "abc"],
    [[1, true, null], [1, true, null]],
  ];
  for (const [given, expected] of cases) assert.deepEqual(redact(given), expected, JSON.stringify(given));
});

Deno.test("Keys of a prototype are keys like others", () => {
  const given = JSON.parse(
    '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"a": 1}}}',
  ) as Json;
  const copy = redact(given) as object;
  assert.ok(Object.hasOwn(copy, "__proto__"));
  assert.equal(Object.getPrototypeOf(copy), Object.prototype);
  assert.equal((copy as { polluted?: boolean }).polluted, undefined);
  assert.equal(({} as { a?: number }).a, undefined);
});

Deno.test("What lies too deep is cut off", () => {
  let deep: Json = "bottom";
  for (let level = 0; level < 100_000; level++) deep = level % 2 === 0 ? [deep] : { deep };
  assert.ok(!JSON.stringify(redact(deep)).includes("bottom"));
});

Deno.test("Query parameters that name a secret lose their value", () => {
  const cases: readonly [string, string][] = [
    ["/a?token=t0p", "/a?token=[redacted]"],
    ["/a?x=1&client_secret=t0p&y=2", "/a?x=1&client_secret=[redacted]&y=2"],
    ["/api/v1/namespaces/n/secrets/token=1", "/api/v1/namespaces/n/secrets/token=1"],
    ["/a?watch&token", "/a?watch&token"],
    ["", ""],
  ];
  for (const [given, expected] of cases) assert.equal(redactUri(given), expected);
});
