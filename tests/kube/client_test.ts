import assert from "node:assert/strict";
import { KubeClient } from "../../src/kube/client.ts";
import type { Credentials } from "../../src/kube/credentials.ts";
import { ApiError } from "../../src/kube/errors.ts";
import { systemClock } from "../../src/run/clock.ts";

const never = new AbortController().signal;

function credentials(port: number): Credentials {
  return {
    server: `http://127.0.0.1:${port}`,
    namespace: undefined,
    tls: () => ({ certificateAuthority: undefined, client: undefined }),
    authorization: () => "Bearer secret",
  };
}

/** A server that answers with `handler`, and a client for it; both end with the scope. */
async function scenario(
  handler: (request: Request) => Response | Promise<Response>,
  act: (client: KubeClient) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
  try {
    using client = new KubeClient(credentials(server.addr.port), systemClock, "zen-watcher/test");
    await act(client);
  } finally {
    await server.shutdown();
  }
}

async function failureOf(promise: Promise<unknown>): Promise<ApiError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "It succeeded" });
}

Deno.test("A request carries its query and body, and gives the parsed answer", async () => {
  await scenario(
    async (request) =>
      Response.json({
        url: new URL(request.url).search,
        method: request.method,
        type: request.headers.get("content-type"),
        body: await request.json(),
        authorization: request.headers.get("authorization"),
      }),
    async (client) => {
      const answer = await client.request({
        role: "write",
        method: "PATCH",
        path: "/x",
        query: { a: 1, b: undefined, c: "d e" },
        body: { spec: 1 },
      }, never);
      assert.deepEqual(answer, {
        url: "?a=1&c=d+e",
        method: "PATCH",
        type: "application/merge-patch+json",
        body: { spec: 1 },
        // Credentials never travel in clear.
        authorization: null,
      });
    },
  );
});

Deno.test("What the server refuses is an ApiError that says what was attempted, and its kind", async () => {
  const status = (code: number, more: Record<string, unknown> = {}): Response =>
    Response.json({ kind: "Status", code, message: "because", ...more }, { status: code });
  const cases: readonly [Response, ApiError["kind"], boolean][] = [
    [status(409, { reason: "AlreadyExists" }), "already-exists", false],
    [status(409, { reason: "Conflict" }), "conflict", false],
    [status(403, { reason: "Forbidden" }), "forbidden", false],
    [
      status(403, { details: { causes: [{ reason: "NamespaceTerminating" }] } }),
      "namespace-terminating",
      false,
    ],
    [status(404, { details: { kind: "namespaces" } }), "not-found", false],
    [status(410, { reason: "Expired" }), "expired", false],
    [status(422), "invalid", false],
    [status(500), "server", true],
    [new Response("<html>bad gateway</html>", { status: 502 }), "server", true],
  ];
  for (const [answer, kind, isPassing] of cases) {
    await scenario(() => answer, async (client) => {
      const error = await failureOf(client.request({ role: "read", method: "GET", path: "/y" }, never));
      assert.equal(error.kind, kind);
      assert.equal(error.isPassing, isPassing, kind);
      assert.match(error.message, /^Cannot GET \/y: \d+ /);
    });
  }
});

Deno.test("The fields that the server finds wrong are kept", async () => {
  const causes = [{ reason: "FieldValueInvalid", field: "spec.title" }, { message: "without a field" }];
  await scenario(
    () => Response.json({ kind: "Status", code: 422, details: { causes } }, { status: 422 }),
    async (client) => {
      const error = await failureOf(client.request({ role: "write", method: "POST", path: "/" }, never));
      assert.deepEqual([error.kind, error.fields], ["invalid", ["spec.title"]]);
    },
  );
});

Deno.test("Retry-After is kept in milliseconds", async () => {
  await scenario(
    () => new Response("{}", { status: 429, headers: { "retry-after": "3" } }),
    async (client) => {
      const error = await failureOf(client.request({ role: "read", method: "GET", path: "/" }, never));
      assert.deepEqual([error.kind, error.retryAfterMilliseconds], ["throttled", 3000]);
    },
  );
});

function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("The digits of large integers are kept in answers too", async () => {
  await scenario(
    () => Promise.resolve(new Response('{"items":[{"offset":9007199254740993}]}')),
    async (client) => {
      const answer = await client.request({ role: "read", method: "GET", path: "/" }, never);
      assert.deepEqual(answer, { items: [{ offset: "9007199254740993" }] });
    },
  );
});

Deno.test("A server that does not answer in time, or is not there, is unreachable", async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => release = resolve);
  await scenario(async () => {
    await held;
    return new Response("{}");
  }, async (client) => {
    const error = await failureOf(
      client.request({ role: "lease", method: "GET", path: "/", timeoutMilliseconds: 20 }, never),
    );
    assert.deepEqual([error.kind, error.code], ["unreachable", 0]);
    release();
  });
  using client = new KubeClient(credentials(1), systemClock, "t");
  assert.equal(
    (await failureOf(client.request({ role: "read", method: "GET", path: "/" }, never))).kind,
    "unreachable",
  );
  using gone = new KubeClient(credentials(closedPort()), systemClock, "t");
  const refused = await failureOf(gone.request({ role: "read", method: "GET", path: "/x" }, never));
  assert.match(refused.message, /^Cannot GET \/x: .*refused/i);
  assert.doesNotMatch(refused.message, /fetch failed|for url/);
});

Deno.test("An aborted signal ends a request with its reason, not with an ApiError", async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => release = resolve);
  const stop = new AbortController();
  await scenario(async () => {
    stop.abort(new Error("asked to stop"));
    await held;
    return new Response("{}");
  }, async (client) => {
    await assert.rejects(
      client.request({ role: "read", method: "GET", path: "/" }, stop.signal),
      /asked to stop/,
    );
    release();
  });
});

Deno.test("An answer that is no JSON is an error and not a value", async () => {
  await scenario(() => new Response("<html>"), async (client) => {
    const error = await failureOf(client.request({ role: "read", method: "GET", path: "/z" }, never));
    assert.match(error.message, /must be JSON/);
  });
});

Deno.test("A redirect is not followed, since it would carry the request to another server", async () => {
  await scenario(
    (request) =>
      new URL(request.url).pathname === "/elsewhere"
        ? Response.json({})
        : new Response(null, { status: 302, headers: { location: "/elsewhere" } }),
    async (client) => {
      assert.equal(
        (await failureOf(client.request({ role: "read", method: "GET", path: "/" }, never))).kind,
        "unreachable",
      );
    },
  );
});

Deno.test("A stream that was opened can be read and cancelled", async () => {
  await scenario(
    () =>
      new Response(
        new ReadableStream({
          type: "bytes",
          start(controller) {
            controller.enqueue(new TextEncoder().encode("1\n"));
          },
        }),
      ),
    async (client) => {
      const stream = await client.stream({ role: "watch", method: "GET", path: "/" }, never);
      const reader = stream.getReader();
      assert.equal(new TextDecoder().decode((await reader.read()).value), "1\n");
      await reader.cancel();
    },
  );
});

Deno.test("The headers of a success are handed over before its body, those of a refusal are not", async () => {
  const dates: (string | null)[] = [];
  const onHeaders = (headers: Headers): void => void dates.push(headers.get("date"));
  await scenario(
    (request) =>
      new URL(request.url).pathname === "/good"
        ? Response.json({}, { headers: { date: "Fri, 02 Jan 2026 12:00:00 GMT" } })
        : Response.json({}, { status: 500 }),
    async (client) => {
      await client.request({ role: "read", method: "GET", path: "/good", onHeaders }, never);
      await failureOf(client.request({ role: "read", method: "GET", path: "/bad", onHeaders }, never));
    },
  );
  assert.deepEqual(dates, ["Fri, 02 Jan 2026 12:00:00 GMT"]);
});
