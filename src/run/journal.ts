import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import type { AppendedFile, Disk } from "./disk.ts";
import { type Frame, frame, FRAME_OVERHEAD_BYTES, framesOf, recordAt } from "./frames.ts";
import { bodyOf, emptySegment, holds, markOf, type Segment } from "./journal_segment.ts";

/** Where one record of a journal lies. */
export interface Entry {
  readonly id: number;
  readonly segment: Segment;
  readonly at: number;
  readonly bytes: number;
}

/** Bytes of a file that are no sound record. */
export interface CorruptPlace {
  readonly file: string;
  readonly at: number;
  readonly bytes: number;
}

/** How a journal is kept. */
export interface JournalOptions {
  readonly folder: string;
  readonly maxBytes: number;
  /** Told of each place that holds no sound record. */
  readonly onCorrupt: (place: CorruptPlace) => void;
}

/** There is no room for a record, by the ceiling and not by the disk. */
export class JournalFullError extends Error {
  override readonly name = "JournalFullError";
}

interface Waiting {
  readonly text: string;
  readonly bytes: number;
  readonly resolve: (entry: Entry) => void;
  readonly reject: (error: unknown) => void;
}

const LARGEST_SEGMENT_BYTES = 8 << 20;
const SEGMENTS_AT_LEAST = 8;
/** A last segment without any living record is kept up to this part of its size, so that a quiet journal makes no files. */
const KEPT_EMPTY_SHARE = 16;
/** What its id takes of a record, at most. */
const ID_BYTES = 18;
const PROBE_FILE = "probe";
const FILE = /^([0-9]{8})\.log$/;

/**
 * Records on disk, appended and later marked as done. Many appends share one sync; marks need none, since whoever takes a
 * record twice does no harm. A segment whose records are all done is deleted, whatever lies before it.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #disk: Disk;
  readonly #segments: Segment[] = [];
  readonly #queue: Waiting[] = [];
  readonly #marks: number[] = [];
  #file: { readonly segment: Segment; readonly file: AppendedFile } | undefined;
  #writing: Promise<void> | undefined;
  #nextId = 1;
  #nextSegment = 1;
  #queuedBytes = 0;

  private constructor(options: JournalOptions, disk: Disk) {
    this.#options = options;
    this.#disk = disk;
  }

  /** Opens the journal of a folder and tells every record that is not done, oldest first. */
  static async open(
    options: JournalOptions,
    disk: Disk,
    onRecord: (entry: Entry, text: string) => void,
  ): Promise<Journal> {
    const journal = new Journal(options, disk);
    try {
      await journal.#read(onRecord, true);
    } catch (error) {
      await journal.close();
      throw error;
    }
    return journal;
  }

  /** Tells every record that is not done, oldest first, of a journal that somebody else may be writing. */
  static async peek(
    options: JournalOptions,
    disk: Disk,
    onRecord: (entry: Entry, text: string) => void,
  ): Promise<void> {
    await new Journal(options, disk).#read(onRecord, false);
  }

  /** Bytes of its files. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Records that are not done. */
  get size(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.live.size, 0);
  }

  /**
   * Appends a record; it would survive a loss of power once this resolves.
   *
   * @throws JournalFullError, or what the disk throws; then nothing of it is left
   */
  append(text: string): Promise<Entry> {
    const bytes = Buffer.byteLength(text) + FRAME_OVERHEAD_BYTES + ID_BYTES;
    if (this.bytes + this.#queuedBytes + bytes > this.#options.maxBytes) {
      return Promise.reject(new JournalFullError(`No room for ${bytes} bytes in ${this.#options.folder}`));
    }
    this.#queuedBytes += bytes;
    const appended = new Promise<Entry>((resolve, reject) =>
      this.#queue.push({ text, bytes, resolve, reject })
    );
    this.#kick();
    return appended.finally(() => this.#queuedBytes -= bytes);
  }

  /** Reads the text of a record again; undefined when it is no longer sound. */
  async read(entry: Entry): Promise<string | undefined> {
    const bytes = await this.#disk.readAt(this.#pathOf(entry.segment), entry.at, entry.bytes);
    const text = recordAt(bytes, 0)?.text;
    return text === undefined ? undefined : bodyOf(text)?.body;
  }

  /** Marks a record as done; its place is free when all of its segment is. */
  done(entry: Entry): void {
    if (!entry.segment.live.delete(entry.id)) return;
    this.#marks.push(entry.id);
    this.#kick();
  }

  /**
   * Whether the disk takes so many bytes now: they are written to a file of their own, synced, and given back. What a
   * compressing file system would make small would say nothing, so they are random.
   *
   * @throws what the disk throws
   */
  async probe(bytes: number): Promise<void> {
    await this.settled();
    const { folder } = this.#options;
    const path = `${folder}/${PROBE_FILE}`;
    await this.#disk.makeFolder(folder);
    // One of a process that was killed meanwhile.
    await this.#disk.remove(path);
    try {
      const file = await this.#disk.open(path);
      try {
        await file.append(randomBytes(bytes));
        await file.sync();
      } finally {
        file.close();
      }
      await this.#disk.syncFolder(folder);
    } finally {
      await this.#disk.remove(path);
    }
  }

  /** Resolves when everything is written, and closes the file. */
  async close(): Promise<void> {
    await this.settled();
    this.#file?.file.close();
    this.#file = undefined;
  }

  /** Resolves when everything that was asked for is written, or was refused. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #read(onRecord: (entry: Entry, text: string) => void, isOurs: boolean): Promise<void> {
    const { folder } = this.#options;
    const found: Entry[] = [];
    const done = new Set<number>();
    for (const file of await this.#disk.files(folder)) {
      const number = Number(FILE.exec(file)?.[1] ?? Number.NaN);
      if (Number.isNaN(number)) continue;
      this.#nextSegment = Math.max(this.#nextSegment, number + 1);
      const bytes = await this.#disk.read(`${folder}/${file}`);
      const segment = emptySegment(number, bytes.byteLength);
      this.#segments.push(segment);
      for (const one of framesOf(bytes)) this.#take(one, segment, file, found, done);
    }
    for (const { id, segment } of found) if (done.has(id)) segment.live.delete(id);
    if (isOurs) await this.#clean().catch(() => {});
    // Again, segment by segment: all of it together may be more than the memory should hold.
    for (const segment of [...this.#segments]) {
      if (segment.live.size === 0) continue;
      for (const one of framesOf(await this.#disk.read(this.#pathOf(segment)))) {
        const parsed = one.kind === "record" ? bodyOf(one.text) : undefined;
        if (parsed === undefined || !segment.live.has(parsed.id)) continue;
        onRecord({ id: parsed.id, segment, at: one.at, bytes: one.end - one.at }, parsed.body);
      }
    }
  }

  #take(
    one: Frame,
    segment: Segment,
    file: string,
    found: Entry[],
    done: Set<number>,
  ): void {
    if (one.kind === "torn") return;
    const record = one.kind === "record" ? bodyOf(one.text) : undefined;
    const mark = one.kind === "record" ? markOf(one.text) : undefined;
    if (record !== undefined) {
      const entry = { id: record.id, segment, at: one.at, bytes: one.end - one.at };
      this.#note(entry);
      found.push(entry);
    } else if (mark !== undefined) {
      done.add(mark);
      segment.marks.add(mark);
      this.#nextId = Math.max(this.#nextId, mark + 1);
    } else this.#options.onCorrupt({ file, at: one.at, bytes: one.end - one.at });
  }

  #note({ id, segment }: Entry): void {
    segment.live.add(id);
    segment.first ??= id;
    segment.last = id;
    this.#nextId = Math.max(this.#nextId, id + 1);
  }

  #kick(): void {
    this.#writing ??= this.#work().finally(() => {
      this.#writing = undefined;
      if (this.#queue.length > 0 || this.#marks.length > 0) this.#kick();
    });
  }

  /** Never rejects: who waits is told. */
  async #work(): Promise<void> {
    // What is asked for in the same turn of the event loop shares the sync.
    await Promise.resolve();
    const batch = this.#nextBatch();
    const marks = this.#marks.splice(0);
    const records = batch.map(({ text }, index) => `+ ${this.#nextId + index} ${text}`);
    const frames = [...marks.map((id) => `- ${id}`), ...records].map(frame);
    try {
      const written = await this.#write(joined(frames), batch.length > 0);
      for (const mark of marks) written.segment.marks.add(mark);
      let { at } = written;
      const entries = frames.map((bytes, index) => {
        const id = index < marks.length ? 0 : this.#nextId++;
        const entry = { id, segment: written.segment, at, bytes: bytes.byteLength };
        at += bytes.byteLength;
        return entry;
      }).slice(marks.length);
      for (const entry of entries) this.#note(entry);
      batch.forEach(({ resolve }, index) => {
        const entry = entries[index];
        if (entry !== undefined) resolve(entry);
      });
    } catch (error) {
      // Marks are lost: those records are taken once more after a restart, and found to be there.
      for (const { reject } of batch) reject(error);
    }
    await this.#clean().catch(() => {});
  }

  /** As much as one segment should hold; one record at least. */
  #nextBatch(): Waiting[] {
    let count = 0;
    for (let bytes = 0; count < this.#queue.length; count++) {
      bytes += this.#queue[count]?.bytes ?? 0;
      if (count > 0 && bytes > this.#segmentBytes) break;
    }
    return this.#queue.splice(0, count);
  }

  /** Appends bytes to the last segment. What fails is cut away again, or its segment is written to no more. */
  async #write(bytes: Uint8Array, isSynced: boolean): Promise<{ segment: Segment; at: number }> {
    const { file, segment } = await this.#openSegment(bytes.byteLength);
    const at = segment.bytes;
    try {
      await file.append(bytes);
      if (isSynced) await file.sync();
    } catch (error) {
      await file.truncate(at).catch(() => {});
      file.close();
      this.#file = undefined;
      throw error;
    }
    segment.bytes += bytes.byteLength;
    return { segment, at };
  }

  async #openSegment(bytes: number): Promise<{ readonly segment: Segment; readonly file: AppendedFile }> {
    const current = this.#file;
    if (current !== undefined && current.segment.bytes + bytes <= this.#segmentBytes) return current;
    const { folder } = this.#options;
    await this.#disk.makeFolder(folder);
    const segment = emptySegment(this.#nextSegment++, 0);
    const file = await this.#disk.open(this.#pathOf(segment));
    try {
      await this.#disk.syncFolder(folder);
    } catch (error) {
      file.close();
      throw error;
    }
    current?.file.close();
    this.#segments.push(segment);
    this.#file = { segment, file };
    return this.#file;
  }

  /** Deletes segments of which all is done; what they say of records in others is said again first. */
  async #clean(): Promise<void> {
    for (const segment of [...this.#segments]) {
      const isLast = this.#file?.segment === segment;
      if (segment.live.size > 0 || (isLast && segment.bytes < this.#segmentBytes / KEPT_EMPTY_SHARE)) {
        continue;
      }
      if (isLast) {
        this.#file?.file.close();
        this.#file = undefined;
      }
      this.#segments.splice(this.#segments.indexOf(segment), 1);
      const needed = [...segment.marks].filter((id) => this.#segments.some((other) => holds(other, id)));
      if (needed.length > 0) {
        const { segment: target } = await this.#write(encoded(needed.map((id) => `- ${id}`)), false);
        for (const id of needed) target.marks.add(id);
      }
      await this.#disk.remove(this.#pathOf(segment));
    }
  }

  get #segmentBytes(): number {
    return Math.min(LARGEST_SEGMENT_BYTES, Math.floor(this.#options.maxBytes / SEGMENTS_AT_LEAST));
  }

  #pathOf(segment: Segment): string {
    return `${this.#options.folder}/${String(segment.number).padStart(8, "0")}.log`;
  }
}

function encoded(texts: readonly string[]): Uint8Array {
  return joined(texts.map(frame));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
