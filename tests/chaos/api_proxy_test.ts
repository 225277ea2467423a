import assert from "node:assert/strict";
import { createCertificateAuthority } from "../control_plane/certificates.ts";
import { until } from "../support/until.ts";
import { type ApiProxy, type ServerFault, startApiProxy } from "./api_proxy.ts";

/** A server that remembers who asked for what, and the proxy in front of it. */
interface Scene extends AsyncDisposable {
  readonly proxy: ApiProxy;
  readonly asked: string[];
  /** How many watches the server has open. */
  watching(): number;
  ask(path: string, init?: RequestInit): Promise<Response>;
}

function play(): Scene {
  const asked: string[] = [];
  const watches = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const who = request.headers.get("authorization");
    asked.push(`${request.method} ${pathname}${search} as ${who}: ${await request.text()}`);
    if (!search.includes("watch")) return Response.json({ kind: "Made" }, { status: 201 });
    let own: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        own = controller;
        watches.add(controller);
        controller.enqueue(new TextEncoder().encode("line\n"));
      },
      cancel: () => void watches.delete(own),
    });
    return new Response(body, { headers: { "content-type": "application/json" } });
  });
  const authority = createCertificateAuthority("test-ca");
  const proxy = startApiProxy({ url: `http://127.0.0.1:${server.addr.port}`, ca: undefined, authority });
  const client = Deno.createHttpClient({ http2: false, caCerts: [authority.certificate] });
  return {
    proxy,
    asked,
    watching: () => watches.size,
    ask: (path, init = {}) => fetch(`https://127.0.0.1:${proxy.port}${path}`, { ...init, client }),
    async [Symbol.asyncDispose]() {
      client.close();
      await proxy[Symbol.asyncDispose]();
      await server.shutdown();
    },
  };
}

const POST: RequestInit = { method: "POST", body: "{}", headers: { authorization: "Bearer me" } };

Deno.test("a request is passed on with the token of whoever asks, and so is the answer", async () => {
  await using scene = play();
  const answer = await scene.ask("/api/v1/events?limit=1", POST);
  assert.equal(answer.status, 201);
  assert.deepEqual(await answer.json(), { kind: "Made" });
  assert.deepEqual(scene.asked, ["POST /api/v1/events?limit=1 as Bearer me: {}"]);
  assert.equal(scene.proxy.faults, 0);
});

Deno.test("a watch is passed on line by line, and closed when its reader goes", async () => {
  await using scene = play();
  const answer = await scene.ask("/api/v1/events?watch=1");
  const reader = answer.body?.getReader();
  assert.ok(reader);
  assert.equal(new TextDecoder().decode((await reader.read()).value), "line\n");
  assert.equal(scene.watching(), 1);
  await reader.cancel();
  await until("the server sees it closed", () => scene.watching() === 0);
});

const cases: readonly {
  readonly fault: ServerFault;
  readonly status: number;
  readonly isDone: boolean;
  readonly retryAfter: string | null;
}[] = [
  { fault: "throttled", status: 429, isDone: false, retryAfter: "1" },
  { fault: "failed", status: 500, isDone: false, retryAfter: null },
  { fault: "done-and-failed", status: 500, isDone: true, retryAfter: null },
];
for (const { fault, status, isDone, retryAfter } of cases) {
  Deno.test(`a request that is ${fault} is answered ${status}`, async () => {
    await using scene = play();
    scene.proxy.judgeBy(() => fault);
    const answer = await scene.ask("/api/v1/events", POST);
    assert.equal(answer.status, status);
    assert.equal(answer.headers.get("retry-after"), retryAfter);
    assert.equal((await answer.json()).code, status);
    assert.equal(scene.asked.length, isDone ? 1 : 0);
    assert.equal(scene.proxy.faults, 1);
    scene.proxy.judgeBy(undefined);
    const next = await scene.ask("/api/v1/events", POST);
    await next.body?.cancel();
    assert.equal(next.status, 201);
  });
}

Deno.test("a server that is away is a bad gateway", async () => {
  const authority = createCertificateAuthority("test-ca");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using proxy = startApiProxy({
    url: `http://127.0.0.1:${listener.addr.port}`,
    ca: undefined,
    authority,
  });
  listener.close();
  using client = Deno.createHttpClient({ http2: false, caCerts: [authority.certificate] });
  const answer = await fetch(`https://127.0.0.1:${proxy.port}/api`, { client });
  await answer.body?.cancel();
  assert.equal(answer.status, 502);
});
