import assert from "node:assert/strict";
import { handleLetters, type LettersRequest, type LettersResult } from "../../src/cli/deadletters_command.ts";
import { keepLetterDesk } from "../../src/intake/letter_desk.ts";
import type { Spooled } from "../../src/model/spooled.ts";
import { systemDisk } from "../../src/run/disk.ts";
import { FolderLocks } from "../../src/run/folder_lock.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LiveApi } from "../support/live_api.ts";
import { silentLog } from "../support/silent_log.ts";
import { spoolOf, type SpoolScene } from "../support/spool_of.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

const never = new AbortController().signal;

function what(name: string): Spooled {
  return {
    kind: "signal",
    source: "own",
    ingester: { namespace: "zen", name },
    spooledAt: "2026-01-01T00:00:00Z",
    receivedAt: "2026-01-01T00:00:00Z",
    payload: { a: 1 },
    open: [0],
    total: 1,
  };
}

async function replica(
  root: string,
  clock: FakeClock,
  identity: string,
  letters: number,
): Promise<SpoolScene> {
  const scene = spoolOf(new LiveApi(), clock, { root, identity, laneOf: () => ({ kind: "wait" }) });
  await scene.spool.open(never);
  for (let index = 0; index < letters; index++) {
    await scene.deadLetters.put({ reason: "invalid", message: "bad", what: what(identity) });
  }
  return scene;
}

function handle(
  root: string,
  clock: FakeClock,
  verb: LettersRequest["verb"],
  ids: LettersRequest["ids"],
  output: LettersRequest["output"] = "table",
): Promise<LettersResult> {
  return handleLetters({ verb, ids, output, root }, {
    disk: systemDisk,
    locks: new FolderLocks(clock),
    clock,
    log: silentLog,
    orderName: () => "order-1",
  }, never);
}

Deno.test("Letters of a replica that does not run are listed, dropped, and replayed by the next start", async () => {
  await using folder = await temporaryFolder();
  const clock = new FakeClock();
  const first = await replica(folder.path, clock, "one", 3);
  const [one = "", two = "", three = ""] = first.deadLetters.ids;
  await first.spool.close();

  const listed = await handle(folder.path, clock, "list", [], "json");
  assert.deepEqual(JSON.parse(listed.text).map(({ id }: { id: string }) => id), [one, two, three]);
  const some = await handle(folder.path, clock, "list", [two, "nothing"]);
  assert.deepEqual([some.isDone, some.text.trimEnd().split("\n").length, some.problems], [false, 2, [
    "Cannot list nothing: there is no such dead letter",
  ]]);
  assert.deepEqual(await handle(folder.path, clock, "drop", [one]), {
    isDone: true,
    text: `${one} dropped\n`,
    problems: [],
  });
  const replayed = await handle(folder.path, clock, "replay", "all", "yaml");
  assert.deepEqual([replayed.isDone, replayed.text], [true, `replayed: ["${two}","${three}"]\n`]);
  assert.equal((await handle(folder.path, clock, "list", [])).text, "No dead letters\n");

  const second = await replica(folder.path, clock, "one", 0);
  assert.deepEqual([second.spool.pending.size, second.deadLetters.ids.length], [2, 0]);
  await second.spool.close();
});

Deno.test("A running replica does it itself; one that does not answer is said", async () => {
  await using folder = await temporaryFolder();
  const clock = new FakeClock();
  const { spool, deadLetters, ledger, disk, log } = await replica(folder.path, clock, "one", 2);
  const [one = "", two = ""] = deadLetters.ids;
  let result: LettersResult | undefined;
  const passUntilDone = async (asked: Promise<LettersResult>): Promise<LettersResult> => {
    result = undefined;
    asked.then((got) => result = got);
    await until("it has an end", async () => {
      await clock.advance(250);
      return result !== undefined;
    });
    return await asked;
  };
  const late = await passUntilDone(handle(folder.path, clock, "drop", [one]));
  assert.equal(late.isDone, false);
  assert.match(late.problems.join(), /did not answer within 15 s/);
  assert.equal(deadLetters.ids.length, 2);

  const stop = new AbortController();
  const desk = { folder: () => spool.folder, deadLetters, spool, ledger, disk, clock, log };
  const keeping = keepLetterDesk(desk, stop.signal).catch(() => {});
  await until("old orders are cleared", async () => {
    await clock.advance(500);
    return await Deno.stat(`${spool.folder}/orders`).then(() => false, () => true);
  });
  assert.equal((await passUntilDone(handle(folder.path, clock, "drop", [one]))).isDone, true);
  assert.equal((await passUntilDone(handle(folder.path, clock, "replay", "all"))).text, `${two} replayed\n`);
  assert.deepEqual([deadLetters.ids.length, spool.pending.size], [0, 1]);
  stop.abort();
  await keeping;
  await spool.close();
});

Deno.test("A folder that is not there is said", async () => {
  const result = await handle("/nowhere/at/all", new FakeClock(), "list", []);
  assert.equal(result.isDone, false);
  assert.match(result.problems.join(), /Cannot read \/nowhere\/at\/all/);
});
