import assert from "node:assert/strict";
import { IngesterEvents, noticesOf } from "../../src/ingesters/ingester_events.ts";
import { ApiError } from "../../src/kube/errors.ts";
import type { Condition, IngesterStatus } from "../../src/model/ingester.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { ingesterOf } from "../support/ingester_of.ts";
import { LiveApi } from "../support/live_api.ts";
import { RecordingLog } from "../support/recording_log.ts";

const never = new AbortController().signal;
const EVENTS = "/api/v1/namespaces/zen/events";

function ready(reason: string, message = reason, observedGeneration = 1): Condition {
  const status = reason === "Running" ? "True" : "False";
  return { type: "Ready", status, reason, message, lastTransitionTime: "t", observedGeneration };
}
const overlap = (message: string): Condition => ({
  type: "Degraded",
  status: "True",
  reason: "Overlap",
  message,
  lastTransitionTime: "t",
});
const status = (...conditions: readonly Condition[]): IngesterStatus => ({ conditions });

Deno.test("What a change of conditions has to tell is one table", () => {
  const running = ready("Running");
  const cases: readonly [
    what: string,
    before: IngesterStatus | undefined,
    after: IngesterStatus,
    told: readonly string[],
  ][] = [
    ["it runs at once", undefined, status(running), []],
    ["it never ran", undefined, status(ready("Invalid", "wrong")), ["Warning Invalid wrong"]],
    ["it stopped running", status(running), status(ready("Forbidden", "no")), ["Warning Forbidden no"]],
    ["another trouble", status(ready("Forbidden")), status(ready("SourceMissing")), [
      "Warning SourceMissing SourceMissing",
    ]],
    ["the same again", status(ready("Degraded", "a")), status(ready("Degraded", "b")), []],
    ["edited, still wrong", status(ready("Invalid", "a", 1)), status(ready("Invalid", "b", 2)), [
      "Warning Invalid b",
    ]],
    ["edited, as wrong as before", status(ready("Invalid", "a", 1)), status(ready("Invalid", "a", 2)), []],
    ["it runs again", status(ready("Degraded")), status(running), ["Normal Recovered Running"]],
    ["suspended by somebody", status(ready("Invalid")), status(ready("Suspended")), []],
    ["resumed by somebody", status(ready("Suspended")), status(running), []],
    ["it overlaps", status(running), status(running, overlap("with b")), ["Warning Overlap with b"]],
    ["it overlaps still", status(running, overlap("x")), status(running, overlap("x")), []],
    ["it overlaps no more", status(running, overlap("x")), status(running), [
      "Normal Recovered It overlaps with no other Ingester any more",
    ]],
    ["both at once", undefined, status(ready("Forbidden"), overlap("x")), [
      "Warning Forbidden Forbidden",
      "Warning Overlap x",
    ]],
  ];
  for (const [what, before, after, told] of cases) {
    const notices = noticesOf(before, after).map(({ type, reason, message }) =>
      `${type} ${reason} ${message}`
    );
    assert.deepEqual(notices, told, what);
  }
});

async function scene(
  act: (events: IngesterEvents, api: LiveApi, clock: FakeClock, log: RecordingLog) => Promise<void>,
): Promise<void> {
  const api = new LiveApi();
  api.answer(EVENTS, () => ({}));
  const clock = new FakeClock();
  const log = new RecordingLog();
  await act(new IngesterEvents({ api, clock, log, identity: "pod-0" }), api, clock, log);
}

Deno.test("An Event is about the Ingester, lies in its namespace, and its message is bounded", async () => {
  await scene(async (events, api) => {
    const notice = { type: "Warning", reason: "Invalid", message: "x".repeat(5000) } as const;
    await events.tell(ingesterOf("a", { source: "own" }), notice, never);
    const [request] = api.sent("POST");
    const { metadata, message, ...body } = request?.body as {
      metadata: { name: string; namespace: string };
      message: string;
    };
    assert.equal(request?.path, EVENTS);
    assert.match(metadata.name, /^a\.[a-z2-7]{16}$/);
    assert.ok(message.length <= 1024 && message.endsWith("..."));
    assert.deepEqual(body, {
      apiVersion: "v1",
      kind: "Event",
      involvedObject: {
        apiVersion: "zen.kube-zen.io/v1alpha1",
        kind: "Ingester",
        namespace: "zen",
        name: "a",
        uid: "uid-a",
        resourceVersion: "1",
      },
      type: "Warning",
      reason: "Invalid",
      source: { component: "zen-watcher", host: "pod-0" },
      reportingComponent: "zen-watcher",
      reportingInstance: "pod-0",
      firstTimestamp: "2026-01-02T12:00:00Z",
      lastTimestamp: "2026-01-02T12:00:00Z",
      count: 1,
    });
  });
});

Deno.test("An Ingester whose condition comes and goes is told of ten times, then once in five minutes", async () => {
  await scene(async (events, api, clock) => {
    const tell = (name: string, message: string): Promise<void> =>
      events.tell(
        ingesterOf(name, { source: "own" }),
        { type: "Warning", reason: "Degraded", message },
        never,
      );
    for (let time = 0; time < 40; time++) await tell("a", `${time}`);
    assert.equal(api.sent("POST").length, 10);
    await tell("b", "another has its own");
    assert.equal(api.sent("POST").length, 11);
    await clock.advance(300_000);
    for (let time = 0; time < 5; time++) await tell("a", `later ${time}`);
    assert.equal(api.sent("POST").length, 12);
    await clock.advance(3_600_000);
    for (let time = 0; time < 40; time++) await tell("a", `much later ${time}`);
    assert.equal(api.sent("POST").length, 22);
  });
});

Deno.test("What cannot be told is logged, and stops nothing", async () => {
  await scene(async (events, api, _clock, log) => {
    api.answer(EVENTS, () => {
      throw new ApiError("may not create events", { code: 403 });
    });
    await events.tell(
      ingesterOf("a", { source: "own" }),
      { type: "Normal", reason: "Recovered", message: "x" },
      never,
    );
    assert.deepEqual(log.lines.map(({ level, fields }) => [level, fields["error"]]), [
      ["warn", "may not create events"],
    ]);
  });
});
