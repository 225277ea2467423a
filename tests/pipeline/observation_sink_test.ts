import assert from "node:assert/strict";
import { RecentNames } from "../../src/deduplicate/recent_names.ts";
import { ApiError } from "../../src/kube/errors.ts";
import type { Observation } from "../../src/model/observation.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { ObservationSink } from "../../src/pipeline/observation_sink.ts";
import type { DeadLetterBox } from "../../src/write/dead_letters.ts";
import { ObservationWriter } from "../../src/write/writer.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { type Answer, ScriptedApi } from "../support/scripted_api.ts";
import { silentLog } from "../support/silent_log.ts";

const observation = {
  metadata: { namespace: "zen", name: "own-x" },
  spec: { source: "own" },
} as unknown as Observation;
const failed = (code: number, reason = ""): Answer => ({
  kind: "error",
  error: new ApiError("no", {
    code,
    reason,
    ...(code === 422 ? { fields: ["spec.title"] } : {}),
    ...(code === 429 ? { retryAfterMilliseconds: 7000 } : {}),
  }),
});

Deno.test("Each answer of the API server has its outcome, by whether it passes, stalls or is for good", async () => {
  const cases: readonly [Answer, boolean, object][] = [
    [{ kind: "json", value: {} }, true, { kind: "created" }],
    [failed(409, "AlreadyExists"), true, { kind: "deduplicated" }],
    [failed(400), true, { kind: "dead-lettered", reason: "refused" }],
    [failed(413), true, { kind: "dead-lettered", reason: "too_large" }],
    [failed(422), true, { kind: "dead-lettered", reason: "invalid", fields: ["spec.title"] }],
    [failed(422), false, { kind: "rejected", reason: "refused", fields: ["spec.title"] }],
    [failed(403), true, { kind: "open", isStalled: true }],
    [failed(404), true, { kind: "open", isStalled: true }],
    [failed(0), true, { kind: "open", isStalled: false }],
    [failed(401), true, { kind: "open", isStalled: false }],
    [failed(429), true, { kind: "open", isStalled: false, retryAfterMilliseconds: 7000 }],
    [failed(503), true, { kind: "open", isStalled: false }],
  ];
  for (const [answer, hasRoom, expected] of cases) {
    const clock = new FakeClock();
    const metrics = createMetrics("test");
    const put: unknown[] = [];
    const deadLetters: DeadLetterBox = {
      put: (letter) => Promise.resolve(hasRoom && put.push(letter.what) > 0),
    };
    const api = new ScriptedApi([answer]);
    const sink = new ObservationSink({
      writer: new ObservationWriter({ concurrency: 1, fallbackNamespace: "zen" }, { api, clock, metrics }),
      recent: new RecentNames({ maxSize: 10, windowSeconds: 60 }, clock),
      metrics,
      deadLetters,
      clock,
      log: silentLog,
    });
    const outcome = await sink.put(
      observation,
      { source: "own", ingester: { namespace: "zen", name: "own" }, isDryRun: false },
      { patienceMilliseconds: 0, patientUntil: 0, mayWrite: () => true, onStall: () => {} },
      undefined,
      new AbortController().signal,
    );
    const shown = Object.fromEntries(Object.keys(expected).map((key) => [key, Reflect.get(outcome, key)]));
    assert.deepEqual(shown, expected, JSON.stringify(answer));
    assert.equal(put.length, outcome.kind === "dead-lettered" ? 1 : 0);
  }
});

Deno.test("What is tried too often is laid aside, or given up where no dead letter is wanted", async () => {
  const retry = { maxAttempts: 3, backoff: "constant", baseMilliseconds: 100 } as const;
  const source = Infinity;
  const sender = 60_000;
  const cases: readonly [string, number, Answer, boolean, string, number][] = [
    ["a source", source, failed(503), true, "dead-lettered retries_exhausted", 3],
    ["a source without dead letters", source, failed(503), false, "rejected refused", 3],
    ["a sender, who lays it aside himself", sender, failed(503), true, "open", 3],
    ["refused for good without dead letters", source, failed(422), false, "rejected refused", 1],
  ];
  for (const [what, patience, answer, keepsDeadLetters, expected, requests] of cases) {
    const clock = new FakeClock();
    const api = new ScriptedApi(Array(requests).fill(answer));
    const letters: string[] = [];
    const sink = sinkOf(api, clock, { put: ({ reason }) => Promise.resolve(letters.push(reason) > 0) });
    const putting = sink.put(
      observation,
      {
        source: "own",
        ingester: { namespace: "zen", name: "own" },
        isDryRun: false,
        errorHandling: { retry, keepsDeadLetters },
      },
      { patienceMilliseconds: patience, patientUntil: patience, mayWrite: () => true, onStall: () => {} },
      undefined,
      new AbortController().signal,
    );
    await clock.advance(10_000);
    const outcome = await putting;
    assert.equal("reason" in outcome ? `${outcome.kind} ${outcome.reason}` : outcome.kind, expected, what);
    if (outcome.kind === "open") assert.equal(outcome.tries, 3, what);
    assert.equal(api.requests.length, requests, what);
    assert.equal(letters.length, outcome.kind === "dead-lettered" ? 1 : 0, what);
  }
});

Deno.test("What may still pass is not given up while there is no room for a dead letter", async () => {
  const clock = new FakeClock();
  const api = new ScriptedApi([failed(503), failed(503), { kind: "json", value: {} }]);
  const sink = sinkOf(api, clock, { put: () => Promise.resolve(false) });
  const retry = { maxAttempts: 1, backoff: "constant", baseMilliseconds: 100 } as const;
  const putting = sink.put(
    observation,
    {
      source: "own",
      ingester: { namespace: "zen", name: "own" },
      isDryRun: false,
      errorHandling: { retry, keepsDeadLetters: true },
    },
    { patienceMilliseconds: Infinity, patientUntil: Infinity, mayWrite: () => true, onStall: () => {} },
    undefined,
    new AbortController().signal,
  );
  await clock.advance(60_000);
  assert.equal((await putting).kind, "created");
});

function sinkOf(api: ScriptedApi, clock: FakeClock, deadLetters: DeadLetterBox): ObservationSink {
  const metrics = createMetrics("test");
  return new ObservationSink({
    writer: new ObservationWriter({ concurrency: 1, fallbackNamespace: "zen" }, { api, clock, metrics }),
    recent: new RecentNames({ maxSize: 10, windowSeconds: 60 }, clock),
    metrics,
    deadLetters,
    clock,
    log: silentLog,
  });
}
