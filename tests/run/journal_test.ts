import assert from "node:assert/strict";
import type { Disk } from "../../src/run/disk.ts";
import { type Entry, Journal, JournalFullError } from "../../src/run/journal.ts";
import { faultyDisk } from "../support/faulty_disk.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary_folder.ts";

const MEBIBYTE = 1 << 20;

interface Opened {
  readonly journal: Journal;
  readonly found: readonly (readonly [text: string, entry: Entry])[];
  readonly texts: readonly string[];
  readonly corrupt: number;
}

async function opened(
  folder: TemporaryFolder,
  disk: Disk = faultyDisk(),
  maxBytes: number = MEBIBYTE,
): Promise<Opened> {
  const found: (readonly [string, Entry])[] = [];
  let corrupt = 0;
  const options = { folder: `${folder.path}/j`, maxBytes, onCorrupt: () => void corrupt++ };
  const journal = await Journal.open(options, disk, (entry, text) => void found.push([text, entry]));
  return { journal, found, texts: found.map(([text]) => text), corrupt };
}

Deno.test("What is appended and not done is there after a restart, in its order", async () => {
  await using folder = await temporaryFolder();
  const { journal } = await opened(folder);
  const entries = await Promise.all(["a", "b", "ü", "d"].map((text) => journal.append(text)));
  assert.equal(await journal.read(entries[2] as Entry), "ü");
  journal.done(entries[1] as Entry);
  assert.equal(journal.size, 3);
  await journal.close();
  const again = await opened(folder);
  assert.deepEqual(again.texts, ["a", "ü", "d"]);
  assert.deepEqual(
    await Promise.all(again.found.map(([, entry]) => again.journal.read(entry))),
    again.texts,
  );
  await again.journal.append("e");
  await again.journal.close();
  assert.deepEqual((await opened(folder)).texts, ["a", "ü", "d", "e"]);
});

Deno.test("Many appends share a sync, and a new file syncs its folder", async () => {
  await using folder = await temporaryFolder();
  const disk = faultyDisk();
  const { journal } = await opened(folder, disk);
  await Promise.all(Array.from({ length: 500 }, (_, index) => journal.append(`record ${index}`)));
  assert.deepEqual([disk.syncs, disk.folderSyncs], [1, 1]);
  await journal.close();
  assert.equal((await opened(folder)).texts.length, 500);
});

Deno.test("A segment whose records are all done is deleted, also when an older one has to stay", async () => {
  await using folder = await temporaryFolder();
  const { journal } = await opened(folder);
  const text = "x".repeat(60_000);
  const entries: Entry[] = [];
  for (let index = 0; index < 8; index++) entries.push(await journal.append(`${index} ${text}`));
  const before = journal.bytes;
  for (const entry of entries.slice(1)) journal.done(entry);
  await journal.probe(1);
  assert.ok(journal.bytes < before / 3, `${journal.bytes} of ${before}`);
  await journal.close();
  const again = await opened(folder);
  // Record 1 lies in the segment of record 0: that it is done must have outlived the files that said so.
  assert.deepEqual(again.texts.map((one) => one.slice(0, 2)), ["0 "]);
  again.journal.done((again.found[0] as [string, Entry])[1]);
  await again.journal.close();
  const last = await opened(folder);
  assert.deepEqual([last.texts, last.journal.size], [[], 0]);
});

Deno.test("The ceiling is kept, and room comes back with what is done", async () => {
  await using folder = await temporaryFolder();
  const { journal } = await opened(folder);
  const text = "x".repeat(100_000);
  const entries: Entry[] = [];
  await assert.rejects(async () => {
    for (;;) entries.push(await journal.append(text));
  }, JournalFullError);
  assert.ok(entries.length >= 9 && journal.bytes <= MEBIBYTE, `${entries.length}, ${journal.bytes}`);
  await assert.rejects(journal.append("x".repeat(2 * MEBIBYTE)), JournalFullError);
  for (const entry of entries) journal.done(entry);
  await journal.probe(1);
  await journal.append(text);
  await journal.close();
});

Deno.test("What a full disk took in part is cut away again, and what was there before is sound", async () => {
  await using folder = await temporaryFolder();
  const disk = faultyDisk();
  const { journal } = await opened(folder, disk);
  await journal.append("before");
  for (const room of [0, 1, 20, 40]) {
    disk.room = room;
    await assert.rejects(journal.append("y".repeat(60)), /No space left/);
  }
  disk.room = undefined;
  await journal.append("after");
  await journal.close();
  const again = await opened(folder);
  assert.deepEqual([again.texts, again.corrupt], [["before", "after"], 0]);
});

Deno.test("What could not be synced was not promised; the next one is", async () => {
  await using folder = await temporaryFolder();
  const disk = faultyDisk();
  const { journal } = await opened(folder, disk);
  disk.failsSync = true;
  await assert.rejects(journal.append("lost"), /Input\/output/);
  await assert.rejects(journal.probe(1), /Input\/output/);
  disk.failsSync = false;
  await journal.append("kept");
  await journal.close();
  assert.deepEqual((await opened(folder)).texts, ["kept"]);
});

Deno.test("A read-only folder can be read, and every append says so", async () => {
  await using folder = await temporaryFolder();
  const disk = faultyDisk();
  const { journal } = await opened(folder, disk);
  await journal.append("one");
  await journal.close();
  disk.isReadOnly = true;
  const again = await opened(folder, disk);
  assert.deepEqual(again.texts, ["one"]);
  await assert.rejects(again.journal.append("two"), /Read-only/);
  again.journal.done((again.found[0] as [string, Entry])[1]);
  await again.journal.close();
  assert.equal(again.journal.size, 0);
});

Deno.test("A process killed at any byte of an append loses nothing that was promised before", async () => {
  await using folder = await temporaryFolder();
  const { journal } = await opened(folder);
  const ends: number[] = [];
  for (const text of ["first", "second über", "third"]) {
    const entry = await journal.append(text);
    ends.push(entry.at + entry.bytes);
  }
  await journal.close();
  const path = `${folder.path}/j/00000001.log`;
  const whole = await Deno.readFile(path);
  for (let length = whole.byteLength; length >= 0; length--) {
    await Deno.writeFile(path, whole.subarray(0, length));
    const { texts, corrupt, journal: again } = await opened(folder, faultyDisk());
    const promised = ends.filter((end) => end <= length).length;
    assert.deepEqual([texts.length, corrupt], [promised, 0], `cut at ${length}`);
    await again.close();
  }
});

Deno.test("Bits flipped at random cost no more records than there are bits, and each place is told", async () => {
  const random = seededRandom(4711);
  for (let round = 0; round < 40; round++) {
    await using folder = await temporaryFolder();
    const { journal } = await opened(folder);
    const texts = Array.from({ length: 50 }, (_, index) => `{"n":${index},"t":"${"z".repeat(index * 7)}"}`);
    await Promise.all(texts.map((text) => journal.append(text)));
    await journal.close();
    const path = `${folder.path}/j/00000001.log`;
    const bytes = await Deno.readFile(path);
    const flips = 1 + Math.floor(random() * 4);
    for (let flip = 0; flip < flips; flip++) {
      const at = Math.floor(random() * bytes.byteLength);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    }
    await Deno.writeFile(path, bytes);
    const again = await opened(folder);
    const lost = texts.length - again.texts.length;
    assert.ok(lost <= flips, `${lost} lost by ${flips}`);
    assert.ok(again.corrupt <= flips);
    assert.equal(again.corrupt === 0, lost === 0, `${lost} lost, ${again.corrupt} places told`);
    for (const text of again.texts) assert.ok(texts.includes(text));
    await again.journal.append("goes on");
    await again.journal.close();
  }
});

Deno.test("A probe finds out whether so much fits, and leaves nothing behind", async () => {
  await using folder = await temporaryFolder();
  const disk = faultyDisk();
  const { journal } = await opened(folder, disk);
  await journal.append("before");
  const files = await disk.files(`${folder.path}/j`);
  const before = journal.bytes;
  disk.room = 5000;
  await assert.rejects(journal.probe(6000), /No space left/);
  disk.room = 6000;
  await journal.probe(6000);
  disk.room = undefined;
  assert.deepEqual([await disk.files(`${folder.path}/j`), journal.bytes], [files, before]);
  // Of a process that was killed within it.
  await Deno.writeTextFile(`${folder.path}/j/probe`, "x");
  assert.deepEqual((await opened(folder)).corrupt, 0);
  await journal.probe(10);
  assert.deepEqual(await disk.files(`${folder.path}/j`), files);
  await journal.close();
});
