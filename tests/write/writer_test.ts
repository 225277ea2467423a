import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import { API_VERSION, type Observation } from "../../src/model/observation.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import type { Clock } from "../../src/run/clock.ts";
import { ObservationWriter, TermEndedError, type WriteTerms } from "../../src/write/writer.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LiveApi } from "../support/live_api.ts";
import { type Answer, ScriptedApi } from "../support/scripted_api.ts";

const never = new AbortController().signal;
const observation: Observation = {
  apiVersion: API_VERSION,
  kind: "Observation",
  metadata: { name: "trivy-x", namespace: "shop" },
  spec: {},
};
const terms: WriteTerms = {
  patienceMilliseconds: Infinity,
  isDryRun: false,
  mayWrite: () => true,
  onStall: () => {},
};
const created: Answer = { kind: "json", value: {} };
const failure = (
  code: number,
  more: { reason?: string; causes?: string[]; subject?: string } = {},
): Answer => ({
  kind: "error",
  error: new ApiError(`refused ${code}`, { code, ...more }),
});

function scenario(
  answers: readonly Answer[],
): { writer: ObservationWriter; api: ScriptedApi; slept: number[] } {
  const slept: number[] = [];
  let now = 0;
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    random: () => 0.5,
    sleep: (milliseconds) => {
      now += milliseconds;
      slept.push(milliseconds);
      return Promise.resolve();
    },
  };
  const api = new ScriptedApi(answers);
  const writer = new ObservationWriter({ concurrency: 4, fallbackNamespace: "zen" }, {
    api,
    clock,
    metrics: createMetrics("test"),
  });
  return { writer, api, slept };
}

Deno.test("What an answer means is one table", async () => {
  const cases: readonly [string, readonly Answer[], string, number][] = [
    ["created", [created], "created shop", 1],
    ["already there", [failure(409, { reason: "AlreadyExists" })], "exists shop", 1],
    ["refused for good: 400", [failure(400)], "refused", 1],
    ["refused for good: 413", [failure(413)], "refused", 1],
    ["refused for good: 422", [failure(422)], "refused", 1],
    ["namespace missing", [failure(404, { subject: "namespaces" }), created], "created zen", 2],
    ["namespace going", [failure(403, { causes: ["NamespaceTerminating"] }), created], "created zen", 2],
    ["throttled", [failure(429), created], "created shop", 2],
    ["server error", [failure(500), failure(503), created], "created shop", 3],
    ["no answer", [failure(0), created], "created shop", 2],
    ["lost response", [failure(0), failure(409, { reason: "AlreadyExists" })], "exists shop", 2],
    ["CRD missing waits", [failure(404), created], "created shop", 2],
    ["no right waits", [failure(403), failure(403), created], "created shop", 3],
  ];
  for (const [what, answers, expected, requests] of cases) {
    const { writer, api } = scenario(answers);
    const result = await writer.write(observation, terms, never);
    const where = "observation" in result ? ` ${result.observation.namespace}` : "";
    assert.equal(result.kind + where, expected, what);
    assert.equal(api.requests.length, requests, what);
  }
});

Deno.test("With bounded patience a failure that lasts is unavailable, and nothing is promised", async () => {
  const clock = new FakeClock();
  const api = new ScriptedApi(Array.from({ length: 50 }, () => failure(503)));
  const writer = new ObservationWriter({ concurrency: 4, fallbackNamespace: "zen" }, {
    api,
    clock,
    metrics: createMetrics("test"),
  });
  let ended: string | undefined;
  const writing = writer.write(observation, { ...terms, patienceMilliseconds: 2000 }, never)
    .then(({ kind }) => ended = kind);
  await clock.advance(2200);
  assert.equal(ended, "unavailable");
  await writing;
  const { length } = api.requests;
  assert.ok(length > 2 && length < 20, `${length} requests`);
});

Deno.test("Nobody who waits is kept for ever by a server that hangs, nor by the queue before it", async () => {
  const clock = new FakeClock();
  const hanging = {
    request: (_: unknown, signal: AbortSignal) =>
      new Promise<never>((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true })
      ),
    stream: () => Promise.reject(new Error("no stream here")),
  };
  const writer = new ObservationWriter({ concurrency: 1, fallbackNamespace: "zen" }, {
    api: hanging,
    clock,
    metrics: createMetrics("test"),
  });
  const ended: string[] = [];
  const all = Array.from(
    { length: 3 },
    () =>
      writer.write(observation, { ...terms, patienceMilliseconds: 2000 }, never).then(({ kind }) =>
        ended.push(kind)
      ),
  );
  await clock.advance(15_200);
  assert.deepEqual(ended, ["unavailable", "unavailable", "unavailable"]);
  await Promise.all(all);
});

Deno.test("A missing right is told while it lasts, and that it is over", async () => {
  const told: (string | undefined)[] = [];
  const { writer } = scenario([failure(403), created]);
  await writer.write(observation, { ...terms, onStall: (error) => told.push(error?.kind) }, never);
  assert.deepEqual(told, ["forbidden", undefined]);
});

Deno.test("No request is sent once the term has ended, not even for a retry", async () => {
  const { writer, api } = scenario([failure(503), created]);
  let asked = 0;
  await assert.rejects(
    writer.write(observation, { ...terms, mayWrite: () => ++asked === 1 }, never),
    TermEndedError,
  );
  assert.equal(api.requests.length, 1);
});

Deno.test("A dry run is checked by the API server and stores nothing", async () => {
  const { writer, api } = scenario([created]);
  await writer.write(observation, { ...terms, isDryRun: true }, never);
  assert.deepEqual(api.requests[0]?.query, { dryRun: "All" });
});

Deno.test("An API server that did not answer three times in a row is away, until it answers", async () => {
  const { writer, api } = scenario([failure(0), failure(503), failure(0), failure(422), failure(0), created]);
  const once = { ...terms, patienceMilliseconds: 1 };
  for (const isAway of [false, false, true]) {
    await writer.write(observation, once, never);
    assert.equal(writer.isAway, isAway);
  }
  // Who can do without is spared the wait, and asks nobody.
  const spared = await writer.write(observation, { ...once, sparesAway: true }, never);
  assert.deepEqual([spared.kind, api.requests.length], ["unavailable", 3]);
  // Even a refusal is an answer.
  assert.equal((await writer.write(observation, once, never)).kind, "refused");
  assert.equal(writer.isAway, false);
  await writer.write(observation, once, never);
  assert.equal((await writer.write(observation, { ...once, sparesAway: true }, never)).kind, "created");
});

Deno.test("Whoever sends waits no longer than he has patience, also while others have their turn", async () => {
  const clock = new FakeClock();
  const api = new LiveApi();
  const stop = new AbortController();
  api.answer(
    "/apis/zen.kube-zen.io/v1alpha1/namespaces/shop/observations",
    (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
  );
  const writer = new ObservationWriter({ concurrency: 1, fallbackNamespace: "zen" }, {
    api,
    clock,
    metrics: createMetrics("test"),
  });
  const source = writer.write(observation, terms, stop.signal).catch(() => "stopped");
  const sender = writer.write(observation, { ...terms, patienceMilliseconds: 2000 }, never);
  await clock.advance(2_250);
  assert.equal((await sender).kind, "unavailable");
  assert.equal(api.sent("POST").length, 1, "its turn did not come");
  stop.abort();
  assert.equal(await source, "stopped");
});
