import assert from "node:assert/strict";
import { authenticate, type Authentication, type SecretReader } from "../../src/intake/authenticate.ts";
import type { WebhookAuth } from "../../src/model/ingester.ts";

const bearer: WebhookAuth = { type: "bearer", secretName: "s" };
const never: SecretReader = { read: () => Promise.reject(new Error("must not be read")) };
const holding = (secret: Record<string, string> | undefined): SecretReader => ({
  read: (namespace, name) => {
    assert.deepEqual([namespace, name], ["n", "s"]);
    return Promise.resolve(secret);
  },
});

async function judge(
  auth: WebhookAuth | undefined,
  authorization: string | null,
  secrets: SecretReader,
): Promise<Authentication> {
  return await authenticate({ namespace: "n", auth, authorization }, secrets, new AbortController().signal);
}

const cases: readonly (readonly [
  name: string,
  auth: WebhookAuth | undefined,
  authorization: string | null,
  secrets: SecretReader,
  kind: Authentication["kind"],
])[] = [
  ["no auth at all", undefined, "Bearer t", never, "refused"],
  ["none", { type: "none" }, null, never, "granted"],
  ["bearer without a header", bearer, null, never, "refused"],
  ["bearer with another scheme", bearer, "Basic dTpw", never, "refused"],
  ["bearer with an empty token", bearer, "Bearer ", never, "refused"],
  ["bearer with the token", bearer, "Bearer t", holding({ token: "t" }), "granted"],
  [
    "bearer with the token, the Secret ending in a newline",
    bearer,
    "Bearer t",
    holding({ token: "t\n" }),
    "granted",
  ],
  [
    "bearer with the token, the Secret ending in a Windows newline",
    bearer,
    "Bearer t",
    holding({ token: "t\r\n" }),
    "granted",
  ],
  [
    "bearer with the next token",
    bearer,
    "Bearer u",
    holding({ "token": "t", "token-next": "u\n" }),
    "granted",
  ],
  [
    "bearer with the old token while there is a next",
    bearer,
    "Bearer t",
    holding({ "token": "t", "token-next": "u" }),
    "granted",
  ],
  ["bearer with only a next token", bearer, "Bearer u", holding({ "token-next": "u" }), "granted"],
  ["bearer with another token", bearer, "Bearer x", holding({ "token": "t", "token-next": "u" }), "refused"],
  ["bearer with the beginning of the token", bearer, "Bearer t", holding({ token: "tt" }), "refused"],
  ["bearer without a Secret", bearer, "Bearer t", holding(undefined), "unavailable"],
  ["bearer with an empty Secret", bearer, "Bearer t", holding({}), "unavailable"],
  ["bearer with an empty token in the Secret", bearer, "Bearer t", holding({ token: "\n" }), "unavailable"],
  ["bearer with a Secret that cannot be read", bearer, "Bearer t", never, "unavailable"],
  ["basic", { type: "basic", secretName: "s" }, "Basic dTpw", never, "unavailable"],
  ["hmac", { type: "hmac", secretName: "s" }, null, never, "unavailable"],
  ["mtls", { type: "mtls" }, null, never, "unavailable"],
];

for (const [name, auth, authorization, secrets, kind] of cases) {
  Deno.test(`${name}: ${kind}`, async () => {
    assert.equal((await judge(auth, authorization, secrets)).kind, kind);
  });
}

Deno.test("who is refused is told what to do", async () => {
  const none = await judge(undefined, null, never);
  assert.ok(
    none.kind === "refused" && /auth: \{type: none\}/.test(none.detail) && none.challenge === "Bearer",
  );
  const wrong = await judge(bearer, "Bearer x", holding({ token: "t" }));
  assert.ok(wrong.kind === "refused" && wrong.challenge === 'Bearer error="invalid_token"');
});

Deno.test("the sender is not told about the Secret, the log is", async () => {
  const gone = await judge(bearer, "Bearer t", holding(undefined));
  assert.ok(gone.kind === "unavailable");
  assert.doesNotMatch(gone.detail, /n\/s/);
  assert.equal(gone.cause, "Secret n/s does not exist");
  const unreadable = await judge(bearer, "Bearer t", never);
  assert.ok(unreadable.kind === "unavailable");
  assert.equal(unreadable.cause, "Secret n/s cannot be read: must not be read");
});
