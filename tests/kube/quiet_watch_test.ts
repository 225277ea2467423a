import assert from "node:assert/strict";
import { watchResource, type WatchTarget } from "../../src/kube/watcher.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { type Answer, event, failure, lines, page, ScriptedApi } from "../support/scripted_api.ts";
import { inWords } from "../support/watch_words.ts";

const EVENTS: WatchTarget = { gvr: { group: "", version: "v1", resource: "events" }, hasBookmarks: false };

/** Plays a scenario on a clock that stands still, so that a test says how long it is quiet. */
async function playQuietly(
  answers: readonly Answer[],
  act: (told: readonly string[], clock: FakeClock, api: ScriptedApi) => Promise<void>,
): Promise<void> {
  const api = new ScriptedApi(answers);
  const clock = new FakeClock();
  const stop = new AbortController();
  const told: string[] = [];
  const reading = (async () => {
    for await (const happened of watchResource(EVENTS, api, clock, stop.signal)) told.push(inWords(happened));
  })().catch((error: unknown) => error);
  for (let turn = 0; turn < 10; turn++) await clock.settle();
  await act(told, clock, api);
  stop.abort(new Error("the test ended"));
  assert.match(String(await reading), /the test ended/);
  assert.equal(clock.sleeping, 0, "Somebody still sleeps");
}

/** A stream that the test writes. */
function writtenStream(): {
  readonly stream: ReadableStream<Uint8Array>;
  send(line: unknown): void;
  fail(error: Error): void;
} {
  let controller: ReadableByteStreamController;
  const stream = new ReadableStream<Uint8Array>({
    type: "bytes",
    start: (own) => void (controller = own as ReadableByteStreamController),
  });
  return {
    stream,
    send: (line) => controller.enqueue(new TextEncoder().encode(`${JSON.stringify(line)}\n`)),
    fail: (error) => controller.error(error),
  };
}

const endOfInitialEvents = (resourceVersion: string): unknown => ({
  type: "BOOKMARK",
  object: {
    metadata: { name: "", resourceVersion, annotations: { "k8s.io/initial-events-end": "true" } },
  },
});

Deno.test("A quiet watch without bookmarks learns a new position from a streaming list", async () => {
  await playQuietly([
    page([], "100"),
    lines([]),
    lines([]),
    lines([event("ADDED", "a", "40"), endOfInitialEvents("900"), event("ADDED", "b", "901")]),
  ], async (told, clock, api) => {
    await clock.advance(119_000);
    assert.deepEqual(told, ["relisting", "relisted 100", "opened"]);
    await clock.advance(2_000);
    assert.deepEqual(told.slice(3), ["present a"], "the watch from the old position is read on for a while");
    assert.equal(api.requests.at(-2)?.query?.["resourceVersion"], "100");
    assert.deepEqual(
      [
        api.requests.at(-1)?.query?.["sendInitialEvents"],
        api.requests.at(-1)?.query?.["resourceVersionMatch"],
      ],
      [true, "NotOlderThan"],
    );
    assert.equal(api.requests.at(-1)?.query?.["resourceVersion"], undefined);
    await clock.advance(10_000);
    assert.deepEqual(told.slice(4), ["bookmark 900", "added b"]);
  });
});

Deno.test("A quiet watch that had died without a word costs nothing: it is opened again from where it was", async () => {
  await playQuietly([
    page([], "100"),
    lines([]),
    lines([event("ADDED", "lost", "150"), event("DELETED", "lost", "151")]),
    lines([endOfInitialEvents("900")]),
  ], async (told, clock) => {
    await clock.advance(131_000);
    assert.deepEqual(told.slice(3), ["added lost", "deleted lost", "bookmark 900"]);
  });
});

Deno.test("A quiet watch whose history is gone or went back lists again", async () => {
  await playQuietly([
    page([], "100"),
    lines([]),
    failure(410, "Expired"),
    page([], "900"),
    lines([]),
  ], async (told, clock) => {
    await clock.advance(121_000);
    assert.deepEqual(told.slice(3), ["restarting expired", "relisting", "relisted 900", "opened"]);
  });
  await playQuietly([
    page([], "100"),
    lines([]),
    lines([]),
    lines([endOfInitialEvents("90")]),
    page([], "91"),
    lines([]),
  ], async (told, clock) => {
    await clock.advance(121_000);
    assert.deepEqual(told.slice(3), ["restarting rewound", "relisting", "relisted 91", "opened"]);
  });
});

Deno.test("What the old watch brings meanwhile is told before the new position, which takes nothing back", async () => {
  const old = writtenStream();
  await playQuietly([
    page([], "100"),
    lines([]),
    { kind: "stream", stream: old.stream },
    lines([endOfInitialEvents("900"), event("ADDED", "c", "905")]),
  ], async (told, clock) => {
    await clock.advance(121_000);
    old.send(event("ADDED", "b", "899"));
    old.send(event("ADDED", "c", "905"));
    await clock.advance(10_000);
    assert.deepEqual(told.slice(3), ["added b", "added c", "bookmark 905", "added c"]);
  });
});

Deno.test("A position is not renewed past an old watch that broke: that one resumes from where it was", async () => {
  const old = writtenStream();
  await playQuietly([
    page([], "100"),
    lines([]),
    { kind: "stream", stream: old.stream },
    lines([endOfInitialEvents("900")]),
    page([], "901"),
    lines([event("ADDED", "lost", "150")]),
  ], async (told, clock, api) => {
    await clock.advance(121_000);
    old.fail(new TypeError("connection reset"));
    await clock.advance(11_000);
    assert.deepEqual(told.slice(3), ["restarting unreachable", "opened", "added lost"]);
    assert.equal(api.requests.at(-1)?.query?.["resourceVersion"], "100");
  });
});

Deno.test("A server without streaming lists is asked by pages, and the old watch goes on", async () => {
  await playQuietly([
    page([], "100"),
    lines([]),
    lines([]),
    failure(422, "Invalid"),
    page(["a"], "900", "more"),
    page(["b"], "905"),
  ], async (told, clock) => {
    await clock.advance(140_000);
    assert.deepEqual(told, [
      "relisting",
      "relisted 100",
      "opened",
      "present a",
      "present b",
      "bookmark 905",
    ]);
  });
});

Deno.test("A list that fails while it is quiet changes nothing, and is tried again soon", async () => {
  await playQuietly([
    page([], "100"),
    lines([]),
    failure(503),
    lines([]),
    failure(503),
    lines([]),
    lines([endOfInitialEvents("900")]),
  ], async (told, clock) => {
    await clock.advance(140_000);
    assert.deepEqual(told, ["relisting", "relisted 100", "opened"]);
    await clock.advance(25_000);
    assert.deepEqual(told.slice(3), ["bookmark 900"]);
  });
});
