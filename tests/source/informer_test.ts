import assert from "node:assert/strict";
import type { KubeObject } from "../../src/kube/api.ts";
import { ApiError } from "../../src/kube/errors.ts";
import { at } from "../../src/model/json.ts";
import type { Signal } from "../../src/model/signal.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import type { Clock } from "../../src/run/clock.ts";
import { gvrLabel, type InformerOptions, runInformer, type SourceState } from "../../src/source/informer.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LiveApi } from "../support/live_api.ts";
import { type Answer, event, page, ScriptedApi } from "../support/scripted_api.ts";
import { silentLog } from "../support/silent_log.ts";

const gvr = { group: "example.com", version: "v1", resource: "reports" };
const served: Answer = {
  kind: "json",
  value: { resources: [{ name: "reports", kind: "Report", namespaced: true }] },
};
const notServed: Answer = { kind: "error", error: new ApiError("no such group", { code: 404 }) };
const silence = (lines: readonly unknown[]): Answer => ({ kind: "lines", lines, then: "silence" });

interface Told {
  readonly taken: Signal[];
  readonly states: SourceState[];
  readonly metrics: ReturnType<typeof createMetrics>;
  resumed: number;
  readonly positions: (readonly [position: string | undefined, moved: string])[];
}

/** Runs an informer through a scenario until `isDone` says so. */
async function run(
  answers: readonly Answer[],
  isDone: (told: Told) => boolean,
  take: (signal: Signal) => Promise<void> = () => Promise.resolve(),
  resumeFrom?: string,
  reports?: InformerOptions["reports"],
): Promise<Told> {
  let now = 0;
  const clock: Clock = {
    now: () => Date.parse("2026-01-01T00:00:00Z") + now,
    monotonic: () => now,
    random: () => 0.5,
    sleep: (milliseconds, signal) => {
      if (milliseconds < 60_000) {
        now += milliseconds;
        return signal.aborted ? Promise.reject(signal.reason) : Promise.resolve();
      }
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true })
      );
    },
  };
  const told: Told = {
    taken: [],
    states: [],
    metrics: createMetrics("test"),
    resumed: 0,
    positions: [],
  };
  const stop = new AbortController();
  const running = runInformer(
    {
      source: "own",
      gvr,
      namespace: "a",
      take: async (signal) => {
        told.taken.push(signal);
        await take(signal);
      },
      onState: (state) => told.states.push(state),
      onResumed: () => told.resumed++,
      resumeFrom: () => resumeFrom,
      reports,
      onPosition: (position, moved) => told.positions.push([position, moved]),
    },
    { api: new ScriptedApi(answers), clock, metrics: told.metrics, log: silentLog },
    stop.signal,
  );
  const ended = running.catch((error: unknown) => error);
  for (let turn = 0; turn < 500 && !isDone(told); turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const wasDone = isDone(told);
  stop.abort(new Error("asked to stop"));
  assert.match(String(await ended), /asked to stop|scenario ends/);
  assert.ok(wasDone, "The scenario did not come to its end");
  return told;
}

const names = (told: Told): string[] => told.taken.map(({ origin }) => origin?.name ?? "");

Deno.test("Every listed and added object is taken once, with where it came from", async () => {
  const told = await run(
    [served, page(["a", "b"], "5"), silence([event("ADDED", "c", "6"), event("ADDED", "a", "1")])],
    ({ taken }) => taken.length >= 3,
  );
  assert.deepEqual(names(told).sort(), ["a", "b", "c"]);
  assert.deepEqual(told.taken[0]?.origin, {
    apiVersion: "example.com/v1",
    kind: "Report",
    name: "a",
    namespace: undefined,
    uid: "uid-a",
    resourceVersion: "1",
  });
  assert.equal((told.taken[0]?.payload as { kind: string }).kind, "Report");
  assert.deepEqual(told.states.at(-1), { kind: "running" });
});

Deno.test("What is listed again unchanged after 410 is not taken again, what changed is", async () => {
  const gone = { type: "ERROR", object: { code: 410, reason: "Expired", message: "too old" } };
  const changed: Answer = {
    kind: "json",
    value: {
      metadata: { resourceVersion: "9" },
      items: [
        { metadata: { name: "a", uid: "uid-a", resourceVersion: "1" } },
        { metadata: { name: "b", uid: "uid-b", resourceVersion: "8" }, report: "new" },
      ],
    },
  };
  const told = await run(
    [served, page(["a", "b"], "5"), { kind: "lines", lines: [gone], then: "end" }, changed, silence([])],
    ({ states }) => states.filter(({ kind }) => kind === "running").length === 2,
  );
  assert.deepEqual(names(told), ["a", "b", "b"]);
  const restarts = await told.metrics.watchRestarts.get();
  assert.deepEqual(restarts.values.map(({ labels, value }) => [labels.reason, labels.gvr, value]), [
    ["expired", "example.com/v1/reports", 1],
  ]);
});

Deno.test("An object whose findings got no verdict is not remembered as taken", async () => {
  let failed = false;
  const gone = { type: "ERROR", object: { code: 410, reason: "Expired", message: "too old" } };
  const told = await run(
    [served, page(["a"], "5"), { kind: "lines", lines: [gone], then: "end" }, page(["a"], "6"), silence([])],
    ({ taken }) => taken.length === 1,
    () => {
      failed = true;
      return Promise.reject(new Error("scenario ends: no verdict"));
    },
  );
  assert.equal(failed, true);
  assert.deepEqual(names(told), ["a"]);
});

Deno.test("A report that is deleted and made anew under its name is gone first, and there again then", async () => {
  const order: string[] = [];
  const slowly = async (what: string): Promise<void> => {
    order.push(`${what} begins`);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    order.push(`${what} ends`);
  };
  const anew = { type: "ADDED", object: { metadata: { name: "a", uid: "another", resourceVersion: "8" } } };
  await run(
    [served, page(["a"], "5"), silence([event("DELETED", "a", "7"), anew])],
    () => order.length >= 6,
    ({ origin }) => slowly(`take ${origin?.uid}`),
    undefined,
    {
      beginList: () => Promise.resolve(),
      endList: () => Promise.resolve(),
      unchanged: () => {},
      deleted: ({ uid }) => slowly(`delete ${uid}`),
    },
  );
  assert.deepEqual(order, [
    "take uid-a begins",
    "take uid-a ends",
    "delete uid-a begins",
    "delete uid-a ends",
    "take another begins",
    "take another ends",
  ]);
});

Deno.test("A resource that is not served is looked for again until it is", async () => {
  const told = await run(
    [notServed, notServed, served, page(["a"], "5"), silence([])],
    ({ taken }) => taken.length === 1,
  );
  assert.deepEqual(told.states.slice(0, 2), [{ kind: "missing" }, { kind: "missing" }]);
});

Deno.test("403 with the resource served is a missing right, without it a missing resource", async () => {
  const refused: Answer = {
    kind: "error",
    error: new ApiError("may not list", { code: 403, reason: "Forbidden" }),
  };
  const forbidden = await run(
    [served, refused, served, page(["a"], "5"), silence([])],
    ({ taken }) => taken.length === 1,
  );
  assert.deepEqual(forbidden.states[0], { kind: "forbidden", message: "may not list" });
  const missing = await run(
    [served, refused, notServed, notServed, served, page(["a"], "5"), silence([])],
    ({ taken }) => taken.length === 1,
  );
  assert.deepEqual(missing.states.map(({ kind }) => kind).slice(0, 2), ["forbidden", "missing"]);
});

const positionsOf = (told: Told): (string | undefined)[] => told.positions.map(([position]) => position);

Deno.test("A list gives a position when all of it has its verdict, and each event after it one of its own", async () => {
  const told = await run(
    [served, page(["a", "b"], "5"), silence([event("ADDED", "c", "6"), event("DELETED", "a", "7")])],
    ({ positions }) => positions.length >= 3,
  );
  assert.deepEqual(told.positions, [["5", "by-findings"], ["6", "by-findings"], ["7", "by-findings"]]);
  assert.equal(told.resumed, 1);
});

Deno.test("A resumed watch lists nothing, and takes what happened meanwhile", async () => {
  const told = await run(
    [served, page([], "90"), silence([event("ADDED", "a", "81"), event("DELETED", "a", "82")])],
    ({ positions }) => positions.length >= 2,
    undefined,
    "80",
  );
  assert.deepEqual(names(told), ["a"], "an object that was made and deleted while nobody watched is seen");
  assert.deepEqual(positionsOf(told), ["81", "82"]);
});

Deno.test("A position stands still behind the oldest event without a verdict", async () => {
  const gate = Promise.withResolvers<void>();
  let isOpen = false;
  const told = await run(
    [
      served,
      page([], "5"),
      silence([event("ADDED", "slow", "6"), event("ADDED", "b", "7"), event("ADDED", "c", "8")]),
    ],
    ({ taken, positions }) => {
      if (taken.length === 3 && !isOpen) {
        assert.deepEqual(positions.map(([position]) => position), ["5"]);
        isOpen = true;
        gate.resolve();
      }
      return positions.length >= 2;
    },
    ({ origin }) => origin?.name === "slow" ? gate.promise : Promise.resolve(),
  );
  assert.deepEqual(positionsOf(told).slice(0, 2), ["5", "8"]);
});

Deno.test("A bookmark moves the position, and says that no findings did", async () => {
  const bookmark = { type: "BOOKMARK", object: { metadata: { resourceVersion: "40" } } };
  const told = await run(
    [served, page([], "5"), silence([bookmark])],
    ({ positions }) => positions.length >= 2,
  );
  assert.deepEqual(told.positions.at(-1), ["40", "by-bookmark"]);
});

Deno.test("A checkpoint from a history that is no more is void before anything is listed", async () => {
  const told = await run(
    [served, page([], "50"), page(["a"], "50"), silence([])],
    ({ positions }) => positions.length >= 2,
    undefined,
    "80",
  );
  assert.deepEqual(positionsOf(told), [undefined, "50"]);
  const { values } = await told.metrics.relistDuration.get();
  assert.ok(values.some(({ labels }) => labels.reason === "rewound"));
});

Deno.test("The label of a resource is its group, version and name", () => {
  assert.equal(gvrLabel({ group: "", version: "v1", resource: "events" }), "v1/events");
  assert.equal(gvrLabel(gvr), "example.com/v1/reports");
});

/** Runs an informer against an API server in memory, on a clock that the test moves. */
async function live(
  more: Partial<InformerOptions>,
  act: (scene: { api: LiveApi; clock: FakeClock; taken: Signal[]; told: Told["positions"] }) => Promise<void>,
): Promise<void> {
  const api = new LiveApi();
  api.serve("example.com", "reports", "Report", "a");
  const clock = new FakeClock();
  const taken: Signal[] = [];
  const told: Told["positions"] = [];
  const stop = new AbortController();
  const running = runInformer(
    {
      source: "own",
      gvr,
      namespace: "a",
      take: (signal) => {
        taken.push(signal);
        return Promise.resolve();
      },
      onState: () => {},
      onResumed: () => {},
      resumeFrom: () => undefined,
      onPosition: (position, moved) => told.push([position, moved]),
      ...more,
    },
    { api, clock, metrics: createMetrics("test"), log: silentLog },
    stop.signal,
  ).catch((error: unknown) => error);
  await act({ api, clock, taken, told });
  stop.abort(new Error("asked to stop"));
  assert.match(String(await running), /asked to stop/);
  assert.equal(clock.sleeping, 0);
}

const REPORTS = "/apis/example.com/v1/namespaces/a/reports";
const report = (name: string, more: object = {}): KubeObject => ({
  metadata: { name, uid: `uid-${name}` },
  ...more,
});

Deno.test("With a resync period everything is listed again, and only what changed unseen is received", async () => {
  await live({ resyncMilliseconds: 60_000 }, async ({ api, clock, taken }) => {
    const lists = (): number =>
      api.requests.filter(({ path, query }) => path === REPORTS && query?.["limit"] !== undefined).length;
    await clock.advance(0);
    api.put(REPORTS, report("one"));
    await clock.advance(1000);
    assert.equal(taken.length, 1);
    await clock.advance(10 * 60_000);
    assert.ok(lists() >= 9 && lists() <= 13, String(lists()));
    assert.equal(taken.length, 1);
    assert.equal(api.watching(REPORTS), 1);
  });
});

Deno.test("An object that nobody touches is judged again when it is due, and no other with it", async () => {
  const hour = 3_600_000;
  await live({
    // Due at the next full hour after it was received.
    reviewAt: ({ payload, receivedAt }) =>
      at(payload, "due") === true ? (Math.floor(Date.parse(receivedAt) / hour) + 1) * hour : undefined,
    resumeFrom: () => {
      throw new Error("what is judged by the time is listed at first");
    },
  }, async ({ api, clock, taken }) => {
    await clock.advance(0);
    api.put(REPORTS, report("due", { due: true }));
    api.put(REPORTS, report("other"));
    await clock.advance(hour - 1);
    assert.deepEqual(taken.splice(0).map(({ origin }) => origin?.name), ["due", "other"]);
    await clock.advance(11_000);
    assert.deepEqual(taken.map(({ origin }) => origin?.name), ["due"]);
    assert.equal(Date.parse(taken[0]?.receivedAt ?? "") % hour, 0);
    await clock.advance(3 * hour);
    assert.equal(taken.length, 4);
    api.delete(REPORTS, "due");
    await clock.advance(3 * hour);
    assert.equal(taken.length, 4);
  });
});
