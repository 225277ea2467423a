import assert from "node:assert/strict";
import { BodyMemory } from "../../src/intake/body_memory.ts";
import {
  type BodyBytes,
  type BodyContent,
  parseBody,
  readBody as readBytes,
  unsupportedIn,
} from "../../src/intake/read_body.ts";

type Body =
  | Exclude<BodyBytes, { readonly kind: "bytes" }>
  | BodyContent
  | { readonly kind: "unsupported"; readonly detail: string };

/** All that is done with a body, in the order in which a webhook does it. */
async function readBody(
  request: Request,
  maxBytes: number,
  signal: AbortSignal,
  memoryBytes = 1_000_000,
): Promise<Body> {
  const unsupported = unsupportedIn(request.headers);
  if (unsupported !== undefined) return { kind: "unsupported", detail: unsupported };
  using share = new BodyMemory(memoryBytes, { set: () => {} }).share();
  const read = await readBytes(request, { maxBytes, share }, signal);
  return read.kind === "bytes" ? parseBody(read.bytes) : read;
}

const going = (): AbortSignal => new AbortController().signal;

function request(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  return new Request("http://webhook/", {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json", ...headers },
  });
}

async function kindOf(
  body: BodyInit | null,
  headers: Record<string, string> = {},
  maxBytes = 100,
): Promise<string> {
  return (await readBody(request(body, headers), maxBytes, going())).kind;
}

const types: readonly (readonly [type: string, kind: Body["kind"]])[] = [
  ["application/json", "json"],
  ["APPLICATION/JSON", "json"],
  ["application/json; charset=utf-8", "json"],
  ["application/json;charset=UTF-8", "json"],
  ['application/json; charset="utf-8"', "json"],
  ["application/json; charset=us-ascii", "json"],
  ["application/json; version=1; charset=utf-8", "json"],
  ["application/cloudevents+json", "json"],
  ["application/vnd.falco.v1+json", "json"],
  ["application/json; charset=latin1", "unsupported"],
  ["application/json; charset=utf-16", "unsupported"],
  ["application/json-seq", "unsupported"],
  ["application/+json", "unsupported"],
  ["text/json", "unsupported"],
  ["text/plain", "unsupported"],
  ["application/x-www-form-urlencoded", "unsupported"],
  ["application/xml, application/json", "unsupported"],
  ["", "unsupported"],
];

for (const [type, kind] of types) {
  Deno.test(`a body of type "${type}" is ${kind}`, async () => {
    assert.equal(await kindOf("{}", { "Content-Type": type }), kind);
  });
}

for (
  const [encoding, kind] of [["identity", "json"], ["gzip", "unsupported"], ["br, identity", "unsupported"]]
) {
  Deno.test(`a body encoded as ${encoding} is ${kind}`, async () => {
    assert.equal(await kindOf("{}", { "Content-Encoding": encoding ?? "" }), kind);
  });
}

Deno.test("the type of a body is judged before anything of it is read", async () => {
  let isRead = false;
  const body = new ReadableStream<Uint8Array>({ pull: () => void (isRead = true) }, { highWaterMark: 0 });
  assert.equal(await kindOf(body, { "Content-Type": "text/plain" }), "unsupported");
  assert.equal(await kindOf(body, { "Content-Length": "101" }), "too-large");
  assert.equal(isRead, false);
});

/** A body in pieces of 10 bytes without end; tells how many were taken. */
function endless(): {
  readonly stream: ReadableStream<Uint8Array>;
  readonly taken: () => number;
  readonly isCancelled: () => boolean;
} {
  let taken = 0;
  let isCancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      taken++;
      controller.enqueue(new Uint8Array(10).fill(0x20));
    },
    cancel: () => void (isCancelled = true),
  }, { highWaterMark: 0 });
  return { stream, taken: () => taken, isCancelled: () => isCancelled };
}

Deno.test("a body of unknown length is given up as soon as it is too large", async () => {
  const { stream, taken, isCancelled } = endless();
  assert.equal(await kindOf(stream), "too-large");
  assert.deepEqual([taken(), isCancelled()], [11, true]);
});

Deno.test("the limit itself is allowed", async () => {
  const body = JSON.stringify("x".repeat(98));
  assert.equal(await kindOf(body, { "Content-Length": "100" }), "json");
  assert.equal(await kindOf(new Blob([body.slice(0, 50), body.slice(50)]).stream()), "json");
  assert.equal(await kindOf(body, {}, 99), "too-large");
});

Deno.test("bytes are counted, not characters, and one may lie in two pieces", async () => {
  const bytes = new TextEncoder().encode('"ää"');
  const pieces = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  assert.deepEqual(await readBody(request(pieces), 6, going()), { kind: "json", value: "ää" });
  assert.equal(await kindOf('"ää"', {}, 5), "too-large");
});

const invalid: readonly (readonly [name: string, body: BodyInit | null, detail: RegExp])[] = [
  ["nothing", null, /^A body is needed$/],
  ["an empty text", "", /^A body is needed$/],
  ["white space", "  \n", /^The body is not JSON: /],
  ["half an object", '{"a":', /^The body is not JSON: /],
  ["two objects", "{}{}", /^The body is not JSON: /],
  ["broken UTF-8", new Uint8Array([0x22, 0xff, 0x22]), /^The body is not UTF-8$/],
  ["UTF-8 that is cut", new Uint8Array([0x22, 0xc3]), /^The body is not UTF-8$/],
  ["UTF-16", new Uint8Array([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]), /^The body is not UTF-8$/],
  ["65 levels", "[".repeat(65) + "]".repeat(65), /nested deeper than 64 levels/],
];

for (const [name, body, detail] of invalid) {
  Deno.test(`${name} is no JSON, and it is said why`, async () => {
    const read = await readBody(request(body), 1000, going());
    assert.ok(read.kind === "invalid", read.kind);
    assert.match(read.detail, detail);
  });
}

Deno.test("what is said about a body is short, whatever the body", async () => {
  const read = await readBody(request(`{"${"x".repeat(5000)}":}`), 10_000, going());
  assert.ok(read.kind === "invalid" && read.detail.length < 300);
  const type = await readBody(request("{}", { "Content-Type": "x".repeat(5000) }), 10_000, going());
  assert.ok(type.kind === "unsupported" && type.detail.length < 400);
});

Deno.test("a byte order mark is taken and large integers keep their digits", async () => {
  const read = await readBody(request('\ufeff{"t":1507591916000000001}'), 1000, going());
  assert.deepEqual(read, { kind: "json", value: { t: "1507591916000000001" } });
});

Deno.test("a body that breaks off is incomplete", async () => {
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"a":')),
    pull: (controller) => controller.error(new TypeError("The sender went away")),
  });
  assert.equal(await kindOf(stream), "incomplete");
});

Deno.test("a body that never comes ends with the signal, which is left clean", async () => {
  const stop = new AbortController();
  let isCancelled = false;
  const stream = new ReadableStream<Uint8Array>({ cancel: () => void (isCancelled = true) });
  const reading = readBody(request(stream), 100, stop.signal);
  stop.abort();
  assert.equal((await reading).kind, "incomplete");
  assert.equal(isCancelled, true);
  assert.equal((await readBody(request("{}"), 100, stop.signal)).kind, "incomplete");
});

Deno.test("a body finds no room beside others: by what it announces, or while it comes in", async () => {
  for (const headers of [{}, { "Content-Length": "8" }] as const) {
    const read = await readBody(request('"123456"', { ...headers }), 100, going(), 7);
    assert.equal(read.kind, "no-room");
  }
  assert.equal((await readBody(request('"123456"'), 100, going(), 8)).kind, "json");
});
