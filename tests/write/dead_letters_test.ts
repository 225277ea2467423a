import assert from "node:assert/strict";
import type { Spooled } from "../../src/model/spooled.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import { corruption, DeadLetters, readLetters } from "../../src/write/dead_letters.ts";
import { Journal } from "../../src/run/journal.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { type FaultyDisk, faultyDisk } from "../support/faulty_disk.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { silentLog } from "../support/silent_log.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

function what(text: string): Spooled {
  return {
    kind: "signal",
    source: "own",
    ingester: { namespace: "zen", name: "own" },
    spooledAt: "2026-01-02T12:00:00Z",
    receivedAt: "2026-01-02T12:00:00Z",
    payload: { text },
    open: [0],
    total: 1,
  };
}

interface Scene {
  readonly letters: DeadLetters;
  readonly metrics: Metrics;
  readonly log: RecordingLog;
  readonly disk: FaultyDisk;
}

function scene(seed: number, maxBytes?: number): Scene {
  const metrics = createMetrics("test");
  const log = new RecordingLog();
  const disk = faultyDisk();
  const clock = new FakeClock({ seed });
  const more = maxBytes === undefined ? {} : { maxBytes };
  return { letters: new DeadLetters({ disk, clock, metrics, log, ...more }), metrics, log, disk };
}

async function held(metrics: Metrics): Promise<number | undefined> {
  return (await metrics.deadLettersHeld.get()).values[0]?.value;
}

Deno.test("A letter is kept with its reason, read by whoever looks, and forgotten when it is dropped", async () => {
  await using folder = await temporaryFolder();
  const first = scene(1);
  assert.equal(await first.letters.put({ reason: "invalid", message: "bad", what: what("a") }), false);
  await first.letters.open(folder.path);
  for (const text of ["a", "b"]) {
    assert.equal(await first.letters.put({ reason: "invalid", message: "bad", what: what(text) }), true);
  }
  assert.equal(await held(first.metrics), 2);
  const [id = "", other = ""] = first.letters.ids;
  assert.match(id, /^[a-z0-9]{10}$/);
  // Beside the process that writes them.
  const seen = await readLetters(folder.path, first.disk, corruption("", first.metrics, silentLog));
  assert.deepEqual(seen.map((letter) => [letter.id, letter.reason, letter.at]), [
    [id, "invalid", "2026-01-02T12:00:00.000Z"],
    [other, "invalid", "2026-01-02T12:00:00.000Z"],
  ]);
  assert.deepEqual((await first.letters.read(id))?.what, what("a"));
  assert.deepEqual([first.letters.drop(id), first.letters.drop(id), await held(first.metrics)], [
    true,
    false,
    1,
  ]);
  await first.letters.close();
  const second = scene(2);
  await second.letters.open(folder.path);
  assert.deepEqual(second.letters.ids, [other]);
  assert.equal(await second.letters.read(id), undefined);
  await second.letters.close();
});

Deno.test("At the ceiling the oldest goes, and that is counted and said", async () => {
  await using folder = await temporaryFolder();
  const { letters, metrics, log } = scene(1, 100_000);
  await letters.open(folder.path);
  const text = "x".repeat(20_000);
  const kept: string[] = [];
  for (let index = 0; index < 12; index++) {
    assert.equal(await letters.put({ reason: "refused", message: "", what: what(text) }), true);
    kept.push(letters.ids.at(-1) ?? "");
  }
  assert.deepEqual(letters.ids, kept.slice(-4));
  assert.equal((await metrics.deadLettersDropped.get()).values[0]?.value, 8);
  assert.equal(log.of("Dead letter dropped to make room for a younger one").length, 8);
  assert.equal(
    await letters.put({ reason: "refused", message: "", what: what("x".repeat(200_000)) }),
    false,
  );
  assert.equal(letters.ids.length, 4);
  await letters.close();
});

Deno.test("An Observation that is refused again has one letter, the last", async () => {
  await using folder = await temporaryFolder();
  const { letters, metrics } = scene(1);
  await letters.open(folder.path);
  const refused = (name: string): Spooled => ({
    kind: "observation",
    source: "own",
    ingester: { namespace: "zen", name: "own" },
    spooledAt: "2026-01-02T12:00:00Z",
    observation: {
      apiVersion: "zen.kube-zen.io/v1alpha1",
      kind: "Observation",
      metadata: { namespace: "zen", name },
      spec: {},
    },
  });
  for (const name of ["a", "b", "a"]) {
    await letters.put({ reason: "invalid", message: "bad", what: refused(name) });
  }
  assert.equal(await held(metrics), 2);
  const [first = ""] = letters.ids;
  const { what: kept } = await letters.read(first) ?? {};
  assert.equal(kept?.kind === "observation" ? kept.observation.metadata.name : undefined, "b");
  await letters.close();
  const again = scene(2);
  await again.letters.open(folder.path);
  assert.equal(again.letters.ids.length, 2);
  assert.equal((await metrics.deadLettersDropped.get()).values[0]?.value, 0);
  await again.letters.close();
});

Deno.test("What the disk does not take is not kept, and said", async () => {
  await using folder = await temporaryFolder();
  const { letters, disk, log } = scene(1);
  await letters.open(folder.path);
  disk.room = 5;
  assert.equal(await letters.put({ reason: "invalid", message: "bad", what: what("a") }), false);
  assert.equal(log.of("Dead letter cannot be kept").length, 1);
  disk.room = undefined;
  assert.equal(await letters.put({ reason: "invalid", message: "bad", what: what("a") }), true);
  await letters.close();
});

Deno.test("A letter of an unknown shape is counted and left out, and those around it are there", async () => {
  await using folder = await temporaryFolder();
  const first = scene(1);
  await first.letters.open(folder.path);
  await first.letters.put({ reason: "invalid", message: "a", what: what("a") });
  await first.letters.close();
  const options = { folder: `${folder.path}/deadletters`, maxBytes: 1 << 20, onCorrupt: () => {} };
  const journal = await Journal.open(options, first.disk, () => {});
  const odd = { ...what("odd"), kind: "observation" };
  const letter = { id: "odd", at: "2026-01-02T12:00:00Z", reason: "invalid", message: "" };
  await journal.append(JSON.stringify({ ...letter, what: odd }));
  await journal.append(JSON.stringify({ ...letter, what: what("b"), message: undefined }));
  await journal.append(JSON.stringify({ ...letter, id: "sound", what: what("c") }));
  await journal.close();
  const again = scene(2);
  await again.letters.open(folder.path);
  assert.deepEqual([again.letters.ids.length, again.letters.ids.at(-1)], [2, "sound"]);
  assert.equal((await again.metrics.spoolCorrupt.get()).values[0]?.value, 2);
  await again.letters.close();
  let places = 0;
  assert.equal((await readLetters(folder.path, again.disk, () => void places++)).length, 2);
  assert.equal(places, 2);
});
