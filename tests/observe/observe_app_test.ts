import assert from "node:assert/strict";
import type { Probe } from "../../src/observe/health.ts";
import { createLog } from "../../src/observe/json_log.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import {
  createObserveApp,
  type ObserveEnv,
  type ObserveOptions,
  type Status,
} from "../../src/observe/observe_app.ts";
import { HandClock } from "./hand_clock.ts";

const passing: Probe = { kind: "passing" };
const failing: Probe = { kind: "failing", failures: ["One thing", "Another thing"] };
const status: Status = {
  version: "1.2.3",
  identity: "a",
  leader: true,
  leaseHolder: "a",
  uptimeSeconds: 12,
  ready: true,
  ingesters: [{
    namespace: "n",
    name: "falco",
    source: "falco",
    kind: "webhook",
    ready: false,
    reason: "Invalid",
    message: "m",
  }],
};
const here: ObserveEnv["Bindings"] = { remoteAddr: { hostname: "127.0.0.1" } };
const elsewhere: ObserveEnv["Bindings"] = { remoteAddr: { hostname: "10.0.0.7" } };

function setUp(change: Partial<ObserveOptions> = {}): {
  readonly ask: (path: string, init?: RequestInit, env?: ObserveEnv["Bindings"]) => Promise<Response>;
  readonly lines: string[];
} {
  const lines: string[] = [];
  const app = createObserveApp({
    registry: createMetrics("1.2.3").registry,
    health: { livez: () => passing, readyz: () => passing },
    status: () => status,
    readToken: () => Promise.resolve("hunter2"),
    log: createLog({
      level: "info",
      format: "json",
      clock: new HandClock(),
      write: (line) => void lines.push(line),
    }),
    ...change,
  });
  const ask = async (path: string, init: RequestInit = {}, env = elsewhere): Promise<Response> =>
    await app.request(`http://localhost:9090${path}`, {
      ...init,
      headers: { Host: "localhost:9090", ...init.headers },
    }, env);
  return { ask, lines };
}

Deno.test("metrics are answered to everyone in the text format", async () => {
  const response = await setUp().ask("/metrics");
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.match(await response.text(), /^zen_watcher_build_info\{version="1\.2\.3"/m);
});

const probes: readonly (readonly [path: string, asked: "livez" | "readyz"])[] = [
  ["/livez", "livez"],
  ["/healthz", "livez"],
  ["/health", "livez"],
  ["/readyz", "readyz"],
  ["/ready", "readyz"],
];

for (const [path, asked] of probes) {
  Deno.test(`${path} answers everyone as ${asked} says`, async () => {
    const other = asked === "livez" ? "readyz" : "livez";
    const well = setUp({
      health: { ...{ livez: () => passing, readyz: () => passing }, [other]: () => failing },
    });
    const good = await well.ask(path);
    assert.deepEqual([good.status, await good.text()], [200, "ok\n"]);
    const ill = setUp({
      health: { ...{ livez: () => passing, readyz: () => passing }, [asked]: () => failing },
    });
    const bad = await ill.ask(path);
    assert.deepEqual([bad.status, await bad.text()], [503, "One thing\nAnother thing\n"]);
  });
}

Deno.test("status is JSON for who is on this machine", async () => {
  const { ask } = setUp({ readToken: () => Promise.reject(new Error("no token is needed here")) });
  const response = await ask("/status", {}, here);
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), status);
});

const strangers: readonly (readonly [
  name: string,
  headers: Record<string, string>,
  token: string | undefined,
  env: ObserveEnv["Bindings"],
  code: number,
])[] = [
  ["from elsewhere without a configured token", {}, undefined, elsewhere, 403],
  ["from elsewhere without a token", {}, "hunter2", elsewhere, 401],
  ["from elsewhere with a wrong token", { Authorization: "Bearer hunter" }, "hunter2", elsewhere, 401],
  ["from elsewhere with the token", { Authorization: "Bearer hunter2" }, "hunter2", elsewhere, 200],
  ["from here under a foreign name", { Host: "evil.example:9090" }, undefined, here, 403],
  [
    "from here under a foreign name, with the token",
    {
      Host: "evil.example:9090",
      Authorization: "Bearer hunter2",
    },
    "hunter2",
    here,
    200,
  ],
  ["from an unknown address", {}, undefined, {}, 403],
];

for (const [name, headers, token, env, code] of strangers) {
  Deno.test(`status ${name} is ${code}`, async () => {
    const response = await setUp({ readToken: () => Promise.resolve(token) }).ask(
      "/status",
      { headers },
      env,
    );
    assert.equal(response.status, code);
    assert.equal(response.headers.has("WWW-Authenticate"), code === 401);
    assert.equal((await response.text()).includes("falco"), code === 200);
  });
}

Deno.test("a token file that cannot be read lets nobody in and is logged once", async () => {
  const { ask, lines } = setUp({ readToken: () => Promise.reject(new Error("gone")) });
  const response = await ask("/status");
  assert.deepEqual([response.status, await response.text()], [500, "Internal error\n"]);
  assert.equal(lines.length, 1);
});

for (const path of ["/metrics", "/livez", "/status"]) {
  Deno.test(`${path} takes GET and HEAD only`, async () => {
    const { ask } = setUp();
    const head = await ask(path, { method: "HEAD" }, here);
    assert.deepEqual([head.status, await head.text()], [200, ""]);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const response = await ask(path, { method }, here);
      assert.deepEqual([response.status, response.headers.get("Allow")], [405, "GET, HEAD"]);
    }
  });
}

Deno.test("what does not exist is 404", async () => {
  for (const path of ["/", "/ingest/falco", "/metrics/x", "/statuses"]) {
    assert.equal((await setUp().ask(path, {}, here)).status, 404, path);
  }
});

Deno.test("every answer forbids guessing its type, keeping it and framing it", async () => {
  const { ask } = setUp();
  for (const path of ["/metrics", "/livez", "/status", "/nothing"]) {
    const { headers } = await ask(path);
    assert.equal(headers.get("X-Content-Type-Options"), "nosniff");
    assert.equal(headers.get("Cache-Control"), "no-store");
    assert.equal(headers.get("X-Frame-Options"), "DENY");
  }
});
