import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { matchingMacs, readSignature } from "../../src/intake/hmac_signature.ts";

const encoder = new TextEncoder();
const body = encoder.encode('{"a":1}');
const mac = (secret: string, text: string): string => createHmac("sha256", secret).update(text).digest("hex");
const hub = mac("s", '{"a":1}');
const timed = mac("s", '1700000000.{"a":1}');

Deno.test("What is signed is what the published test vector says", () => {
  // RFC 4231, section 4.3.
  const signature = readSignature(
    new Headers({
      "X-Hub-Signature-256": "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    }),
  );
  assert.ok(signature.kind === "plain");
  assert.equal(matchingMacs(signature, encoder.encode("what do ya want for nothing?"), ["Jefe"]).length, 1);
});

const good:
  readonly (readonly [name: string, headers: Record<string, string>, secrets: readonly string[]])[] = [
    ["over the body", { "X-Hub-Signature-256": `sha256=${hub}` }, ["s"]],
    ["in capitals", { "X-Hub-Signature-256": `sha256=${hub.toUpperCase()}` }, ["s"]],
    ["with the next secret", { "X-Hub-Signature-256": `sha256=${hub}` }, ["t", "s"]],
    ["with a time", { "X-Signature": `t=1700000000,v1=${timed}` }, ["s"]],
    ["with spaces and another version", { "X-Signature": `v1=${timed}, t=1700000000, v0=x` }, ["s"]],
    ["with two secrets", { "X-Signature": `t=1700000000,v1=${"0".repeat(64)},v1=${timed}` }, ["s"]],
  ];
for (const [name, headers, secrets] of good) {
  Deno.test(`a signature ${name} is right`, () => {
    const signature = readSignature(new Headers(headers));
    assert.ok(signature.kind === "plain" || signature.kind === "timed");
    assert.equal(matchingMacs(signature, body, secrets).length, 1);
  });
}

const wrong:
  readonly (readonly [name: string, headers: Record<string, string>, text: string, secret: string])[] = [
    ["another body", { "X-Hub-Signature-256": `sha256=${hub}` }, '{"a":2}', "s"],
    ["another secret", { "X-Hub-Signature-256": `sha256=${hub}` }, '{"a":1}', "t"],
    ["another time", { "X-Signature": `t=1700000001,v1=${timed}` }, '{"a":1}', "s"],
    ["the same time in other digits", { "X-Signature": `t=01700000000,v1=${timed}` }, '{"a":1}', "s"],
    ["no time where there was one", { "X-Hub-Signature-256": `sha256=${timed}` }, '{"a":1}', "s"],
    [
      "a right one beside a wrong one that counts",
      { "X-Hub-Signature-256": `sha256=${hub}`, "X-Signature": `t=1700000000,v1=${hub}` },
      '{"a":1}',
      "s",
    ],
  ];
for (const [name, headers, text, secret] of wrong) {
  Deno.test(`a signature over ${name} is wrong`, () => {
    const signature = readSignature(new Headers(headers));
    assert.ok(signature.kind === "plain" || signature.kind === "timed");
    assert.deepEqual(matchingMacs(signature, encoder.encode(text), [secret]), []);
  });
}

const malformed: readonly Record<string, string>[] = [
  { "X-Hub-Signature-256": hub },
  { "X-Hub-Signature-256": "sha256=" },
  { "X-Hub-Signature-256": `sha1=${hub}` },
  { "X-Hub-Signature-256": `sha256=${hub}0` },
  { "X-Hub-Signature-256": `sha256=${hub.slice(1)}` },
  { "X-Hub-Signature-256": `sha256=${"g".repeat(64)}` },
  { "X-Hub-Signature-256": `sha256=${hub}, sha256=${hub}` },
  { "X-Signature": "" },
  { "X-Signature": "t=1700000000" },
  { "X-Signature": `v1=${timed}` },
  { "X-Signature": `t=,v1=${timed}` },
  { "X-Signature": `t=-1,v1=${timed}` },
  { "X-Signature": `t=1e9,v1=${timed}` },
  { "X-Signature": `t=1700000000,t=1700000001,v1=${timed}` },
  { "X-Signature": "t=1700000000,v1=abc" },
  { "X-Signature": `t=1700000000${`,v1=${timed}`.repeat(5)}` },
  { "X-Signature": `hello,t=1700000000,v1=${timed}` },
];
for (const headers of malformed) {
  Deno.test(`${JSON.stringify(headers).slice(0, 70)} is malformed`, () => {
    assert.equal(readSignature(new Headers(headers)).kind, "malformed");
  });
}

Deno.test("no signature at all is missing", () => assert.equal(readSignature(new Headers()).kind, "missing"));
