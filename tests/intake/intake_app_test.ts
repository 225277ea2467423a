import assert from "node:assert/strict";
import type { SecretReader } from "../../src/intake/authenticate.ts";
import { BodyMemory } from "../../src/intake/body_memory.ts";
import { createIntakeApp, type IntakeEnv } from "../../src/intake/intake_app.ts";
import type { OpenRoute, Route, RouteTable, TakenFinding } from "../../src/intake/route.ts";
import { SeenSignatures } from "../../src/intake/seen_signatures.ts";
import { SenderLimits } from "../../src/intake/sender_limits.ts";
import type { Verdict } from "../../src/model/verdict.ts";
import { createLog } from "../../src/observe/json_log.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import { HandClock } from "../observe/hand_clock.ts";
import { openRoute } from "../support/open_route.ts";

const created: Verdict = { kind: "created", observation: { namespace: "n", name: "a" } };
const wrong: Verdict = { kind: "rejected", reason: "wrong_shape", message: "priority is missing" };
const later: Verdict = { kind: "rejected", reason: "unavailable", message: "the API server is away" };
const secrets: SecretReader = { read: () => Promise.resolve({ token: "hunter2" }) };

/** The routes of most tests: one of each kind. */
function routesWith(change: Partial<OpenRoute> = {}): Record<string, Route> {
  const open = openRoute(change);
  return {
    "/ingest/falco": open,
    "/ingest/bearer": { ...open, source: "bearer", auth: { type: "bearer", secretName: "s" } },
    "/ingest/nobody": { ...open, source: "nobody", auth: undefined },
    "/ingest/both": { ...open, source: "both", methods: ["POST", "PUT"] },
    "/ingest/asleep": {
      kind: "closed",
      source: "asleep",
      reason: "suspended",
      message: "This webhook is suspended",
    },
    "/ends/in/slash/": { ...open, source: "slash" },
  };
}

interface Door {
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>;
  readonly metrics: Metrics;
  readonly lines: string[];
  readonly clock: HandClock;
  readonly stop: AbortController;
}

function setUp(
  change: Partial<OpenRoute> = {},
  around: { readonly state?: RouteTable["state"]; readonly secrets?: SecretReader } = {},
): Door {
  const clock = new HandClock();
  const metrics = createMetrics("1.2.3");
  const lines: string[] = [];
  const stop = new AbortController();
  const routes = routesWith(change);
  const app = createIntakeApp({
    routes: { state: around.state ?? "ready", find: (path) => routes[path] },
    secrets: around.secrets ?? secrets,
    seen: new SeenSignatures(),
    limits: new SenderLimits(clock),
    bodies: new BodyMemory(1_000_000, metrics.webhookBodyBytes),
    trustedProxies: [],
    metrics,
    clock,
    log: createLog({ level: "info", format: "json", clock, write: (line) => void lines.push(line) }),
  });
  const env: IntakeEnv["Bindings"] = {
    signal: stop.signal,
    peer: { address: "127.0.0.1", certificate: () => undefined },
  };
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> =>
    await app.request(path, {
      method: "POST",
      body: init.method === "GET" || init.method === "HEAD" ? null : "{}",
      ...init,
      headers: { "Content-Type": "application/json", ...init.headers },
    }, env);
  return { ask, metrics, lines, clock, stop };
}

/** All values of a counter, by its labels. */
async function counted(
  counter: Metrics["received" | "rejected" | "webhookRequests"],
): Promise<Record<string, number>> {
  const { values } = await counter.get();
  return Object.fromEntries(values.map(({ labels, value }) => [Object.values(labels).join(" "), value]));
}

const cases: readonly (readonly [
  name: string,
  path: string,
  init: RequestInit,
  status: number,
  source: string,
  headers?: Record<string, string>,
])[] = [
  ["a good one", "/ingest/falco", {}, 201, "falco"],
  ["a query changes nothing", "/ingest/falco?a=b", {}, 201, "falco"],
  ["a slash too many", "/ingest/falco/", {}, 201, "falco"],
  ["a path that ends in a slash", "/ends/in/slash/", {}, 201, "slash"],
  ["a slash too few", "/ends/in/slash", {}, 404, ""],
  ["two slashes too many", "/ingest/falco//", {}, 404, ""],
  ["the root", "/", {}, 404, ""],
  ["reading the root", "/", { method: "GET" }, 404, ""],
  ["what is on the other port", "/metrics", { method: "GET" }, 404, ""],
  ["an unknown path", "/ingest/unknown", {}, 404, ""],
  ["a path of another case", "/ingest/Falco", {}, 404, ""],
  ["reading a webhook", "/ingest/falco", { method: "GET" }, 405, "falco", { Allow: "POST" }],
  ["looking at a webhook", "/ingest/falco", { method: "HEAD" }, 405, "falco", { Allow: "POST" }],
  ["another method", "/ingest/falco", { method: "PUT" }, 405, "falco", { Allow: "POST" }],
  ["another method of two", "/ingest/both", { method: "PUT" }, 201, "both"],
  ["none of two methods", "/ingest/both", { method: "DELETE" }, 405, "both", { Allow: "POST, PUT" }],
  ["an Ingester without auth", "/ingest/nobody", {}, 401, "nobody", { "WWW-Authenticate": "Bearer" }],
  ["no token", "/ingest/bearer", {}, 401, "bearer", { "WWW-Authenticate": "Bearer" }],
  ["a wrong token", "/ingest/bearer", { headers: { Authorization: "Bearer x" } }, 401, "bearer", {
    "WWW-Authenticate": 'Bearer error="invalid_token"',
  }],
  ["the token", "/ingest/bearer", { headers: { Authorization: "Bearer hunter2" } }, 201, "bearer"],
  ["a suspended Ingester", "/ingest/asleep", {}, 503, "asleep", { "Retry-After": "30" }],
  ["a wrong type", "/ingest/falco", { headers: { "Content-Type": "text/plain" } }, 415, "falco"],
  ["a body too large", "/ingest/falco", { body: `"${"x".repeat(100)}"` }, 413, "falco"],
  ["no JSON", "/ingest/falco", { body: "{" }, 400, "falco"],
  [
    "a stranger is not told about the type",
    "/ingest/bearer",
    { headers: { "Content-Type": "text/plain" } },
    401,
    "bearer",
  ],
  ["a stranger is not told about the size", "/ingest/bearer", { body: "x".repeat(200) }, 401, "bearer"],
  ["a stranger is not told about the JSON", "/ingest/bearer", { body: "{" }, 401, "bearer"],
];

for (const [name, path, init, status, source, headers = {}] of cases) {
  Deno.test(`${name}: ${status}`, async () => {
    const { ask, metrics, lines } = setUp();
    const response = await ask(path, init);
    assert.equal(response.status, status);
    for (const [key, value] of Object.entries(headers)) assert.equal(response.headers.get(key), value);
    if (status >= 400) {
      assert.equal(response.headers.get("Content-Type"), "application/problem+json");
      if (init.method !== "HEAD") {
        const body = await response.json();
        assert.deepEqual([body.type, body.status], ["about:blank", status]);
        assert.match(body.detail, /^[A-Z].*[^.]$/);
      }
    }
    assert.deepEqual(await counted(metrics.webhookRequests), { [`${source} ${status}`]: 1 });
    assert.deepEqual(lines, []);
  });
}

for (const state of ["not-synced", "draining"] as const) {
  Deno.test(`while ${state} every path is 503, never 404`, async () => {
    const { ask } = setUp({}, { state });
    for (const path of ["/ingest/falco", "/ingest/unknown", "/", "/ingest/nobody"]) {
      for (const method of ["POST", "GET"]) {
        const response = await ask(path, { method });
        assert.equal(response.status, 503);
        assert.match(response.headers.get("Retry-After") ?? "", /^[0-9]+$/);
      }
    }
  });
}

Deno.test("Ingesters of an earlier start are served, and what they do not know is 503, never 404", async () => {
  const { ask } = setUp({}, { state: "remembered" });
  assert.equal((await ask("/ingest/falco")).status, 201);
  const unknown = await ask("/ingest/unknown");
  assert.deepEqual([unknown.status, unknown.headers.get("Retry-After")], [503, "2"]);
});

const answers: readonly (readonly [name: string, verdicts: readonly TakenFinding[], status: number])[] = [
  ["one in the spool", [{ kind: "spooled" }], 202],
  ["no findings", [], 200],
  ["created", [created], 201],
  ["a good and a wrong one", [created, wrong], 201],
  ["only a wrong one", [wrong], 400],
  ["one that could not be written", [created, later], 503],
];

for (const [name, verdicts, status] of answers) {
  Deno.test(`the answer to ${name} is ${status} and counts`, async () => {
    const { ask } = setUp({ take: () => Promise.resolve({ kind: "verdicts", verdicts }) });
    const response = await ask("/ingest/falco");
    assert.equal(response.status, status);
    const expected = status >= 400 ? "application/problem+json" : "application/json";
    assert.equal(response.headers.get("Content-Type"), expected);
    assert.equal(response.headers.has("Retry-After"), status === 503);
    const body = await response.json();
    assert.equal(body.received, verdicts.length);
    assert.equal(body.errors.length, body.rejected);
    assert.deepEqual(body.observations, verdicts.includes(created) ? [{ namespace: "n", name: "a" }] : []);
  });
}

const whole: readonly (readonly [name: string, body: string, status: number, reason: string])[] = [
  ["no JSON", '{"a":', 400, "invalid_json"],
  ["an empty body", "", 400, "invalid_json"],
  ["a body that is too large", "x".repeat(101), 413, "too_large"],
];

for (const [name, body, status, reason] of whole) {
  Deno.test(`${name} is one received and one rejected`, async () => {
    const { ask, metrics } = setUp();
    const response = await ask("/ingest/falco", { body });
    assert.equal(response.status, status);
    const problem = await response.json();
    assert.deepEqual([problem.received, problem.rejected, problem.errors.length], [1, 1, 1]);
    assert.deepEqual(await counted(metrics.received), { falco: 1 });
    assert.deepEqual(await counted(metrics.rejected), { [`falco ${reason}`]: 1 });
  });
}

Deno.test("a stranger's body is neither received nor rejected", async () => {
  const { ask, metrics } = setUp();
  await ask("/ingest/bearer", { body: "{" });
  await ask("/ingest/nobody", { body: "x".repeat(200) });
  assert.deepEqual([await counted(metrics.received), await counted(metrics.rejected)], [{}, {}]);
});

Deno.test("what is taken is the payload, when it came, and a signal that only our stop aborts", async () => {
  const seen: unknown[] = [];
  const { ask, clock, stop } = setUp({
    take: (payload, receivedAt, signal) => {
      seen.push(payload, receivedAt, signal === stop.signal);
      clock.advance(250);
      return Promise.resolve({ kind: "verdicts", verdicts: [created] });
    },
  });
  const gone = new AbortController();
  const response = await ask("/ingest/falco", { body: '{"time":1507591916000000001}', signal: gone.signal });
  gone.abort();
  assert.deepEqual(seen, [{ time: "1507591916000000001" }, "2026-01-02T12:00:00.000Z", true]);
  assert.equal(response.status, 201);
});

Deno.test("the duration is measured on the clock", async () => {
  const { ask, clock, metrics } = setUp({
    take: () => {
      clock.advance(250);
      return Promise.resolve({ kind: "verdicts", verdicts: [created] });
    },
  });
  await ask("/ingest/falco");
  const sum = (await metrics.webhookDuration.get()).values.find(({ metricName }) =>
    metricName?.endsWith("_sum")
  );
  assert.deepEqual([sum?.value, sum?.labels], [0.25, { source: "falco" }]);
});

Deno.test("what take throws is 500 without its words, and logged once", async () => {
  const { ask, lines, metrics } = setUp({ take: () => Promise.reject(new Error("inner words")) });
  const response = await ask("/ingest/falco", { body: '{"payload":"private"}' });
  assert.equal(response.status, 500);
  assert.doesNotMatch(await response.text(), /inner words/);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /inner words/);
  assert.doesNotMatch(lines[0] ?? "", /private/);
  assert.deepEqual(await counted(metrics.webhookRequests), { "falco 500": 1 });
});

Deno.test("a request that our stop ends is 503, and no mistake", async () => {
  const { ask, lines, stop } = setUp({
    take: (_payload, _receivedAt, signal) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true })
      ),
  });
  const answered = ask("/ingest/falco");
  await Promise.resolve();
  stop.abort();
  const response = await answered;
  assert.deepEqual([response.status, response.headers.get("Retry-After")], [503, "1"]);
  assert.deepEqual(lines, []);
});

Deno.test("a Secret that cannot be read is 503 for who shows a token, and the log says which", async () => {
  const { ask, lines } = setUp({}, { secrets: { read: () => Promise.resolve(undefined) } });
  const response = await ask("/ingest/bearer", { headers: { Authorization: "Bearer hunter2" } });
  assert.deepEqual([response.status, response.headers.get("Retry-After")], [503, "5"]);
  assert.doesNotMatch(await response.text(), /n\/s/);
  assert.match(lines[0] ?? "", /Secret n\/s does not exist/);
  assert.equal((await ask("/ingest/bearer")).status, 401);
});

Deno.test("whatever is sent, the answer is one of the contract and the counts agree", async () => {
  const { ask, metrics } = setUp({ maxBodyBytes: 4096 });
  const random = lcg(20260102);
  const pieces = [
    '{"a":',
    "[",
    "]",
    "}",
    '"',
    "\\",
    "\u0000",
    "1e999",
    "-",
    "12345678901234567890",
    "ä",
    "null",
    ",",
    ":",
    "[".repeat(70),
    "x".repeat(5000),
    "__proto__",
    "\ud800",
    "{}",
    '{"items":[]}',
  ];
  const statuses = new Set<number>();
  for (let n = 0; n < 2000; n++) {
    const length = random(6);
    const body = Array.from({ length }, () => pieces[random(pieces.length)]).join("");
    const type = random(10) === 0 ? "text/plain" : "application/json";
    const response = await ask("/ingest/falco", { body, headers: { "Content-Type": type } });
    await response.json();
    statuses.add(response.status);
  }
  assert.deepEqual([...statuses].sort(), [201, 400, 413, 415]);
  const requests = await counted(metrics.webhookRequests);
  const rejected = await counted(metrics.rejected);
  assert.equal(rejected["falco invalid_json"], requests["falco 400"]);
  assert.equal(rejected["falco too_large"], requests["falco 413"]);
  assert.equal(
    (await counted(metrics.received))["falco"],
    (requests["falco 400"] ?? 0) + (requests["falco 413"] ?? 0),
  );
});

/** Whole numbers below a limit, the same for each run (a linear congruential generator). */
function lcg(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * limit);
  };
}
