import { Buffer } from "node:buffer";
import { openFindings, type Spooled } from "../model/spooled.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Ledger } from "../pipeline/ledger.ts";
import type { Clock } from "../run/clock.ts";
import type { Disk } from "../run/disk.ts";
import type { FolderLock, FolderLocks } from "../run/folder_lock.ts";
import { type Entry, JournalFullError } from "../run/journal.ts";
import { corruption, DEAD_LETTERS_FOLDER, type DeadLetters, readLetters } from "../write/dead_letters.ts";
import { layOddAside, openShelf, parseSpooled, type Pending, type Shelf } from "./spool_shelf.ts";

/** Where the spool lies, and how large it may become. */
export interface SpoolOptions {
  /** SPOOL_DIR. */
  readonly root: string;
  /** Of this replica; its folder is named for it. */
  readonly identity: string;
  readonly maxBytes: number;
  /** Default is 100,000. */
  readonly maxRecords?: number;
}

/** What the spool works with. */
export interface SpoolParts {
  readonly disk: Disk;
  readonly locks: FolderLocks;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly ledger: Ledger;
  readonly deadLetters: DeadLetters;
  /** Told at every change whether the spool has room and takes writes. */
  readonly onUsable: (isUsable: boolean) => void;
}

/** Something could not be put into the spool. */
export class SpoolError extends Error {
  override readonly name = "SpoolError";
}

const TURN_MILLISECONDS = 1_000;
const ADOPT_TURNS = 30;
/** Text of records that is kept in memory beside the disk, so that what comes and goes quickly is not read again. */
const HELD_BYTES = 8 << 20;
/** Records at most, own and adopted ones: each costs half a kilobyte of memory, wherever its payload lies. */
const MOST_RECORDS = 100_000;
/** A spool that was full has room again below this share of its ceiling. */
const ROOM_SHARE = 0.9;
/** There is room when so much fits, or as much as did not fit last. */
const PROBE_BYTES = 64 << 10;
const MOST_FOLDERS_OF_A_NAME = 100;

/**
 * What webhooks were answered 202 for: on disk before the answer, until all of it has its verdicts, also when another
 * process has to finish it. Everything in it is in flight in this process.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #parts: SpoolParts;
  readonly #log: Log;
  readonly #adopted = new Map<string, Shelf>();
  readonly #pending = new Set<Pending>();
  #nextOrder = 0;
  #own: Shelf | undefined;
  /** The own folder, or the one that was last tried; never adopted. */
  #ownFolder: string | undefined;
  #hasDeadLetters = false;
  #probeBytes = PROBE_BYTES;
  #state: "usable" | "full" | "broken" = "broken";
  #isTold = false;
  #heldBytes = 0;
  #onPending: (pending: Pending) => void = () => {};

  constructor(options: SpoolOptions, parts: SpoolParts) {
    this.#options = options;
    this.#parts = parts;
    this.#log = parts.log.component("spool");
    parts.metrics.spoolMaxBytes.set(options.maxBytes);
  }

  /** Whether the next record will most likely be taken. */
  get isUsable(): boolean {
    return this.#state === "usable";
  }

  /** Records that wait. */
  get pending(): ReadonlySet<Pending> {
    return this.#pending;
  }

  /** The own folder; undefined while there is none. */
  get folder(): string | undefined {
    return this.#own?.lock.folder;
  }

  /** Says who is told of records that wait, first of all those that do already. */
  listen(onPending: (pending: Pending) => void): void {
    this.#onPending = onPending;
    for (const pending of this.#pending) onPending(pending);
  }

  /** Opens the own folder and adopts those that nobody has. What fails is logged and tried again by `keep`. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#openOwn(signal);
    await this.#adoptAll(signal);
    await this.#layOddAside();
    this.#show();
    this.#showAge();
  }

  /**
   * Puts a record on disk; it would survive a loss of power once this resolves.
   *
   * @throws SpoolError
   */
  async append(what: Spooled): Promise<void> {
    const own = this.#own;
    if (own === undefined) throw new SpoolError(`Folder ${this.#options.root} cannot be used`);
    if (this.#pending.size >= this.#mostRecords) {
      this.#setState("full");
      throw new SpoolError(`The spool holds ${this.#pending.size} records, which is all it may`);
    }
    const text = JSON.stringify(what);
    let entry: Entry;
    try {
      entry = await own.journal.append(text);
    } catch (error) {
      const isFull = error instanceof JournalFullError;
      if (!isFull) this.#probeBytes = Math.max(PROBE_BYTES, Buffer.byteLength(text));
      // One that would not fit into an empty spool says nothing about the room for others.
      if (!isFull || text.length < this.#options.maxBytes / 2) {
        this.#setState(isFull ? "full" : "broken", error);
      }
      throw new SpoolError("Cannot spool a signal", { cause: error });
    }
    const fits = this.#heldBytes + entry.bytes <= HELD_BYTES;
    if (fits) this.#heldBytes += entry.bytes;
    this.#add(own, entry, what, fits);
    this.#show();
  }

  /**
   * What a record says; undefined when it is no longer sound, or gone.
   *
   * @throws what the disk throws; it may pass
   */
  async read(pending: Pending): Promise<Spooled | undefined> {
    if (pending.held !== undefined) return pending.held;
    try {
      const text = await pending.shelf.journal.read(pending.entry);
      return text === undefined ? undefined : parseSpooled(text);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** A record has all its verdicts, or was laid aside. */
  done(pending: Pending): void {
    if (!this.#pending.delete(pending)) return;
    if (pending.held !== undefined) this.#heldBytes -= pending.entry.bytes;
    pending.held = undefined;
    pending.shelf.journal.done(pending.entry);
    this.#show();
  }

  /** A record turned out to be damaged when it was read again. */
  lose(pending: Pending): void {
    corruption(pending.shelf.name, this.#parts.metrics, this.#log)({
      file: "spool",
      at: pending.entry.at,
      bytes: pending.entry.bytes,
    });
    this.done(pending);
  }

  /**
   * Looks every second whether the disk takes writes again, and every 30 s for folders that nobody has.
   *
   * @throws the signal's reason
   */
  async keep(signal: AbortSignal): Promise<never> {
    for (let turn = 1;; turn++) {
      await this.#parts.clock.sleep(TURN_MILLISECONDS, signal);
      if (this.#own === undefined) await this.#openOwn(signal);
      else if (this.#state === "broken") await this.#probe(this.#own);
      if (turn % ADOPT_TURNS === 0) await this.#adoptAll(signal);
      await this.#layOddAside();
      await this.#leaveEmptied();
      this.#show();
      this.#showAge();
    }
  }

  /** Writes what is to be written and lets all folders go. */
  async close(): Promise<void> {
    for (const shelf of this.#shelves()) {
      await shelf.journal.close();
      shelf.lock[Symbol.dispose]();
    }
    await this.#parts.deadLetters.close();
  }

  #shelves(): readonly Shelf[] {
    return [...this.#adopted.values(), ...(this.#own === undefined ? [] : [this.#own])];
  }

  async #openOwn(signal: AbortSignal): Promise<void> {
    const { root, identity, maxBytes } = this.#options;
    const { locks } = this.#parts;
    const name = identity.replaceAll(/[^A-Za-z0-9._-]/g, "_");
    let lock: FolderLock | undefined;
    try {
      for (let number = 1; lock === undefined && number <= MOST_FOLDERS_OF_A_NAME; number++) {
        this.#ownFolder = `${root}/${number === 1 ? name : `${name}~${number}`}`;
        lock = await locks.take(this.#ownFolder, signal);
      }
      if (lock === undefined) throw new Error(`All folders of the name ${name} are in use`);
      this.#own = await this.#openShelf(lock, maxBytes, true);
    } catch (error) {
      lock?.[Symbol.dispose]();
      this.#setState("broken", error);
      return;
    }
    // What was found stays ours whether or not there is room for more.
    await this.#probe(this.#own);
  }

  async #openShelf(lock: FolderLock, maxBytes: number, isOwn: boolean): Promise<Shelf> {
    const { disk, ledger, metrics } = this.#parts;
    const { folder } = lock;
    const { shelf, found, corrupt } = await openShelf(lock, { maxBytes, isOwn }, disk);
    // All of it was read: from here on nothing can fail, so that nothing is counted twice.
    corrupt.forEach(corruption(folder, metrics, this.#log));
    if (shelf.odd.length > 0) {
      metrics.spoolCorrupt.inc(shelf.odd.length);
      this.#log.error("Records of an unknown shape are not replayed; they are laid beside their folder", {
        folder,
        records: shelf.odd.length,
      });
    }
    for (const [entry, what] of found) {
      ledger.receive(what.source, openFindings(what));
      this.#add(shelf, entry, what, false);
    }
    if (found.length > 0) this.#log.info("Spool found", { folder, records: found.length });
    return shelf;
  }

  #add(shelf: Shelf, entry: Entry, what: Spooled, isHeld: boolean): void {
    const pending: Pending = {
      kind: what.kind,
      source: what.source,
      ingester: what.ingester,
      spooledAt: Date.parse(what.spooledAt),
      shelf,
      entry,
      order: this.#nextOrder++,
      openCount: openFindings(what),
      progress: undefined,
      tries: 0,
      held: isHeld ? what : undefined,
    };
    this.#pending.add(pending);
    this.#onPending(pending);
  }

  async #probe({ journal, lock }: Shelf): Promise<void> {
    try {
      if (!this.#hasDeadLetters) await this.#parts.deadLetters.open(lock.folder);
      this.#hasDeadLetters = true;
      await journal.probe(this.#probeBytes);
      this.#probeBytes = PROBE_BYTES;
      this.#setState("usable");
    } catch (error) {
      this.#setState("broken", error);
    }
  }

  /** One folder that cannot be adopted stops no other. */
  async #adoptAll(signal: AbortSignal): Promise<void> {
    const { root } = this.#options;
    const { disk, locks } = this.#parts;
    const names = await disk.folders(root).catch(() => []);
    for (const name of names) {
      const folder = `${root}/${name}`;
      if (folder === this.#ownFolder) continue;
      try {
        const shelf = this.#adopted.get(folder) ?? await this.#adopt(folder, locks, signal);
        if (shelf === undefined) continue;
        this.#adopted.set(folder, shelf);
        if (shelf.hasLetters) shelf.hasLetters = !await this.#takeLetters(folder);
      } catch (error) {
        if (signal.aborted) return;
        this.#log.warn("Folder of another replica cannot be adopted", { folder, error: textOf(error) });
      }
    }
    await this.#leaveEmptied();
  }

  /** What the disk does not take now is tried again with the next turn. */
  async #layOddAside(): Promise<void> {
    const { root } = this.#options;
    for (const shelf of this.#shelves()) await layOddAside(shelf, root, this.#parts.disk).catch(() => {});
  }

  async #adopt(folder: string, locks: FolderLocks, signal: AbortSignal): Promise<Shelf | undefined> {
    // Whatever else lies there is not ours.
    if (!(await this.#parts.disk.files(folder)).includes("lock")) return undefined;
    const lock = await locks.take(folder, signal);
    if (lock === undefined) return undefined;
    try {
      const shelf = await this.#openShelf(lock, Infinity, false);
      this.#log.info("Folder of a replica that is gone adopted", { folder });
      return shelf;
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  async #takeLetters(folder: string): Promise<boolean> {
    const { deadLetters, disk, metrics } = this.#parts;
    const letters = await readLetters(folder, disk, corruption(folder, metrics, this.#log));
    for (const letter of letters) {
      if (!deadLetters.ids.includes(letter.id) && !await deadLetters.keep(letter)) return false;
    }
    await disk.remove(`${folder}/${DEAD_LETTERS_FOLDER}`);
    return true;
  }

  /** Removes adopted folders of which all is done. */
  async #leaveEmptied(): Promise<void> {
    for (const [folder, shelf] of this.#adopted) {
      if (shelf.hasLetters || shelf.journal.size > 0) continue;
      try {
        await shelf.journal.close();
        await this.#parts.disk.remove(folder);
      } catch (error) {
        this.#log.warn("Adopted folder cannot be removed", { folder, error: textOf(error) });
        continue;
      }
      this.#adopted.delete(folder);
      shelf.lock[Symbol.dispose]();
      this.#log.info("Adopted folder emptied and removed", { folder });
    }
  }

  #setState(state: "usable" | "full" | "broken", error?: unknown): void {
    const before = this.#state;
    // A spool that reaches its ceiling meanwhile is usable again by the probe alone.
    if (state === "full" && before === "broken") return;
    this.#state = state;
    this.#parts.metrics.spoolWritable.set(state === "usable" ? 1 : 0);
    this.#parts.onUsable(state === "usable");
    const folder = this.#own?.lock.folder ?? this.#options.root;
    if (state === "usable") {
      if (before !== "usable") this.#log.info("Spool takes signals", { folder });
    } else if (before !== state || !this.#isTold) {
      this.#log.error(
        state === "full"
          ? "Spool is full"
          : "Spool cannot be used; signals that cannot be written are refused",
        { folder, max_bytes: this.#options.maxBytes, error: textOf(error) },
      );
    }
    this.#isTold = state !== "usable";
  }

  #show(): void {
    const { metrics } = this.#parts;
    const own = this.#own?.journal.bytes ?? 0;
    const hasRoom = own <= this.#options.maxBytes * ROOM_SHARE &&
      this.#pending.size <= this.#mostRecords * ROOM_SHARE;
    if (this.#state === "full" && hasRoom) this.#setState("usable");
    const adopted = [...this.#adopted.values()].reduce((sum, { journal }) => sum + journal.bytes, 0);
    metrics.spoolBytes.set(own + adopted);
    metrics.spoolRecords.set(this.#pending.size);
    if (this.#pending.size === 0) metrics.spoolOldestAge.set(0);
  }

  #showAge(): void {
    const now = this.#parts.clock.now();
    let oldest = now;
    // They lie in their order, but for those of adopted folders.
    for (const { spooledAt } of this.#pending) {
      oldest = Math.min(oldest, spooledAt);
      if (this.#adopted.size === 0) break;
    }
    this.#parts.metrics.spoolOldestAge.set(Math.max(0, now - oldest) / 1000);
  }

  get #mostRecords(): number {
    return this.#options.maxRecords ?? MOST_RECORDS;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
