import assert from "node:assert/strict";
import { SpoolError } from "../../src/intake/spool.ts";
import type { Pending } from "../../src/intake/spool_shelf.ts";
import type { SpooledSignal } from "../../src/model/spooled.ts";
import { systemDisk } from "../../src/run/disk.ts";
import { Journal } from "../../src/run/journal.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LiveApi } from "../support/live_api.ts";
import { ledgerOf, spoolOf, type SpoolScene, type SpoolSceneOptions } from "../support/spool_of.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

const never = new AbortController().signal;

function signalOf(name: string, more: Partial<SpooledSignal> = {}): SpooledSignal {
  return {
    kind: "signal",
    source: "falco",
    ingester: { namespace: "zen", name: "falco" },
    spooledAt: "2026-01-02T11:59:00Z",
    receivedAt: "2026-01-02T11:58:58Z",
    payload: { name, big: "1507591916000000001" },
    open: [0],
    total: 1,
    ...more,
  };
}

function scene(root: string, more: Partial<SpoolSceneOptions> = {}, clock = new FakeClock()): SpoolScene {
  return spoolOf(new LiveApi(), clock, { root, laneOf: () => ({ kind: "wait" }), ...more });
}

async function value(
  gauge: { get(): Promise<{ values: { value: number }[] }> },
): Promise<number | undefined> {
  return (await gauge.get()).values[0]?.value;
}

function only(scene: SpoolScene): Pending {
  const [pending] = scene.spool.pending;
  assert.ok(pending !== undefined);
  return pending;
}

Deno.test("What was spooled is there after a restart as it was, and is received and in flight", async () => {
  await using folder = await temporaryFolder();
  const first = scene(folder.path);
  await first.spool.open(never);
  first.ledger.receive("falco", 2);
  await first.spool.append(signalOf("a", { open: [1, 2], total: 3 }));
  assert.deepEqual([await value(first.metrics.spoolRecords), first.isUsable()], [1, true]);
  await first.spool.close();

  const second = scene(folder.path);
  await second.spool.open(never);
  assert.deepEqual(await ledgerOf(second.metrics), [2, 2, 2]);
  assert.equal(await value(second.metrics.spoolOldestAge), 60);
  const pending = only(second);
  assert.equal(pending.held, undefined);
  assert.deepEqual(await second.spool.read(pending), signalOf("a", { open: [1, 2], total: 3 }));
  second.spool.done(pending);
  assert.deepEqual([await value(second.metrics.spoolRecords), await value(second.metrics.spoolOldestAge)], [
    0,
    0,
  ]);
  await second.spool.close();
  const third = scene(folder.path);
  await third.spool.open(never);
  assert.equal(third.spool.pending.size, 0);
  await third.spool.close();
});

Deno.test("A folder that a living process has is left alone; one whose process is gone is adopted and removed", async () => {
  await using folder = await temporaryFolder();
  const one = scene(folder.path);
  await one.spool.open(never);
  await one.spool.append(signalOf("a"));
  // The same name, as of a pod that was replaced before the old one was gone.
  const clock = new FakeClock();
  const twin = scene(folder.path, {}, clock);
  await twin.spool.open(never);
  assert.deepEqual([one.spool.folder, twin.spool.folder], [`${folder.path}/one`, `${folder.path}/one~2`]);
  assert.equal(twin.spool.pending.size, 0);
  await Deno.mkdir(`${folder.path}/lost+found`);
  await one.deadLetters.put({ reason: "invalid", message: "bad", what: signalOf("dead") });
  const [letter] = one.deadLetters.ids;
  await one.spool.close();

  const stop = new AbortController();
  const keeping = twin.spool.keep(stop.signal).catch(() => {});
  await until("it is adopted", async () => {
    await clock.advance(1000);
    return twin.spool.pending.size === 1 && twin.deadLetters.ids.length === 1;
  });
  assert.deepEqual(twin.deadLetters.ids, [letter]);
  assert.deepEqual(await ledgerOf(twin.metrics), [1, 1, 1]);
  assert.deepEqual(await twin.spool.read(only(twin)), signalOf("a"));
  twin.spool.done(only(twin));
  await until("it is removed", async () => {
    await clock.advance(1000);
    return await Deno.stat(`${folder.path}/one`).then(() => false, () => true);
  });
  await Deno.stat(`${folder.path}/lost+found`);
  stop.abort();
  await keeping;
  await twin.spool.close();
});

Deno.test("A full spool refuses and says so, and has room again when enough is done", async () => {
  await using folder = await temporaryFolder();
  const full = scene(folder.path, { maxBytes: 1 << 20 });
  await full.spool.open(never);
  const payload = "x".repeat(50_000);
  await assert.rejects(async () => {
    for (;;) await full.spool.append(signalOf("a", { payload }));
  }, SpoolError);
  assert.deepEqual([full.isUsable(), full.spool.isUsable, await value(full.metrics.spoolWritable)], [
    false,
    false,
    0,
  ]);
  assert.equal(await value(full.metrics.spoolMaxBytes), 1 << 20);
  assert.equal(full.log.of("Spool is full").length, 1);
  await assert.rejects(full.spool.append(signalOf("a", { payload })), SpoolError);
  assert.equal(full.log.of("Spool is full").length, 1);
  const clock = new FakeClock();
  for (const pending of [...full.spool.pending].slice(0, 12)) full.spool.done(pending);
  await until("it has room", async () => {
    await clock.settle();
    await full.spool.append(signalOf("b")).catch(() => {});
    return full.isUsable();
  });
  // One that never fits says nothing about the others.
  await assert.rejects(full.spool.append(signalOf("c", { payload: "x".repeat(2 << 20) })), SpoolError);
  assert.equal(full.isUsable(), true);
  await full.spool.close();
});

Deno.test("It is full with so many records too, since each costs memory", async () => {
  await using folder = await temporaryFolder();
  const full = scene(folder.path, { maxRecords: 10 });
  await full.spool.open(never);
  for (let index = 0; index < 10; index++) await full.spool.append(signalOf(`${index}`));
  await assert.rejects(full.spool.append(signalOf("too many")), SpoolError);
  assert.equal(full.isUsable(), false);
  full.spool.done(only(full));
  assert.equal(full.isUsable(), true);
  await full.spool.append(signalOf("again"));
  await full.spool.close();
});

Deno.test("A folder that cannot be written is said once, and found again by trying", async () => {
  await using folder = await temporaryFolder();
  const clock = new FakeClock();
  const broken = scene(folder.path, {}, clock);
  broken.disk.isReadOnly = true;
  await broken.spool.open(never);
  assert.deepEqual([broken.isUsable(), broken.spool.folder], [false, `${folder.path}/one`]);
  await assert.rejects(broken.spool.append(signalOf("a")), SpoolError);
  assert.equal(await broken.deadLetters.put({ reason: "invalid", message: "", what: signalOf("a") }), false);
  const stop = new AbortController();
  const keeping = broken.spool.keep(stop.signal).catch(() => {});
  await clock.advance(5000);
  broken.disk.isReadOnly = false;
  await until("it is found", async () => {
    await clock.advance(1000);
    return broken.isUsable();
  });
  await broken.spool.append(signalOf("a"));
  broken.disk.room = 10;
  await assert.rejects(broken.spool.append(signalOf("b")), SpoolError);
  assert.equal(broken.isUsable(), false);
  broken.disk.room = undefined;
  await until("it has room", async () => {
    await clock.advance(1000);
    return broken.isUsable();
  });
  assert.equal(
    broken.log.lines.filter(({ level, message }) => level === "error" && /^Spool cannot/.test(message))
      .length,
    2,
  );
  stop.abort();
  await keeping;
  await broken.spool.close();
  const again = scene(folder.path);
  await again.spool.open(never);
  assert.deepEqual((await again.spool.read(only(again)))?.kind, "signal");
  await again.spool.close();
});

Deno.test("A damaged record is left out with a line and a count, and the others are there", async () => {
  await using folder = await temporaryFolder();
  const first = scene(folder.path);
  await first.spool.open(never);
  for (const name of ["a", "b", "c"]) await first.spool.append(signalOf(name));
  const { at } = [...first.spool.pending][1]?.entry ?? { at: 0 };
  await first.spool.close();
  const path = `${folder.path}/one/00000001.log`;
  const bytes = await Deno.readFile(path);
  bytes[at + 80] = (bytes[at + 80] ?? 0) ^ 1;
  await Deno.writeFile(path, bytes);
  const second = scene(folder.path);
  await second.spool.open(never);
  assert.equal(second.spool.pending.size, 2);
  assert.equal(await value(second.metrics.spoolCorrupt), 1);
  assert.equal(
    second.log.of("Record on disk is damaged and left out; what lies around it is kept").length,
    1,
  );
  await second.spool.close();
});

/** A journal as another version may have left it: sound records, whatever they say. */
async function written(folder: string, texts: readonly string[]): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/lock`, "");
  const journal = await Journal.open(
    { folder, maxBytes: 4 << 20, onCorrupt: () => {} },
    systemDisk,
    () => {},
  );
  await Promise.all(texts.map((text) => journal.append(text)));
  await journal.close();
}

for (const place of ["the own folder", "a folder of another replica"]) {
  Deno.test(`A record of an unknown shape in ${place} is counted and kept aside, and those around it are there`, async () => {
    await using folder = await temporaryFolder();
    const name = place === "the own folder" ? "one" : "gone";
    const { open: _, ...odd } = signalOf("odd");
    await written(`${folder.path}/${name}`, [
      JSON.stringify(signalOf("a")),
      JSON.stringify(odd),
      "[]",
      JSON.stringify(signalOf("b")),
    ]);
    const clock = new FakeClock();
    const scened = scene(folder.path, {}, clock);
    await scened.spool.open(never);
    assert.equal(scened.isUsable(), true);
    assert.deepEqual(await ledgerOf(scened.metrics), [2, 2, 2]);
    assert.equal(await value(scened.metrics.spoolCorrupt), 2);
    const [line, ...others] = scened.log.lines.filter(({ message }) => /unknown shape/.test(message));
    assert.deepEqual([line?.fields, others], [{ folder: `${folder.path}/${name}`, records: 2 }, []]);
    const files = [...Deno.readDirSync(folder.path)].map((file) => file.name).filter((file) =>
      file.endsWith(".odd")
    );
    assert.equal(files.length, 2);
    const texts = files.map((file) => Deno.readTextFileSync(`${folder.path}/${file}`)).sort();
    assert.deepEqual(texts, ["[]", JSON.stringify(odd)]);
    for (const pending of scened.spool.pending) scened.spool.done(pending);
    const stop = new AbortController();
    const keeping = scened.spool.keep(stop.signal).catch(() => {});
    await until("an adopted folder is removed", async () => {
      await clock.advance(1000);
      return name === "one" || await Deno.stat(`${folder.path}/gone`).then(() => false, () => true);
    });
    stop.abort();
    await keeping;
    await scened.spool.close();
    const again = scene(folder.path);
    await again.spool.open(never);
    assert.deepEqual([again.spool.pending.size, await value(again.metrics.spoolCorrupt)], [0, 0]);
    await again.spool.close();
  });
}

Deno.test("An odd record waits where it is while the disk has no room for it, and only so many are kept", async () => {
  await using folder = await temporaryFolder();
  const clock = new FakeClock();
  await written(`${folder.path}/one`, Array.from({ length: 103 }, (_, index) => `{"odd":${index}}`));
  const full = scene(folder.path, {}, clock);
  full.disk.room = 50;
  await full.spool.open(never);
  const kept = (): number =>
    [...Deno.readDirSync(folder.path)].filter(({ name }) => /odd$/.test(name)).length;
  assert.ok(kept() < 100);
  full.disk.room = undefined;
  const stop = new AbortController();
  const keeping = full.spool.keep(stop.signal).catch(() => {});
  await until("they are laid aside", async () => {
    await clock.advance(1000);
    return kept() === 100;
  });
  stop.abort();
  await keeping;
  await full.spool.close();
  assert.equal(await value(full.metrics.spoolCorrupt), 103);
  const again = scene(folder.path);
  await again.spool.open(never);
  assert.equal(await value(again.metrics.spoolCorrupt), 0);
  await again.spool.close();
});

Deno.test("A folder that can be read in part only counts for nothing, however often it is tried", async () => {
  await using folder = await temporaryFolder();
  const first = scene(folder.path, { maxBytes: 1 << 20 });
  await first.spool.open(never);
  for (let index = 0; index < 4; index++) {
    await first.spool.append(signalOf(`${index}`, { payload: "x".repeat(100_000) }));
  }
  const { at } = only(first).entry;
  await first.spool.close();
  const [path, last] = [`${folder.path}/one/00000001.log`, `${folder.path}/one/00000004.log`];
  const bytes = await Deno.readFile(path);
  await Deno.writeFile(path, bytes.with(at + 80, (bytes[at + 80] ?? 0) ^ 1));
  const clock = new FakeClock();
  const second = scene(folder.path, { maxBytes: 1 << 20 }, clock);
  const { read } = second.disk;
  let tries = 0;
  second.disk.read = (path) => {
    if (path !== last || ++tries > 3) return read(path);
    return Promise.reject(new Error("Input/output error (os error 5)"));
  };
  await second.spool.open(never);
  assert.deepEqual([await ledgerOf(second.metrics), await value(second.metrics.spoolCorrupt)], [
    [0, 0, 0],
    0,
  ]);
  const stop = new AbortController();
  const keeping = second.spool.keep(stop.signal).catch(() => {});
  await until("it is opened", async () => {
    await clock.advance(1000);
    return second.isUsable();
  });
  assert.deepEqual([await ledgerOf(second.metrics), await value(second.metrics.spoolCorrupt)], [
    [3, 3, 3],
    1,
  ]);
  stop.abort();
  await keeping;
  await second.spool.close();
});

Deno.test("A start on a full disk counts what was found once, keeps it as its own, and refuses only what comes", async () => {
  await using folder = await temporaryFolder();
  await written(`${folder.path}/one`, [JSON.stringify(signalOf("a")), JSON.stringify(signalOf("b"))]);
  const clock = new FakeClock();
  const full = scene(folder.path, {}, clock);
  full.disk.room = 10;
  await full.spool.open(never);
  assert.deepEqual([full.isUsable(), full.spool.folder], [false, `${folder.path}/one`]);
  assert.deepEqual(await ledgerOf(full.metrics), [2, 2, 2]);
  assert.deepEqual([...full.spool.pending].map(({ shelf }) => shelf.isOwn), [true, true]);
  await assert.rejects(full.spool.append(signalOf("c")), SpoolError);
  const stop = new AbortController();
  const keeping = full.spool.keep(stop.signal).catch(() => {});
  for (let turn = 0; turn < 31; turn++) await clock.advance(1000);
  assert.deepEqual(await ledgerOf(full.metrics), [2, 2, 2]);
  assert.deepEqual(full.log.of("Folder of a replica that is gone adopted"), []);
  assert.equal(full.isUsable(), false);
  full.disk.room = undefined;
  await until("it has room", async () => {
    await clock.advance(1000);
    return full.isUsable();
  });
  assert.deepEqual([await ledgerOf(full.metrics), full.spool.folder], [[2, 2, 2], `${folder.path}/one`]);
  await full.spool.append(signalOf("c"));
  assert.equal(await full.deadLetters.put({ reason: "invalid", message: "", what: signalOf("d") }), true);
  stop.abort();
  await keeping;
  await full.spool.close();
});

Deno.test("The own folder is not adopted while it cannot be opened", async () => {
  await using folder = await temporaryFolder();
  await written(`${folder.path}/one`, [JSON.stringify(signalOf("a"))]);
  const clock = new FakeClock();
  const unread = scene(folder.path, {}, clock);
  const { read } = unread.disk;
  let tries = 0;
  unread.disk.read = (path) =>
    ++tries > 1 ? read(path) : Promise.reject(new Error("Input/output error (os error 5)"));
  await unread.spool.open(never);
  assert.deepEqual([unread.spool.folder, unread.spool.pending.size], [undefined, 0]);
  const stop = new AbortController();
  const keeping = unread.spool.keep(stop.signal).catch(() => {});
  await until("it is opened", async () => {
    await clock.advance(1000);
    return unread.isUsable();
  });
  assert.deepEqual([unread.spool.folder, only(unread).shelf.isOwn], [`${folder.path}/one`, true]);
  stop.abort();
  await keeping;
  await unread.spool.close();
});

Deno.test("A disk has room again when a record like the one that failed fits, not when a smaller one does", async () => {
  await using folder = await temporaryFolder();
  const clock = new FakeClock();
  const tight = scene(folder.path, {}, clock);
  await tight.spool.open(never);
  const stop = new AbortController();
  const keeping = tight.spool.keep(stop.signal).catch(() => {});
  const turn = async (room: number): Promise<boolean> => {
    tight.disk.room = room;
    await clock.advance(1000);
    await clock.settle();
    return tight.isUsable();
  };
  for (const [bytes, tooLittle] of [[6_000, 60_000], [100_000, 90_000]] as const) {
    tight.disk.room = 4096;
    await assert.rejects(tight.spool.append(signalOf("a", { payload: "x".repeat(bytes) })), SpoolError);
    tight.disk.room = 4096;
    // A smaller one that fits says nothing.
    await tight.spool.append(signalOf("b"));
    assert.equal(tight.isUsable(), false);
    for (let count = 0; count < 3; count++) {
      await until("it was tried", async () => {
        assert.equal(await turn(tooLittle), false);
        return tight.disk.room !== tooLittle;
      });
    }
    await until("it has room", () => turn(200_000));
  }
  stop.abort();
  await keeping;
  tight.disk.room = undefined;
  await tight.spool.close();
});

Deno.test("A spool that reaches its ceiling while its disk is full has room again by trying alone", async () => {
  await using folder = await temporaryFolder();
  const clock = new FakeClock();
  const tight = scene(folder.path, { maxRecords: 1 }, clock);
  await tight.spool.open(never);
  tight.disk.room = 10;
  await assert.rejects(tight.spool.append(signalOf("a")), SpoolError);
  tight.disk.room = 1000;
  await tight.spool.append(signalOf("a"));
  await assert.rejects(tight.spool.append(signalOf("b")), /all it may/);
  tight.spool.done(only(tight));
  assert.equal(tight.isUsable(), false);
  tight.disk.room = undefined;
  const stop = new AbortController();
  const keeping = tight.spool.keep(stop.signal).catch(() => {});
  await until("it has room", async () => {
    await clock.advance(1000);
    return tight.isUsable();
  });
  stop.abort();
  await keeping;
  await tight.spool.close();
});
