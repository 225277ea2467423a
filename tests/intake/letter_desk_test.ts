import assert from "node:assert/strict";
import { keepLetterDesk, type LetterAnswer, ORDERS_FOLDER, renewed } from "../../src/intake/letter_desk.ts";
import type { Spooled } from "../../src/model/spooled.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LiveApi } from "../support/live_api.ts";
import { ledgerOf, spoolOf } from "../support/spool_of.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

const never = new AbortController().signal;
const what: Spooled = {
  kind: "signal",
  source: "own",
  ingester: { namespace: "zen", name: "own" },
  spooledAt: "2026-01-01T00:00:00Z",
  receivedAt: "2026-01-01T00:00:00Z",
  payload: { a: 1 },
  open: [0, 1],
  total: 2,
};

Deno.test("What is asked for beside the process is done by it, answered, and counted as received again", async () => {
  await using folder = await temporaryFolder();
  const clock = new FakeClock();
  const scene = spoolOf(new LiveApi(), clock, { root: folder.path, laneOf: () => ({ kind: "wait" }) });
  await scene.spool.open(never);
  for (let index = 0; index < 3; index++) {
    await scene.deadLetters.put({ reason: "too_old", message: "away", what });
  }
  const [one = "", two = "", three = ""] = scene.deadLetters.ids;
  const orders = `${scene.spool.folder}/${ORDERS_FOLDER}`;
  await Deno.mkdir(orders);
  await Deno.writeTextFile(`${orders}/old.order`, JSON.stringify({ verb: "drop", ids: [three] }));

  const stop = new AbortController();
  const { spool, deadLetters, ledger, disk, log } = scene;
  const parts = { folder: () => spool.folder, deadLetters, spool, ledger, disk, clock, log };
  const keeping = keepLetterDesk(parts, stop.signal).catch(() => {});
  const ask = async (name: string, order: unknown): Promise<LetterAnswer> => {
    await Deno.mkdir(orders, { recursive: true });
    await disk.replace(`${orders}/${name}.order`, new TextEncoder().encode(JSON.stringify(order)));
    let answer: string | undefined;
    await until("it is answered", async () => {
      await clock.advance(500);
      answer = await Deno.readTextFile(`${orders}/${name}.answer`).catch(() => undefined);
      return answer !== undefined;
    });
    return JSON.parse(answer ?? "");
  };
  await until("orders of an earlier time are gone", async () => {
    await clock.advance(500);
    return await Deno.stat(orders).then(() => false, () => true);
  });
  assert.deepEqual(await ask("a", { verb: "drop", ids: [one, "nothing"] }), {
    done: [one],
    failed: [{ id: "nothing", error: "there is no such dead letter" }],
  });
  assert.deepEqual((await ask("b", { verb: "replay", ids: [two] })).done, [two]);
  assert.deepEqual(deadLetters.ids, [three]);
  assert.deepEqual(await ledgerOf(scene.metrics), [2, 2, 2]);
  // One that the spool does not take stays what it is.
  disk.room = 0;
  disk.replace = async (path, bytes) => await Deno.writeFile(path, bytes);
  const { done, failed } = await ask("c", { verb: "replay", ids: [three] });
  assert.deepEqual([done, failed.map(({ id }) => id)], [[], [three]]);
  assert.deepEqual(deadLetters.ids, [three]);
  assert.deepEqual(await ledgerOf(scene.metrics), [4, 4, 2]);
  stop.abort();
  await keeping;
  await spool.close();
});

Deno.test("What is replayed is as old as its replay", () => {
  const letter = { id: "a", at: "", reason: "too_old", message: "", what } as const;
  const now = Date.parse("2026-01-02T12:00:00Z");
  assert.deepEqual(renewed(letter, { now: () => now }), { ...what, spooledAt: "2026-01-02T12:00:00.000Z" });
});
