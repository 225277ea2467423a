import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import { watchResource, type WatchTarget } from "../../src/kube/watcher.ts";
import type { Clock } from "../../src/run/clock.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { type Answer, event, failure, lines, page, ScriptedApi } from "../support/scripted_api.ts";
import { inWords } from "../support/watch_words.ts";

/** A clock whose sleeps below a minute end at once; longer ones (the watchdog) never end by themselves. */
function hastyClock(): Clock & { slept: number[] } {
  const slept: number[] = [];
  let now = 0;
  return {
    slept,
    now: () => now,
    monotonic: () => now,
    random: () => 0.5,
    sleep(milliseconds, signal) {
      if (milliseconds < 60_000) {
        now += milliseconds;
        slept.push(milliseconds);
        return signal.aborted ? Promise.reject(signal.reason) : Promise.resolve();
      }
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true })
      );
    },
  };
}

const REPORTS: WatchTarget = {
  gvr: { group: "example.com", version: "v1", resource: "reports" },
  namespace: "a",
  hasBookmarks: true,
};

/** Plays a scenario and tells it in short words, until `count` words were said. */
async function play(
  answers: readonly Answer[],
  count: number,
  target: WatchTarget = REPORTS,
): Promise<{ told: string[]; api: ScriptedApi; clock: ReturnType<typeof hastyClock> }> {
  const api = new ScriptedApi(answers);
  const clock = hastyClock();
  const stop = new AbortController();
  const told: string[] = [];
  for await (const happened of watchResource(target, api, clock, stop.signal)) {
    told.push(inWords(happened));
    if (told.length === count) break;
  }
  return { told, api, clock };
}

Deno.test("A list is read page by page, then the watch follows from its resourceVersion", async () => {
  const { told, api } = await play([
    page(["a", "b"], "10", "more"),
    page(["c"], "12"),
    lines([event("ADDED", "d", "13"), event("MODIFIED", "a", "14"), event("DELETED", "b", "15")]),
  ], 9);
  assert.deepEqual(told, [
    "relisting",
    "listed a",
    "listed b",
    "listed c",
    "relisted 12",
    "opened",
    "added d",
    "modified a",
    "deleted b",
  ]);
  assert.equal(api.requests[0]?.path, "/apis/example.com/v1/namespaces/a/reports");
  assert.equal(api.requests[1]?.query?.["continue"], "more");
  assert.equal(api.requests[2]?.query?.["resourceVersion"], "12");
  assert.equal(api.requests[2]?.query?.["allowWatchBookmarks"], true);
});

Deno.test("A watch resumes from a given resourceVersion without a list", async () => {
  const { told, api } = await play(
    [page([], "90"), lines([event("ADDED", "a", "81")])],
    2,
    { ...REPORTS, resourceVersion: "80" },
  );
  assert.deepEqual(told, ["opened", "added a"]);
  assert.equal(api.requests[0]?.query?.["limit"], 1);
  assert.equal(api.requests[1]?.query?.["resourceVersion"], "80");
});

Deno.test("A resourceVersion from the future means a restored etcd: it is discarded and listed anew", async () => {
  const { told } = await play([page([], "70"), page(["a"], "70")], 3, { ...REPORTS, resourceVersion: "80" });
  assert.deepEqual(told, ["restarting rewound", "relisting", "listed a"]);
});

Deno.test("410 in the stream and 410 at the start of a watch both lead to a relist", async () => {
  const gone = {
    type: "ERROR",
    object: { kind: "Status", code: 410, reason: "Expired", message: "too old" },
  };
  const { told } = await play([
    page(["a"], "5"),
    lines([gone], "end"),
    page(["a"], "9"),
    failure(410, "Expired"),
    page(["a", "b"], "11"),
  ], 12);
  assert.deepEqual(told, [
    "relisting",
    "listed a",
    "relisted 5",
    "opened",
    "restarting expired",
    "relisting",
    "listed a",
    "relisted 9",
    "restarting expired",
    "relisting",
    "listed a",
    "listed b",
  ]);
});

Deno.test("410 in the middle of a paginated list begins a new relist, so that nothing of the old one counts", async () => {
  const { told } = await play([page(["a"], "5", "more"), failure(410, "Expired"), page(["b"], "9")], 5);
  assert.deepEqual(told, ["relisting", "listed a", "restarting expired", "relisting", "listed b"]);
});

Deno.test("A cut connection resumes after the last event that was seen", async () => {
  const { told, api } = await play([
    page([], "5"),
    lines(
      [event("ADDED", "a", "6"), { type: "BOOKMARK", object: { metadata: { resourceVersion: "8" } } }],
      "break",
    ),
    page([], "9"),
    lines([event("ADDED", "b", "9")]),
  ], 8);
  assert.deepEqual(told, [
    "relisting",
    "relisted 5",
    "opened",
    "added a",
    "bookmark 8",
    "restarting unreachable",
    "opened",
    "added b",
  ]);
  assert.equal(api.requests.at(-1)?.query?.["resourceVersion"], "8");
});

Deno.test("A silent watch is given up, and its connections with it", async () => {
  const api = new ScriptedApi([page([], "5"), lines([]), page([], "6"), lines([event("ADDED", "a", "6")])]);
  let now = 0;
  const sleepers: { at: number; wake: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    random: () => 0,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        sleepers.push({ at: now + milliseconds, wake: resolve });
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
  };
  const stop = new AbortController();
  const told: string[] = [];
  const playing = (async () => {
    for await (const happened of watchResource(REPORTS, api, clock, stop.signal)) {
      told.push(inWords(happened));
      if (happened.kind === "added") break;
    }
  })();
  for (let turn = 0; turn < 400 && told.at(-1) !== "added a"; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (turn % 10 !== 9) continue;
    now += 10_000;
    for (const sleeper of sleepers.filter(({ at }) => at <= now)) sleeper.wake();
  }
  await playing;
  assert.deepEqual(told, ["relisting", "relisted 5", "opened", "restarting silence", "opened", "added a"]);
  assert.deepEqual(api.renewed, ["watch"]);
});

Deno.test("What a failure means for the next try is one table", async () => {
  const cases: readonly [Answer, string, number][] = [
    [failure(403, "Forbidden"), "restarting forbidden", 1000],
    [failure(404, "NotFound"), "restarting missing", 10_000],
    [failure(500, "InternalError"), "restarting server_error", 200],
    [failure(0), "restarting unreachable", 200],
  ];
  for (const [answer, word, wait] of cases) {
    const { told, clock } = await play([answer, page(["a"], "1")], 4);
    assert.equal(told[1], word);
    assert.ok(
      (clock.slept[0] ?? 0) >= wait / 2 && (clock.slept[0] ?? 0) <= wait * 1.5,
      `${word}: ${clock.slept}`,
    );
    assert.equal(told[3], "listed a");
  }
});

Deno.test("A refused right is asked for again soon, then every 30 s, also when only the watch is refused", async () => {
  const refused = failure(403, "Forbidden");
  const lists = await play(Array.from({ length: 8 }, () => refused), 16);
  assert.deepEqual(lists.clock.slept.slice(0, 7), [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  const watches = await play(Array.from({ length: 8 }, () => [page([], "1"), refused]).flat(), 24);
  assert.deepEqual(watches.clock.slept.slice(0, 7), [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

Deno.test("An expired position is listed anew soon, however long the server was away before", async () => {
  const away = Array.from({ length: 6 }, () => failure(0));
  const { told, clock } = await play([
    page([], "5"),
    lines([], "break"),
    ...away,
    page([], "6"),
    failure(410, "Expired"),
    page(["a"], "7"),
  ], 13);
  assert.deepEqual(told.slice(-3), ["restarting expired", "relisting", "listed a"]);
  assert.deepEqual(clock.slept.slice(-2), [10_000, 200]);
});

Deno.test("429 waits as long as Retry-After asks", async () => {
  const throttled = new ApiError("slow down", { code: 429, retryAfterMilliseconds: 7000 });
  const { told, clock } = await play([{ kind: "error", error: throttled }, page([], "1")], 3);
  assert.equal(told[1], "restarting throttled");
  assert.deepEqual(clock.slept, [7000]);
});

Deno.test("A line that is no JSON is read again once, then everything is listed anew", async () => {
  const { told } = await play([
    page([], "5"),
    lines(['{"type": "ADD'], "end"),
    lines(["nonsense"], "end"),
    page(["a"], "7"),
  ], 8);
  assert.deepEqual(told, [
    "relisting",
    "relisted 5",
    "opened",
    "restarting unparsable",
    "opened",
    "restarting unparsable",
    "relisting",
    "listed a",
  ]);
});

Deno.test("A line of 10 MB ends the watch with a relist, and is not parsed", async () => {
  const { told } = await play([
    page([], "5"),
    lines([`{"type":"ADDED","object":{"metadata":{"name":"${"x".repeat(10_000_000)}"}}}`]),
    page(["a"], "7"),
  ], 6);
  assert.deepEqual(told.slice(3), ["restarting line_too_long", "relisting", "listed a"]);
});

Deno.test("A watch that the server ends after its time is opened again without a wait", async () => {
  const api = new ScriptedApi([
    page([], "5"),
    // On this clock the list took long.
    page([], "5"),
    lines([event("ADDED", "a", "6")], "end"),
    lines([event("ADDED", "b", "7")]),
  ]);
  let now = 0;
  const clock: Clock = { ...hastyClock(), monotonic: () => now += 300_000 };
  const told: string[] = [];
  for await (const happened of watchResource(REPORTS, api, clock, new AbortController().signal)) {
    told.push(inWords(happened));
    if (told.length === 7) break;
  }
  assert.deepEqual(told.slice(3), ["added a", "restarting closed", "opened", "added b"]);
  assert.equal(api.requests.at(-1)?.query?.["resourceVersion"], "6");
});

Deno.test("A watch that ends before its time may have met another history: the server is asked first", async () => {
  const { told, api } = await play([
    page([], "5"),
    lines([event("ADDED", "a", "6")], "end"),
    page([], "4"),
    page(["a"], "4"),
  ], 7);
  assert.deepEqual(told.slice(3), ["added a", "restarting closed", "restarting rewound", "relisting"]);
  assert.equal(api.requests[2]?.query?.["limit"], 1);
});

Deno.test("403 keeps the position: a right that comes back loses nothing", async () => {
  const { told, api } = await play(
    [page([], "90"), failure(403, "Forbidden"), page([], "91"), lines([event("ADDED", "a", "81")])],
    3,
    { ...REPORTS, resourceVersion: "80" },
  );
  assert.deepEqual(told, ["restarting forbidden", "opened", "added a"]);
  assert.equal(api.requests.at(-1)?.query?.["resourceVersion"], "80");
});

Deno.test("A list whose objects took long is verified before it is watched from", async () => {
  for (const [now, end] of [["101", "opened"], ["90", "restarting rewound"]] as const) {
    const api = new ScriptedApi([page(["a"], "100"), page([], now), lines([]), lines([])]);
    const clock = hastyClock();
    const stop = new AbortController();
    const told: string[] = [];
    for await (const happened of watchResource(REPORTS, api, clock, stop.signal)) {
      told.push(inWords(happened));
      if (happened.kind === "listed") await clock.sleep(2000, stop.signal);
      if (told.length === 4) break;
    }
    assert.deepEqual(told, ["relisting", "listed a", "relisted 100", end]);
  }
});

Deno.test("An aborted signal ends the watch with its reason", async () => {
  const api = new ScriptedApi([page([], "5"), lines([])]);
  const stop = new AbortController();
  const reason = new Error("asked to stop");
  await assert.rejects(async () => {
    for await (const happened of watchResource(REPORTS, api, hastyClock(), stop.signal)) {
      if (happened.kind === "opened") setImmediate(() => stop.abort(reason));
    }
  }, reason);
});

Deno.test("A list that is due interrupts the watch, and the next one tells what came and went meanwhile", async () => {
  const api = new ScriptedApi([
    page(["a"], "10"),
    lines([event("ADDED", "b", "11")]),
    page(["a", "b"], "15", "more"),
    page(["c"], "15"),
    lines([event("ADDED", "d", "12"), event("DELETED", "d", "13")]),
    page(["a"], "9"),
    page(["a"], "9"),
  ]);
  const clock = new FakeClock();
  const stop = new AbortController();
  const told: string[] = [];
  let relistAt = 30_000;
  const ended = (async () => {
    for await (
      const happened of watchResource({ ...REPORTS, relistAt: () => relistAt }, api, clock, stop.signal)
    ) {
      if (happened.kind === "relisted") relistAt = clock.monotonic() + 30_000;
      told.push(inWords(happened));
    }
  })().catch((error: unknown) => error);
  await clock.advance(29_000);
  assert.deepEqual(told.splice(0), ["relisting", "listed a", "relisted 10", "opened", "added b"]);
  await clock.advance(2000);
  assert.deepEqual(told.splice(0), [
    "restarting resync",
    "relisting",
    "listed a",
    "listed b",
    "listed c",
    "relisted 11",
    "opened",
    "added d",
    "deleted d",
  ]);
  assert.equal(api.requests.at(-1)?.query?.["resourceVersion"], "11");
  await clock.advance(30_000);
  assert.deepEqual(told.slice(0, 6), [
    "restarting resync",
    "relisting",
    "listed a",
    "restarting rewound",
    "relisting",
    "listed a",
  ], "what is older than the watch comes from another history");
  stop.abort(new Error("the test ended"));
  assert.match(String(await ended), /the (test|scenario) end/);
});
