import assert from "node:assert/strict";
import { createHmac, X509Certificate } from "node:crypto";
import {
  authenticate,
  type Authentication,
  type SecretReader,
  type SignedAuthentication,
} from "../../src/intake/authenticate.ts";
import { SeenSignatures } from "../../src/intake/seen_signatures.ts";
import type { WebhookAuth } from "../../src/model/ingester.ts";
import { createCertificateAuthority } from "../control_plane/certificates.ts";
import { HandClock } from "../observe/hand_clock.ts";

const bearer: WebhookAuth = { type: "bearer", secretName: "s" };
const basic: WebhookAuth = { type: "basic", secretName: "s" };
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
  const headers = new Headers(authorization === null ? {} : { Authorization: authorization });
  return await authenticate(
    { ingester: { namespace: "n", name: "i" }, auth, headers, certificate: () => undefined },
    { secrets, seen: new SeenSignatures(), clock: new HandClock() },
    new AbortController().signal,
  );
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
  ["basic without a header", basic, null, never, "refused"],
  ["basic with another scheme", basic, "Bearer dTpw", never, "refused"],
  ["basic with what is no user", basic, `Basic ${btoa("u")}`, never, "refused"],
  ["basic with both", basic, "Basic dTpw", holding({ username: "u\n", password: "p\n" }), "granted"],
  [
    "basic with the next password",
    basic,
    "Basic dTpw",
    holding({ "username": "u", "password": "q", "password-next": "p" }),
    "granted",
  ],
  ["basic with another user", basic, "Basic dTpw", holding({ username: "v", password: "p" }), "refused"],
  ["basic with another password", basic, "Basic dTpw", holding({ username: "u", password: "q" }), "refused"],
  ["basic with a Secret without a user", basic, "Basic dTpw", holding({ password: "p" }), "unavailable"],
  ["basic with a Secret without a password", basic, "Basic dTpw", holding({ username: "u" }), "unavailable"],
  ["basic without a Secret", basic, "Basic dTpw", holding(undefined), "unavailable"],
  ["hmac without a header", { type: "hmac", secretName: "s" }, null, never, "refused"],
  ["mtls without a certificate", { type: "mtls" }, null, never, "refused"],
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
  assert.equal(unreadable.detail, "The credentials of this webhook cannot be checked now");
  assert.equal(unreadable.cause, "Secret n/s cannot be read: must not be read");
});

const START = Date.UTC(2026, 0, 2, 12) / 1000;

/** Judges one signed body after the other, at one replica. */
function signing(
  secret: Record<string, string> | undefined,
  seen: SeenSignatures = new SeenSignatures(),
): {
  readonly clock: HandClock;
  judge(headers: Record<string, string>, body?: string): Promise<Authentication | SignedAuthentication>;
} {
  const clock = new HandClock();
  return {
    clock,
    async judge(headers, body = "{}") {
      const who = await authenticate(
        {
          ingester: { namespace: "n", name: "i" },
          auth: { type: "hmac", secretName: "s" },
          headers: new Headers(headers),
          certificate: () => undefined,
        },
        { secrets: holding(secret), seen, clock },
        new AbortController().signal,
      );
      return who.kind === "signed" ? who.judge(new TextEncoder().encode(body)) : who;
    },
  };
}

const hub = (secret: string, body = "{}"): Record<string, string> => ({
  "X-Hub-Signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
});
const timed = (secret: string, seconds: number, body = "{}"): Record<string, string> => ({
  "X-Signature": `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`,
});

const signed: readonly (readonly [
  name: string,
  headers: Record<string, string>,
  secret: Record<string, string> | undefined,
  kind: (Authentication | SignedAuthentication)["kind"],
])[] = [
  ["over the body", hub("s"), { secret: "s" }, "granted"],
  ["over the body, the Secret ending in a newline", hub("s"), { secret: "s\n" }, "granted"],
  ["with the next secret", hub("n"), { "secret": "s", "secret-next": "n" }, "granted"],
  ["with the old secret while there is a next", hub("s"), { "secret": "s", "secret-next": "n" }, "granted"],
  ["with another secret", hub("x"), { secret: "s" }, "refused"],
  ["over another body", hub("s", "{} "), { secret: "s" }, "refused"],
  ["that is malformed", { "X-Hub-Signature-256": "sha256=1" }, undefined, "refused"],
  ["without a Secret", hub("s"), undefined, "unavailable"],
  ["with an empty Secret", hub(""), { secret: "" }, "unavailable"],
  ["now", timed("s", START), { secret: "s" }, "granted"],
  ["5 minutes ago", timed("s", START - 300), { secret: "s" }, "granted"],
  ["5 minutes ahead", timed("s", START + 300), { secret: "s" }, "granted"],
  ["longer ago", timed("s", START - 301), { secret: "s" }, "refused"],
  ["further ahead", timed("s", START + 301), { secret: "s" }, "refused"],
  ["now, with another secret", timed("x", START), { secret: "s" }, "refused"],
];

for (const [name, headers, secret, kind] of signed) {
  Deno.test(`a signature ${name}: ${kind}`, async () => {
    assert.equal((await signing(secret).judge(headers)).kind, kind);
  });
}

Deno.test("a signature with a time is taken once, unless its sender was told to come again", async () => {
  const { clock, judge } = signing({ "secret": "s", "secret-next": "n" });
  const first = await judge(timed("s", START));
  assert.ok(first.kind === "granted" && "forget" in first);
  const again = await judge(timed("s", START));
  assert.ok(again.kind === "refused" && again.detail === "The signature was used before");
  first.forget();
  assert.equal((await judge(timed("s", START))).kind, "granted");
  assert.equal((await judge(timed("s", START + 1))).kind, "granted");
  clock.advance(300_000);
  assert.equal((await judge(timed("s", START))).kind, "refused");
  clock.advance(1);
  const late = await judge(timed("s", START));
  assert.ok(late.kind === "refused" && /within 5 minutes/.test(late.detail));
});

Deno.test("a wrong signature leaves nothing behind, and without room nobody is let in", async () => {
  const seen = new SeenSignatures({ perIngester: 1, total: 1 });
  const { judge } = signing({ secret: "s" }, seen);
  await judge(timed("x", START));
  assert.equal(seen.size, 0);
  assert.equal((await judge(timed("s", START))).kind, "granted");
  const busy = await judge(timed("s", START + 1));
  assert.ok(busy.kind === "busy" && busy.retryAfterSeconds === 300);
  // What is not remembered needs no room.
  assert.equal((await judge(hub("s"))).kind, "granted");
});

Deno.test("a certificate lets in whom the Ingester names, and says who it is not", async () => {
  const authority = createCertificateAuthority("clients");
  const { certificate } = authority.issue({
    usage: "client",
    commonName: "falco",
    dnsNames: ["falco.example"],
  });
  const der = new Uint8Array(new X509Certificate(certificate).raw);
  const cases: readonly (readonly [Partial<WebhookAuth>, Authentication["kind"]])[] = [
    [{}, "granted"],
    [{ allowedSubjects: ["CN=falco"] }, "granted"],
    [{ allowedSANs: ["falco.example"] }, "granted"],
    [{ allowedSubjects: ["CN=other"] }, "forbidden"],
    [{ allowedSubjects: ["CN=falco"], allowedSANs: ["other.example"] }, "forbidden"],
  ];
  for (const [lists, kind] of cases) {
    const who = await authenticate(
      {
        ingester: { namespace: "n", name: "i" },
        auth: { type: "mtls", ...lists },
        headers: new Headers(),
        certificate: () => der,
      },
      { secrets: never, seen: new SeenSignatures(), clock: new HandClock() },
      new AbortController().signal,
    );
    assert.equal(who.kind, kind, JSON.stringify(lists));
  }
});
