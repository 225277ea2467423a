import assert from "node:assert/strict";
import type { LaneNow } from "../../src/intake/replay.ts";
import { compileFilter } from "../../src/filter/filter.ts";
import type { ApiRequest } from "../../src/kube/api.ts";
import { ApiError } from "../../src/kube/errors.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { SpooledSignal } from "../../src/model/spooled.ts";
import type { Lane } from "../../src/pipeline/lane.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { laneOf } from "../support/lane_of.ts";
import { LiveApi } from "../support/live_api.ts";
import { ledgerOf, spoolOf, type SpoolScene } from "../support/spool_of.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

const OBSERVATIONS = "/apis/zen.kube-zen.io/v1alpha1/namespaces/zen/observations";
const never = new AbortController().signal;

interface Scene extends SpoolScene, AsyncDisposable {
  readonly api: LiveApi;
  readonly clock: FakeClock;
  readonly lanes: Map<string, LaneNow>;
  readonly stalls: (string | undefined)[];
  /** The titles that were written, in their order. */
  readonly written: string[];
  spool1(title: string, ingester?: string, more?: Partial<SpooledSignal>): Promise<void>;
  /** Lets time pass, and the disk work, until it is so. */
  passUntil(what: string, isSo: () => boolean, stepMilliseconds?: number): Promise<void>;
}

async function scene(maxAgeMilliseconds = 86_400_000): Promise<Scene> {
  const folder = await temporaryFolder();
  const api = new LiveApi();
  const clock = new FakeClock();
  const lanes = new Map<string, LaneNow>();
  const stalls: (string | undefined)[] = [];
  const written: string[] = [];
  for (const name of ["a", "b"]) {
    const onStall = (error: ApiError | undefined): void => void stalls.push(error?.message);
    lanes.set(name, { kind: "lane", lane: laneOf(name), onStall });
  }
  api.answer(OBSERVATIONS, (request) => void written.push(titleOf(request)));
  const made = spoolOf(api, clock, {
    root: folder.path,
    maxAgeMilliseconds,
    laneOf: ({ name }) => lanes.get(name) ?? { kind: "gone" },
  });
  await made.spool.open(never);
  const stop = new AbortController();
  const running = made.replay.run(stop.signal);
  return {
    ...made,
    api,
    clock,
    lanes,
    stalls,
    written,
    async spool1(title, ingester = "a", more = {}) {
      made.ledger.receive("own", more.open?.length ?? 1);
      await made.spool.append({
        kind: "signal",
        source: "own",
        ingester: { namespace: "zen", name: ingester },
        spooledAt: new Date(clock.now()).toISOString(),
        receivedAt: "2026-01-02T12:00:00Z",
        payload: { title },
        open: [0],
        total: 1,
        ...more,
      });
    },
    async passUntil(what, isSo, stepMilliseconds = 100) {
      await until(what, async () => {
        await clock.advance(stepMilliseconds);
        return isSo();
      });
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await made.spool.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function titleOf({ body }: ApiRequest): string {
  return (body as Observation).spec.title ?? "";
}

Deno.test("What lies in the spool is written, in its order, with the time at which it came", async () => {
  await using at = await scene();
  const titles = Array.from({ length: 40 }, (_, index) => `signal ${index}`);
  for (const title of titles) await at.spool1(title);
  await at.passUntil("all are written", () => at.spool.pending.size === 0);
  assert.deepEqual(at.written, titles);
  const { spec } = at.api.sent("POST")[0]?.body as Observation;
  assert.equal(spec.detectedAt, "2026-01-02T12:00:00Z");
  assert.deepEqual(await ledgerOf(at.metrics), [40, 40, 0]);
});

Deno.test("While the API server is away one asks for it, and all goes on within a second of its return", async () => {
  await using at = await scene();
  let requests = 0;
  at.api.answer(OBSERVATIONS, () => {
    requests++;
    throw new ApiError("connection refused", { code: 0 });
  });
  for (let index = 0; index < 30; index++) await at.spool1(`signal ${index}`);
  await at.passUntil("it is known", () => at.writer.isAway);
  await at.clock.advance(10_000);
  requests = 0;
  const before = at.clock.monotonic();
  await until("a minute has passed", async () => {
    await at.clock.advance(1000);
    return at.clock.monotonic() - before >= 60_000;
  });
  assert.ok(requests >= 30 && requests < 120, `${requests} requests in a minute`);
  at.api.answer(OBSERVATIONS, (request) => void at.written.push(titleOf(request)));
  const back = at.clock.monotonic();
  await at.passUntil("the first is written", () => at.written.length > 0);
  assert.ok(at.clock.monotonic() - back <= 1000, `${at.clock.monotonic() - back} ms`);
  await at.passUntil("all are written", () => at.spool.pending.size === 0);
  assert.equal(at.written.length, 30);
  const said = at.log.lines.filter(({ message }) => message.startsWith("API server"));
  assert.deepEqual(said.map(({ level }) => level), ["warn", "info"]);
});

Deno.test("A right that is missing holds up its Ingester alone, and is said", async () => {
  await using at = await scene();
  at.api.answer(OBSERVATIONS, (request) => {
    const { spec } = request.body as Observation;
    if (spec.ingester?.name === "a") throw new ApiError("may not create", { code: 403 });
    at.written.push(titleOf(request));
  });
  await at.spool1("one of a", "a");
  await at.spool1("two of a", "a");
  await at.spool1("one of b", "b");
  await at.passUntil("the other one is written", () => at.written.length === 1);
  await at.passUntil("it is said", () => at.stalls.includes("may not create"));
  await at.passUntil("it is known", () => at.replay.isStalled({ namespace: "zen", name: "a" }));
  assert.deepEqual([at.spool.pending.size, at.replay.isStalled({ namespace: "zen", name: "b" })], [2, false]);
  at.api.answer(OBSERVATIONS, (request) => void at.written.push(titleOf(request)));
  await at.passUntil("all are written", () => at.spool.pending.size === 0);
  assert.deepEqual(at.written, ["one of b", "one of a", "two of a"]);
  assert.equal(at.stalls.at(-1), undefined);
  assert.equal(at.replay.isStalled({ namespace: "zen", name: "a" }), false);
});

Deno.test("A suspended Ingester's signals wait; those of a deleted one become dead letters in the end", async () => {
  await using at = await scene(60_000);
  at.lanes.set("a", { kind: "wait" });
  at.lanes.delete("b");
  await at.spool1("asleep", "a");
  await at.spool1("gone", "b", { open: [0, 1], total: 2 });
  await at.clock.advance(50_000);
  assert.equal(at.spool.pending.size, 2);
  await at.clock.advance(20_000);
  await at.passUntil("it is laid aside", () => at.spool.pending.size === 1);
  const [id = ""] = at.deadLetters.ids;
  const letter = await at.deadLetters.read(id);
  assert.deepEqual([letter?.reason, letter?.what.ingester.name], ["ingester_gone", "b"]);
  assert.deepEqual(await ledgerOf(at.metrics), [3, 3, 1]);
  at.lanes.set("a", { kind: "lane", lane: laneOf("a"), onStall: () => {} });
  at.replay.nudge();
  await at.passUntil("it is written", () => at.written.length === 1);
  assert.deepEqual(await ledgerOf(at.metrics), [3, 3, 0]);
});

Deno.test("What could not be written for too long is a dead letter, with what is left of it", async () => {
  await using at = await scene(60_000);
  let calls = 0;
  at.api.answer(OBSERVATIONS, () => {
    if (calls++ > 0) throw new ApiError("connection refused", { code: 0 });
  });
  await at.spool1("x", "a", { payload: [{ title: "one" }, { title: "two" }], open: [0, 1], total: 2 });
  await at.passUntil("it is laid aside", () => at.deadLetters.ids.length === 1, 1000);
  assert.ok(at.clock.monotonic() >= 60_000);
  const letter = await at.deadLetters.read(at.deadLetters.ids[0] ?? "");
  assert.deepEqual(
    [letter?.reason, letter?.what.kind === "signal" ? letter.what.open.length : undefined],
    ["too_old", 1],
  );
  await at.passUntil("it is done", () => at.spool.pending.size === 0);
  assert.deepEqual(await ledgerOf(at.metrics), [2, 2, 0]);
});

Deno.test("A record that is damaged on the disk later is lost alone, and its findings are counted", async () => {
  await using at = await scene();
  at.lanes.set("a", { kind: "wait" });
  await at.spool1("one");
  await at.spool1("two");
  for (const pending of at.spool.pending) pending.held = undefined;
  const [first] = at.spool.pending;
  const path = `${at.spool.folder}/00000001.log`;
  const bytes = await Deno.readFile(path);
  const place = (first?.entry.at ?? 0) + 60;
  bytes[place] = (bytes[place] ?? 0) ^ 2;
  await Deno.writeFile(path, bytes);
  at.lanes.set("a", { kind: "lane", lane: laneOf("a"), onStall: () => {} });
  at.replay.nudge();
  await at.passUntil("the other one is written", () => at.spool.pending.size === 0);
  assert.deepEqual(at.written, ["two"]);
  assert.deepEqual(await ledgerOf(at.metrics), [2, 2, 0]);
});

Deno.test("What cannot be read for a while is not lost", async () => {
  await using at = await scene();
  at.lanes.set("a", { kind: "wait" });
  await at.spool1("one");
  for (const pending of at.spool.pending) pending.held = undefined;
  at.disk.failsRead = true;
  at.lanes.set("a", { kind: "lane", lane: laneOf("a"), onStall: () => {} });
  at.replay.nudge();
  await at.passUntil("it was tried", () => at.log.of("Spooled signal not handled").length > 0);
  assert.deepEqual(await ledgerOf(at.metrics), [1, 1, 1]);
  at.disk.failsRead = false;
  await at.passUntil("it is written", () => at.spool.pending.size === 0);
  assert.deepEqual(at.written, ["one"]);
});

Deno.test("An Observation that was laid aside is written as it is, also without its Ingester", async () => {
  await using at = await scene();
  at.ledger.receive("own", 1);
  const observation = {
    apiVersion: "zen.kube-zen.io/v1alpha1",
    kind: "Observation",
    metadata: { name: "own-x", namespace: "zen" },
    spec: { source: "own", category: "security", severity: "high", eventType: "x", title: "as it was" },
  } as unknown as Observation;
  await at.spool.append({
    kind: "observation",
    source: "own",
    ingester: { namespace: "zen", name: "nobody" },
    spooledAt: "2026-01-02T12:00:00Z",
    observation,
  });
  await at.passUntil("it is written", () => at.spool.pending.size === 0);
  assert.deepEqual(at.written, ["as it was"]);
  assert.deepEqual(await ledgerOf(at.metrics), [1, 1, 0]);
  assert.deepEqual((await at.metrics.created.get()).values[0]?.labels, {
    source: "own",
    category: "security",
    severity: "high",
  });
});

Deno.test("Draining asks an API server that was away once more, and takes what it finds", async () => {
  await using at = await scene();
  at.api.answer(OBSERVATIONS, () => {
    throw new ApiError("connection refused", { code: 0 });
  });
  for (let index = 0; index < 20; index++) await at.spool1(`signal ${index}`);
  await at.passUntil("it is known", () => at.writer.isAway);
  let drained = 0;
  at.replay.drained(10_000).then(() => drained++);
  const before = at.clock.monotonic();
  await at.passUntil("it finds nobody", () => drained === 1);
  assert.ok(at.clock.monotonic() - before <= 2_000);
  at.api.answer(OBSERVATIONS, (request) => void at.written.push(titleOf(request)));
  at.replay.drained(10_000).then(() => drained++);
  await at.passUntil("it is done", () => drained === 2);
  assert.deepEqual([at.written.length, at.spool.pending.size], [20, 0]);
});

Deno.test("Draining ends when all is written, and no later than asked", async () => {
  await using at = await scene();
  await at.spool1("one");
  let isDrained = false;
  const draining = at.replay.drained(10_000).then(() => isDrained = true);
  await at.passUntil("it is drained", () => isDrained);
  assert.equal(at.spool.pending.size, 0);
  await draining;
  at.api.answer(
    OBSERVATIONS,
    (_request, signal) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true })
      ),
  );
  await at.spool1("two");
  isDrained = false;
  const again = at.replay.drained(5_000).then(() => isDrained = true);
  const before = at.clock.monotonic();
  await at.passUntil("it gives up", () => isDrained);
  assert.ok(at.clock.monotonic() - before <= 6_000);
  await again;
  await at.clock.advance(20_000);
});

Deno.test("What waits for the rate of its Ingester is written at that rate, in order, and holds up no other", async () => {
  await using scene_ = await scene();
  const paced = { ...laneOf("a"), rateLimit: { requestsPerSecond: 1, burst: 1 } };
  scene_.lanes.set("a", { kind: "lane", lane: paced, onStall: () => {} });
  for (const title of ["1", "2", "3"]) await scene_.spool1(title);
  assert.equal(scene_.replay.isBehind(paced.ingester), true);
  await scene_.spool1("other", "b");
  await scene_.passUntil("two are written", () => scene_.written.length === 2, 1);
  assert.deepEqual(scene_.written.toSorted(), ["1", "other"]);
  // What only waits for its rate is no reason to put off the stop.
  await scene_.replay.drained(10_000);
  assert.equal(scene_.written.length, 2);
  const since = scene_.clock.monotonic();
  await scene_.passUntil("all are written", () => scene_.written.length === 4);
  assert.deepEqual(scene_.written.slice(2), ["2", "3"]);
  assert.ok(scene_.clock.monotonic() - since >= 1900);
  await scene_.passUntil("nothing waits", () => !scene_.replay.isBehind(paced.ingester));
  assert.deepEqual(await ledgerOf(scene_.metrics), [4, 4, 0]);
});

Deno.test("What was tried as often as its Ingester says is laid aside, or given up where it wants no dead letter", async () => {
  for (const keepsDeadLetters of [true, false]) {
    await using scene_ = await scene();
    const retry = { maxAttempts: 3, backoff: "constant", baseMilliseconds: 1000 } as const;
    const lane = { ...laneOf("a"), errorHandling: { retry, keepsDeadLetters } };
    scene_.lanes.set("a", { kind: "lane", lane, onStall: () => {} });
    let asked = 0;
    scene_.api.answer(OBSERVATIONS, () => {
      asked++;
      throw new ApiError("slow down", { code: 429 });
    });
    const since = scene_.clock.monotonic();
    await scene_.spool1("1");
    await scene_.passUntil("it is over", () => scene_.spool.pending.size === 0);
    assert.equal(asked, 3);
    assert.ok(scene_.clock.monotonic() - since >= 1500, "it waits as long as its Ingester says");
    assert.equal(scene_.deadLetters.ids.length, keepsDeadLetters ? 1 : 0);
    const metric = keepsDeadLetters ? scene_.metrics.deadLetters : scene_.metrics.rejected;
    const [value] = (await metric.get()).values;
    assert.deepEqual([value?.labels.reason, value?.value], [
      keepsDeadLetters ? "retries_exhausted" : "refused",
      1,
    ]);
    assert.deepEqual(await ledgerOf(scene_.metrics), [1, 1, 0]);
  }
});

Deno.test("That a state is over is not said before its beginning is, however long that takes", async () => {
  await using scene_ = await scene();
  const held = Promise.withResolvers<void>();
  let tries = 0;
  scene_.api.answer(OBSERVATIONS, async () => {
    if (++tries === 1) throw new ApiError("slow down", { code: 429 });
    await held.promise;
  });
  const tell = (status: string): Promise<void> => {
    const alert = {
      status,
      labels: { alertname: "Down" },
      fingerprint: "a1",
      startsAt: "2026-01-02T11:00:00Z",
    };
    const payload = { version: "4", groupKey: "g", receiver: "r", status, alerts: [alert] };
    return scene_.spool1(status, "a", { payload });
  };
  await tell("firing");
  await tell("resolved");
  await scene_.passUntil("the first is tried anew", () => tries === 2);
  await scene_.clock.advance(5_000);
  assert.equal(scene_.api.sent("GET").length, 0, "nobody asks for what is not there yet");
  held.resolve();
  await scene_.passUntil("all is over", () => scene_.spool.pending.size === 0);
  assert.equal(scene_.api.sent("GET").length, 1);
  assert.deepEqual(await ledgerOf(scene_.metrics), [2, 2, 0]);
});

/** A rate at which the second finding waits for 100 s. */
const SLOW = { rateLimit: { requestsPerSecond: 0.01, burst: 1 } } as const;
const retry = { maxAttempts: undefined, backoff: "constant", baseMilliseconds: 100_000 } as const;
const ALERTS = "/apis/example.com/v1/namespaces/zen/alerts";
const alerts = { group: "example.com", version: "v1", resource: "alerts" };

/** What an Ingester is at first, so that what is spooled waits for long; what it becomes; and what is written of 5 then. */
const EDITS: readonly {
  readonly field: string;
  readonly before: Partial<Lane>;
  /** What the API server refuses at first; with undefined it takes all. */
  readonly refuses?: { readonly path: string; readonly code: number };
  readonly after: Partial<Lane>;
  readonly gives: readonly string[];
}[] = [
  {
    field: "rateLimit raised",
    before: SLOW,
    after: { rateLimit: { requestsPerSecond: 1000, burst: 1 } },
    gives: ["0", "1", "2", "3", "4"],
  },
  { field: "rateLimit taken away", before: SLOW, after: {}, gives: ["0", "1", "2", "3", "4"] },
  {
    field: "filters",
    before: SLOW,
    after: { ...SLOW, filter: compileFilter({ minSeverity: "critical" }, []) },
    gives: ["0"],
  },
  {
    field: "normalization",
    before: SLOW,
    after: { conform: (finding) => ({ ...finding, title: `edited ${finding.title}` }) },
    gives: ["0", "edited 1", "edited 2", "edited 3", "edited 4"],
  },
  {
    field: "errorHandling",
    before: { errorHandling: { retry, keepsDeadLetters: true } },
    refuses: { path: OBSERVATIONS, code: 500 },
    after: {},
    gives: ["0", "1", "2", "3", "4"],
  },
  {
    field: "destinations",
    before: { destinations: { others: [alerts], areObservationsWritten: true } },
    refuses: { path: ALERTS, code: 403 },
    after: {},
    gives: ["0", "1", "2", "3", "4"],
  },
];

for (const { field, before, refuses, after, gives } of EDITS) {
  Deno.test(`An edit of ${field} ends within a second what the spool waits for, and each is written once`, async () => {
    await using at = await scene();
    at.api.answer("/apis/example.com/v1", () => ({
      resources: [{ name: "alerts", kind: "Alert", namespaced: true }],
    }));
    if (refuses !== undefined) {
      at.api.answer(refuses.path, () => {
        throw new ApiError("not now", { code: refuses.code });
      });
    }
    at.lanes.set("a", { kind: "lane", lane: laneOf("a", before), onStall: () => {} });
    for (const title of ["0", "1", "2", "3", "4"]) await at.spool1(title);
    // Longer than any wait that is not what this Ingester asks for: it is at rest now.
    await until("it waits", async () => {
      await at.clock.advance(1000);
      return at.clock.monotonic() >= 40_000;
    });
    const waiting = at.spool.pending.size;
    assert.ok(waiting >= 4, `${waiting} wait`);
    if (refuses?.path === OBSERVATIONS) {
      at.api.answer(OBSERVATIONS, (request) => void at.written.push(titleOf(request)));
    }
    at.lanes.set("a", { kind: "lane", lane: laneOf("a", after), onStall: () => {} });
    const since = at.clock.monotonic();
    at.replay.nudge();
    await at.passUntil("none waits", () => at.spool.pending.size === 0, 10);
    assert.ok(at.clock.monotonic() - since <= 1000, `${at.clock.monotonic() - since} ms`);
    assert.deepEqual(at.written.toSorted(), gives);
    assert.deepEqual(await ledgerOf(at.metrics), [5, 5, 0]);
  });
}

Deno.test("An Ingester that is suspended while its signals wait goes on with them as soon as it works again", async () => {
  await using at = await scene();
  at.lanes.set("a", { kind: "lane", lane: laneOf("a", SLOW), onStall: () => {} });
  for (const title of ["0", "1", "2"]) await at.spool1(title);
  await at.passUntil("the first is written", () => at.spool.pending.size === 2);
  at.lanes.set("a", { kind: "wait" });
  at.replay.nudge();
  await at.clock.advance(50_000);
  assert.deepEqual(at.written, ["0"]);
  at.lanes.set("a", { kind: "lane", lane: laneOf("a"), onStall: () => {} });
  const since = at.clock.monotonic();
  at.replay.nudge();
  await at.passUntil("none waits", () => at.spool.pending.size === 0, 10);
  assert.ok(at.clock.monotonic() - since <= 1000, `${at.clock.monotonic() - since} ms`);
  assert.deepEqual(at.written, ["0", "1", "2"]);
});

Deno.test("What the API server asked to wait is waited for, whatever becomes of the Ingester", async () => {
  await using at = await scene();
  let asked = 0;
  at.api.answer(OBSERVATIONS, () => {
    asked++;
    throw new ApiError("slow down", { code: 429, retryAfterMilliseconds: 30_000 });
  });
  await at.spool1("0");
  await at.passUntil("it was tried", () => asked === 1);
  at.lanes.set("a", { kind: "lane", lane: laneOf("a"), onStall: () => {} });
  at.replay.nudge();
  await at.clock.advance(25_000);
  assert.equal(asked, 1);
  at.api.answer(OBSERVATIONS, (request) => void at.written.push(titleOf(request)));
  await at.passUntil("it is written", () => at.spool.pending.size === 0);
});
