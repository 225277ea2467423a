import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { BodyMemory } from "../../src/intake/body_memory.ts";
import { createIntakeApp } from "../../src/intake/intake_app.ts";
import type { OpenRoute, RouteTable } from "../../src/intake/route.ts";
import { SeenSignatures } from "../../src/intake/seen_signatures.ts";
import { SenderLimits } from "../../src/intake/sender_limits.ts";
import type { WebhookAuth } from "../../src/model/ingester.ts";
import { type IpRange, parseIpRange } from "../../src/model/ip_ranges.ts";
import type { Verdict } from "../../src/model/verdict.ts";
import { createLog } from "../../src/observe/json_log.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import { HandClock } from "../observe/hand_clock.ts";
import { openRoute } from "../support/open_route.ts";

const SECRET = {
  "token": "hunter2-token",
  "token-next": "hunter3-token",
  "username": "hunter2-user",
  "password": "hunter2-password",
  "password-next": "hunter3-password",
  "secret": "hunter2-secret\n",
  "secret-next": "hunter3-secret",
};
const created: Verdict = { kind: "created", observation: { namespace: "n", name: "a" } };
const later: Verdict = { kind: "rejected", reason: "unavailable", message: "the API server is away" };
const START = Date.UTC(2026, 0, 2, 12) / 1000;

const ranges = (...texts: readonly string[]): readonly IpRange[] =>
  texts.map(parseIpRange).filter((range) => range !== undefined);

interface Door {
  readonly ask: (init?: RequestInit, peer?: string) => Promise<Response>;
  readonly metrics: Metrics;
  readonly lines: string[];
  readonly clock: HandClock;
  readonly seen: SeenSignatures;
}

function open(
  change: Partial<OpenRoute> = {},
  around: { readonly secret?: Record<string, string> | null; readonly memoryBytes?: number } = {},
): Door {
  const clock = new HandClock();
  const metrics = createMetrics("1.2.3");
  const lines: string[] = [];
  const seen = new SeenSignatures();
  const route = openRoute(change);
  const routes: RouteTable = { state: "ready", find: () => route };
  const { secret = SECRET } = around;
  const app = createIntakeApp({
    routes,
    secrets: { read: () => Promise.resolve(secret ?? undefined) },
    seen,
    limits: new SenderLimits(clock),
    bodies: new BodyMemory(around.memoryBytes ?? 1000, metrics.webhookBodyBytes),
    trustedProxies: ranges("10.0.0.0/8"),
    metrics,
    clock,
    log: createLog({ level: "debug", format: "json", clock, write: (line) => void lines.push(line) }),
  });
  const ask = async (init: RequestInit = {}, address = "192.0.2.1"): Promise<Response> =>
    await app.request("/ingest/falco", {
      method: "POST",
      body: "{}",
      ...init,
      headers: { "Content-Type": "application/json", ...init.headers },
    }, { signal: new AbortController().signal, peer: { address, certificate: () => undefined } });
  return { ask, metrics, lines, clock, seen };
}

const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` });
const basic = (user: string, password: string): Record<string, string> => ({
  Authorization: `Basic ${btoa(`${user}:${password}`)}`,
});
const hub = (secret: string, body = "{}"): Record<string, string> => ({
  "X-Hub-Signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
});
const timed = (secret: string, seconds = START, body = "{}"): Record<string, string> => ({
  "X-Signature": `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`,
});
const auths = {
  bearer: { type: "bearer", secretName: "s" },
  basic: { type: "basic", secretName: "s" },
  hmac: { type: "hmac", secretName: "s" },
  mtls: { type: "mtls" },
} as const satisfies Record<string, WebhookAuth>;

const cases: readonly (readonly [
  name: string,
  route: Partial<OpenRoute>,
  init: RequestInit,
  status: number,
  headers?: Record<string, string>,
])[] = [
  ["the token", { auth: auths.bearer }, { headers: bearer("hunter2-token") }, 201],
  ["the next token", { auth: auths.bearer }, { headers: bearer("hunter3-token") }, 201],
  ["another token", { auth: auths.bearer }, { headers: bearer("x") }, 401, {
    "WWW-Authenticate": 'Bearer error="invalid_token"',
  }],
  ["user and password", { auth: auths.basic }, { headers: basic("hunter2-user", "hunter2-password") }, 201],
  [
    "user and next password",
    { auth: auths.basic },
    { headers: basic("hunter2-user", "hunter3-password") },
    201,
  ],
  ["another password", { auth: auths.basic }, { headers: basic("hunter2-user", "x") }, 401, {
    "WWW-Authenticate": 'Basic realm="webhook", charset="UTF-8"',
  }],
  ["no password", { auth: auths.basic }, {}, 401],
  ["a signature", { auth: auths.hmac }, { headers: hub("hunter2-secret") }, 201],
  ["a signature with the next secret", { auth: auths.hmac }, { headers: hub("hunter3-secret") }, 201],
  ["a signature with a time", { auth: auths.hmac }, { headers: timed("hunter2-secret") }, 201],
  ["a signature of another body", { auth: auths.hmac }, { headers: hub("hunter2-secret", "[]") }, 401, {
    "WWW-Authenticate": "HMAC-SHA256",
  }],
  ["an old signature", { auth: auths.hmac }, { headers: timed("hunter2-secret", START - 301) }, 401],
  ["no signature", { auth: auths.hmac }, {}, 401],
  ["no signature on what is too large", { auth: auths.hmac }, { body: "x".repeat(200) }, 401],
  ["a wrong signature on another type", { auth: auths.hmac }, {
    headers: { ...hub("x"), "Content-Type": "text/plain" },
  }, 401],
  ["a wrong signature on what is no JSON", { auth: auths.hmac }, { headers: hub("x", "{"), body: "{" }, 401],
  ["a signature on another type", { auth: auths.hmac }, {
    headers: { ...hub("hunter2-secret"), "Content-Type": "text/plain" },
  }, 415],
  ["a signature on what is no JSON", { auth: auths.hmac }, {
    headers: hub("hunter2-secret", "{"),
    body: "{",
  }, 400],
  ["a signature on what is too large", { auth: auths.hmac }, {
    headers: hub("hunter2-secret", "x".repeat(200)),
    body: "x".repeat(200),
  }, 413],
  ["a signature on bytes that are no text", { auth: auths.hmac }, {
    headers: hub("hunter2-secret", "\xff"),
    body: Uint8Array.of(0xc3, 0xbf),
  }, 400],
  ["no certificate", { auth: auths.mtls }, {}, 401, { "WWW-Authenticate": "Client-Certificate" }],
  ["a place that is allowed", { allowedRanges: ranges("192.0.2.0/24") }, {}, 201],
  ["a place that is not allowed", { allowedRanges: ranges("198.51.100.0/24") }, {}, 403],
  [
    "a place that is not allowed, with a token",
    {
      allowedRanges: ranges("198.51.100.0/24"),
      auth: auths.bearer,
    },
    { headers: bearer("hunter2-token") },
    403,
  ],
  ["what somebody says of its place", { allowedRanges: ranges("198.51.100.0/24") }, {
    headers: { "X-Forwarded-For": "198.51.100.1" },
  }, 403],
  [
    "no token from a place that is not allowed",
    { allowedRanges: ranges("198.51.100.0/24"), auth: auths.bearer },
    {},
    403,
  ],
];

for (const [name, route, init, status, headers = {}] of cases) {
  Deno.test(`${name}: ${status}, and no secret anywhere`, async () => {
    const { ask, metrics, lines } = open(route);
    const response = await ask(init);
    assert.equal(response.status, status);
    for (const [key, value] of Object.entries(headers)) assert.equal(response.headers.get(key), value);
    const said = `${await response.text()} ${[...response.headers].join(" ")} ${
      lines.join(" ")
    } ${await metrics
      .registry.metrics()}`;
    assert.doesNotMatch(said, /hunter/);
    assert.equal((await metrics.webhookBodyBytes.get()).values[0]?.value, 0);
  });
}

Deno.test("behind a trusted proxy the sender is whom it forwards for", async () => {
  const { ask } = open({ allowedRanges: ranges("198.51.100.0/24") });
  const status = async (forwardedFor: string): Promise<number> =>
    (await ask({ headers: { "X-Forwarded-For": forwardedFor } }, "10.0.0.1")).status;
  assert.deepEqual(
    [
      await status("198.51.100.7"),
      await status("198.51.100.7, 10.0.0.2"),
      await status("198.51.100.7, 192.0.2.1"),
      await status("unknown"),
    ],
    [201, 201, 403, 403],
  );
});

Deno.test("a Secret that is missing or empty is 503 for whoever shows something, and the log says which", async () => {
  for (const secret of [null, {}]) {
    for (
      const [type, headers] of [["bearer", bearer("x")], ["basic", basic("a", "b")], [
        "hmac",
        hub("x"),
      ]] as const
    ) {
      const { ask, lines, metrics } = open({ auth: auths[type] }, { secret });
      const response = await ask({ headers });
      assert.deepEqual([response.status, response.headers.get("Retry-After")], [503, "5"], type);
      assert.match(lines[0] ?? "", /Secret n\/s (does not exist|has no key)/);
      assert.doesNotMatch(await response.text(), /n\/s/);
      assert.equal((await metrics.received.get()).values.length, 0);
    }
  }
});

/** A body that tells whether anybody has read of it. */
function watched(): { readonly body: ReadableStream<Uint8Array>; readonly isRead: () => boolean } {
  let isRead = false;
  const body = new ReadableStream<Uint8Array>({
    pull(stream) {
      isRead = true;
      stream.enqueue(Uint8Array.of(0x7b, 0x7d));
      stream.close();
    },
  }, { highWaterMark: 0 });
  return { body, isRead: () => isRead };
}

Deno.test("without a signature, or a Secret, no body is read", async () => {
  const unread:
    readonly (readonly [Partial<OpenRoute>, Record<string, string>, Record<string, string> | null])[] = [
      [{ auth: auths.hmac }, {}, SECRET],
      [{ auth: auths.hmac }, { "X-Hub-Signature-256": "sha256=1" }, SECRET],
      [{ auth: auths.hmac }, hub("hunter2-secret"), null],
      [{ auth: auths.bearer }, bearer("x"), SECRET],
      [{ allowedRanges: ranges("198.51.100.0/24") }, {}, SECRET],
    ];
  for (const [route, headers, secret] of unread) {
    const { body, isRead } = watched();
    const { ask } = open(route, { secret });
    assert.ok((await ask({ headers, body })).status >= 400);
    assert.ok(!isRead(), JSON.stringify(headers));
  }
  const { body, isRead } = watched();
  const { ask } = open({ auth: auths.hmac });
  assert.equal((await ask({ headers: hub("hunter2-secret"), body })).status, 201);
  assert.ok(isRead());
});

Deno.test("a stranger's body is neither received nor rejected, also where it is read to know so", async () => {
  const { ask, metrics } = open({ auth: auths.hmac });
  await ask({ headers: hub("x") });
  await ask({ headers: hub("x"), body: "x".repeat(200) });
  assert.deepEqual([(await metrics.received.get()).values, (await metrics.rejected.get()).values], [[], []]);
});

Deno.test("who sends too often is 429 with Retry-After, by sender, after authentication, before the body", async () => {
  const { ask, clock } = open({ auth: auths.bearer, rateLimit: { requestsPerSecond: 1, burst: 2 } });
  const status = async (headers = bearer("hunter2-token"), peer = "192.0.2.1"): Promise<number> =>
    (await ask({ headers }, peer)).status;
  // What is refused costs nothing.
  for (let n = 0; n < 5; n++) assert.equal(await status(bearer("x")), 401);
  assert.deepEqual([await status(), await status(), await status()], [201, 201, 429]);
  assert.equal(await status(undefined, "192.0.2.2"), 201);
  assert.equal(await status(bearer("x")), 401);
  const { body, isRead } = watched();
  const limited = await ask({ headers: bearer("hunter2-token"), body });
  assert.deepEqual([limited.status, limited.headers.get("Retry-After"), isRead()], [429, "1", false]);
  assert.match((await limited.json()).detail, /spec\.webhook\.rateLimit/);
  clock.advance(1000);
  assert.deepEqual([await status(), await status()], [201, 429]);
});

Deno.test("a signature with a time is taken once; what was answered come again may come again", async () => {
  const verdicts: Verdict[] = [];
  const { ask, clock, seen } = open({
    auth: auths.hmac,
    rateLimit: { requestsPerSecond: 1, burst: 2 },
    take: () =>
      verdicts.length === 0
        ? Promise.reject(new Error("a mistake"))
        : Promise.resolve({ kind: "verdicts", verdicts: verdicts.splice(0, 1) }),
  });
  const status = async (seconds = START): Promise<number> =>
    (await ask({ headers: timed("hunter2-secret", seconds) })).status;
  verdicts.push(later, created);
  assert.deepEqual([await status(), seen.size], [503, 0]);
  assert.deepEqual([await status(), seen.size], [201, 1]);
  assert.equal(await status(), 401);
  assert.deepEqual([await status(START + 1), seen.size], [429, 1]);
  clock.advance(2000);
  // Nothing is left to answer with.
  assert.deepEqual([await status(START + 1), seen.size], [500, 1]);
  verdicts.push(created);
  assert.deepEqual([await status(START + 1), seen.size], [201, 2]);
});

Deno.test("when all bodies together are too large the next one is 503 with Retry-After, and finds room later", async () => {
  const asked = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const { ask, metrics } = open({
    maxBodyBytes: 1000,
    take: async () => {
      asked.resolve();
      await finish.promise;
      return { kind: "verdicts", verdicts: [created] };
    },
  }, { memoryBytes: 150 });
  const body = JSON.stringify("x".repeat(98));
  const first = ask({ body });
  await asked.promise;
  assert.equal((await metrics.webhookBodyBytes.get()).values[0]?.value, 100);
  for (const headers of [{}, { "Content-Length": "100" }]) {
    const second = await ask({ body, headers });
    assert.deepEqual([second.status, second.headers.get("Retry-After")], [503, "1"]);
    await second.body?.cancel();
  }
  finish.resolve();
  assert.equal((await first).status, 201);
  assert.equal((await metrics.webhookBodyBytes.get()).values[0]?.value, 0);
  assert.equal((await ask({ body })).status, 201);
  assert.deepEqual((await metrics.rejected.get()).values, []);
});
