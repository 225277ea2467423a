import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { answerWith, type Fetch } from "../../src/intake/node_http.ts";
import { RawConnection } from "./raw_connection.ts";

const head = (length: number, path = "/"): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;

/** A plain server of node:http that answers with `fetch`; what that throws is kept. */
async function open(
  fetch: Fetch,
): Promise<AsyncDisposable & { readonly port: number; readonly errors: unknown[] }> {
  const errors: unknown[] = [];
  const server = createServer((incoming, outgoing) => {
    answerWith(fetch, incoming, outgoing).catch((error: unknown) => {
      errors.push(error);
      outgoing.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    errors,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

Deno.test("a request comes in whole and its answer goes out whole", async () => {
  await using server = await open(async (request) => {
    const { method, headers } = request;
    const { pathname, search } = new URL(request.url);
    const answer = { method, pathname, search, many: headers.get("X-Many"), body: await request.text() };
    return Response.json(answer, { status: 201, headers: { "X-Answer": "yes" } });
  });
  const body = "ä".repeat(500_000);
  const response = await fetch(`http://127.0.0.1:${server.port}/ingest//a/?b=%20c`, {
    method: "PUT",
    body,
    headers: [["X-Many", "1"], ["X-Many", "2"]],
  });
  assert.equal(response.status, 201);
  assert.equal(response.headers.get("X-Answer"), "yes");
  const expected = { method: "PUT", pathname: "/ingest//a/", search: "?b=%20c", many: "1, 2", body };
  assert.deepEqual(await response.json(), expected);
});

Deno.test("a GET has no body, and a HEAD is answered with the length of one", async () => {
  await using server = await open((request) => new Response(request.body === null ? "none" : "some"));
  const get = await fetch(`http://127.0.0.1:${server.port}/`);
  assert.equal(await get.text(), "none");
  const response = await fetch(`http://127.0.0.1:${server.port}/`, { method: "HEAD" });
  assert.deepEqual([response.headers.get("Content-Length"), await response.text()], ["4", ""]);
});

const refused: readonly (readonly [name: string, line: string])[] = [
  ["dot segments", "POST /ns/team-a/../../ingest/falco HTTP/1.1"],
  ["encoded dot segments", "POST /ns/team-a/%2E%2e/ingest/falco HTTP/1.1"],
  ["a backslash", "POST /ns/team-a\\..\\ingest/falco HTTP/1.1"],
  ["the form for proxies", "POST http://b/ingest HTTP/1.1"],
  ["no path", "OPTIONS * HTTP/1.1"],
  ["a method that the web platform forbids", "TRACE / HTTP/1.1"],
];

for (const [name, line] of refused) {
  Deno.test(`a request with ${name} is malformed`, async () => {
    await using server = await open(() => new Response("reached"));
    using connection = await RawConnection.open(server.port);
    await connection.say(`${line}\r\nHost: a\r\nConnection: close\r\n\r\n`);
    assert.match(await connection.hearAll(), /^HTTP\/1\.1 400 [^]*The request is malformed/);
  });
}

for (const host of ["a b", "[", "%00", "a/../b?c#d", "é"]) {
  Deno.test(`the path does not depend on the host ${JSON.stringify(host)}`, async () => {
    await using server = await open((request) => new Response(new URL(request.url).pathname));
    using connection = await RawConnection.open(server.port);
    await connection.say(`GET /ingest/falco HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    assert.match(await connection.hearAll(), /^HTTP\/1\.1 200 [^]*\/ingest\/falco$/);
  });
}

Deno.test("an answer before the body was read reaches its sender, and the connection can be used again", async () => {
  await using server = await open(async (request) => {
    if (new URL(request.url).pathname === "/refused") return new Response("no", { status: 401 });
    return new Response(await request.text());
  });
  using connection = await RawConnection.open(server.port);
  const body = "x".repeat(5 << 20);
  await connection.say(head(body.length, "/refused"));
  await connection.hearUntil(/^HTTP\/1\.1 401 [^]*\r\n\r\nno$/);
  await connection.say(body);
  await connection.say(`${head(4)}next`);
  await connection.hearUntil(/HTTP\/1\.1 200 [^]*\r\n\r\nnext$/);
});

Deno.test("a sender that goes on for ever after its answer is closed", async () => {
  await using server = await open(() => new Response("no", { status: 413 }));
  using connection = await RawConnection.open(server.port);
  await connection.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  await connection.hearUntil(/^HTTP\/1\.1 413 [^]*\r\n\r\nno$/);
  const chunk = `100000\r\n${"x".repeat(0x100000)}\r\n`;
  await assert.rejects(async () => {
    for (let sent = 0; sent < 1000; sent++) await connection.say(chunk);
  }, (error) => error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset);
});

Deno.test("a body is read no faster than it is asked for", async () => {
  const asked = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  await using server = await open(async (request) => {
    if (request.url.endsWith("/ping")) return new Response("pong");
    const reader = request.body?.getReader();
    let length = (await reader?.read())?.value?.byteLength ?? 0;
    asked.resolve();
    await finish.promise;
    for (;;) {
      const read = await reader?.read();
      if (read?.done !== false) return new Response(String(length));
      length += read.value.byteLength;
    }
  });
  const size = 64 << 20;
  let produced = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(stream) {
      if (produced >= size) return stream.close();
      produced += 1 << 20;
      stream.enqueue(new Uint8Array(1 << 20));
    },
  }, { highWaterMark: 0 });
  const response = fetch(`http://127.0.0.1:${server.port}/`, { method: "POST", body });
  await asked.promise;
  for (let n = 0; n < 50; n++) await (await fetch(`http://127.0.0.1:${server.port}/ping`)).text();
  assert.ok(produced < size / 2, `${produced} bytes were taken while one chunk was asked for`);
  finish.resolve();
  assert.equal(await (await response).text(), String(size));
});

Deno.test("a sender that goes away in its body makes an error of it", async () => {
  const failed = Promise.withResolvers<string>();
  await using server = await open(async (request) => {
    await request.text().catch((error: unknown) => failed.resolve(String(error)));
    return new Response("nobody hears this");
  });
  {
    using connection = await RawConnection.open(server.port);
    await connection.say(`${head(100)}half`);
  }
  assert.equal(await failed.promise, "TypeError: The sender went away");
  assert.deepEqual(server.errors, []);
});

Deno.test("what the answer throws is thrown on", async () => {
  await using server = await open(() => Promise.reject(new Error("a mistake")));
  await assert.rejects(fetch(`http://127.0.0.1:${server.port}/`));
  assert.deepEqual(server.errors.map(String), ["Error: a mistake"]);
});
