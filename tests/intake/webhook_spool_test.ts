import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import type { Lane } from "../../src/pipeline/lane.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { laneOf } from "../support/lane_of.ts";
import { LiveApi } from "../support/live_api.ts";
import { ledgerOf, spoolOf, type SpoolScene } from "../support/spool_of.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

const OBSERVATIONS = "/apis/zen.kube-zen.io/v1alpha1/namespaces/zen/observations";
const never = new AbortController().signal;
const lane = laneOf("own");
const away = (): never => {
  throw new ApiError("connection refused", { code: 0 });
};

interface Door extends SpoolScene, AsyncDisposable {
  readonly api: LiveApi;
  readonly clock: FakeClock;
  readonly send: (payload: unknown, ack?: "created" | "spooled") => Promise<readonly string[]>;
}

async function door(maxBytes?: number): Promise<Door> {
  const folder = await temporaryFolder();
  const api = new LiveApi();
  api.answer(OBSERVATIONS, () => ({}));
  const clock = new FakeClock();
  const scene = spoolOf(api, clock, {
    root: folder.path,
    ...(maxBytes === undefined ? {} : { maxBytes }),
    laneOf: () => ({ kind: "lane", lane, onStall: () => {} }),
  });
  await scene.spool.open(never);
  return {
    ...scene,
    api,
    clock,
    async send(payload, ack = "created") {
      const taken = await scene.webhooks.take(
        { payload: payload as string, receivedAt: "2026-01-02T12:00:00Z" },
        { lane, ack, onStall: () => {} },
        never,
      );
      return taken.map((one) => "reason" in one ? `${one.kind} ${one.reason}` : one.kind);
    },
    async [Symbol.asyncDispose]() {
      await scene.spool.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

Deno.test("What can be written is written, and nothing lies on the disk", async () => {
  await using scene = await door();
  assert.deepEqual(await scene.send([{ a: 1 }, 5]), ["created", "rejected wrong_shape"]);
  assert.deepEqual([scene.spool.pending.size, scene.disk.syncs], [0, 1]);
  assert.deepEqual(await ledgerOf(scene.metrics), [2, 2, 0]);
});

Deno.test("What cannot be written within 2 s is spooled, and only that", async () => {
  await using scene = await door();
  let calls = 0;
  scene.api.answer(OBSERVATIONS, () => ++calls === 1 ? {} : away());
  const taking = scene.send([{ a: 1 }, { a: 2 }]);
  await scene.clock.advance(2000);
  assert.deepEqual(await taking, ["created", "spooled"]);
  const [pending] = scene.spool.pending;
  const what = pending === undefined ? undefined : await scene.spool.read(pending);
  assert.deepEqual(what?.kind === "signal" ? [what.open, what.total, what.receivedAt] : what, [
    [1],
    2,
    "2026-01-02T12:00:00Z",
  ]);
  assert.deepEqual(await ledgerOf(scene.metrics), [2, 2, 1]);
});

Deno.test("While the API server is known to be away nobody waits for it", async () => {
  await using scene = await door();
  scene.api.answer(OBSERVATIONS, away);
  const first = scene.send({ a: 1 });
  await scene.clock.advance(2000);
  assert.deepEqual(await first, ["spooled"]);
  assert.equal(scene.writer.isAway, true);
  const before = scene.api.sent("POST").length;
  // No time passes.
  const all = await Promise.all(Array.from({ length: 200 }, (_, index) => scene.send({ index })));
  assert.deepEqual([...new Set(all.flat())], ["spooled"]);
  assert.equal(scene.api.sent("POST").length, before);
  assert.deepEqual(await ledgerOf(scene.metrics), [201, 201, 201]);
});

Deno.test("ack: spooled is on disk before anything is written, and what is no finding is still refused", async () => {
  await using scene = await door();
  assert.deepEqual(await scene.send([{ a: 1 }, 5], "spooled"), ["spooled", "rejected wrong_shape"]);
  assert.equal(scene.api.sent("POST").length, 0);
  const stop = new AbortController();
  const running = scene.replay.run(stop.signal);
  await until("it is written", () => scene.spool.pending.size === 0);
  assert.equal(scene.api.sent("POST").length, 1);
  assert.deepEqual(await ledgerOf(scene.metrics), [2, 2, 0]);
  stop.abort();
  await running;
});

Deno.test("What can be neither written nor spooled is rejected, and so counted", async () => {
  await using scene = await door();
  scene.api.answer(OBSERVATIONS, away);
  scene.disk.room = 0;
  const taking = scene.send([{ a: 1 }, { a: 2 }]);
  await scene.clock.advance(2000);
  assert.deepEqual(await taking, ["rejected unavailable", "rejected unavailable"]);
  assert.deepEqual(await ledgerOf(scene.metrics), [2, 2, 0]);
  // Nothing lies in the spool that would ask for the API server, so the next request does.
  scene.api.answer(OBSERVATIONS, () => ({}));
  assert.deepEqual(await scene.send({ a: 1 }), ["created"]);
});

Deno.test("What the API server refuses for good is laid aside, and its sender is told", async () => {
  await using scene = await door();
  scene.api.answer(OBSERVATIONS, () => {
    throw new ApiError("spec.title too long", { code: 422 });
  });
  assert.deepEqual(await scene.send({ a: 1 }), ["dead-lettered invalid"]);
  assert.equal(scene.deadLetters.ids.length, 1);
  assert.deepEqual(await ledgerOf(scene.metrics), [1, 1, 0]);
  scene.disk.isReadOnly = true;
  scene.disk.room = 0;
  assert.deepEqual(await scene.send({ a: 2 }), ["rejected refused"]);
});

Deno.test("At a rate, what is above it is spooled, and who comes later waits behind it", async () => {
  await using scene = await door();
  const paced: Lane = { ...lane, rateLimit: { requestsPerSecond: 1, burst: 2 } };
  const take = async (payload: string): Promise<string[]> => {
    const terms = { lane: paced, ack: "created", onStall: () => {} } as const;
    const taken = await scene.webhooks.take({ payload, receivedAt: "2026-01-02T12:00:00Z" }, terms, never);
    return taken.map(({ kind }) => kind);
  };
  const items = [1, 2, 3].map((a) => ({ a }));
  assert.deepEqual(await take(items as unknown as string), ["created", "created", "spooled"]);
  await scene.clock.advance(5000);
  assert.deepEqual(await take({ a: 4 } as unknown as string), ["spooled"], "though there are tokens again");
  assert.deepEqual(await ledgerOf(scene.metrics), [4, 4, 2]);
});
