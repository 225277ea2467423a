import { isSpooled, type Spooled } from "../model/spooled.ts";
import type { Disk } from "../run/disk.ts";
import type { FolderLock } from "../run/folder_lock.ts";
import { type CorruptPlace, type Entry, Journal, type JournalOptions } from "../run/journal.ts";

/** A record of the spool that waits for its verdicts. */
export interface Pending {
  readonly kind: Spooled["kind"];
  readonly source: string;
  readonly ingester: Spooled["ingester"];
  /** Wall time in milliseconds since 1970. */
  readonly spooledAt: number;
  readonly shelf: Shelf;
  readonly entry: Entry;
  /** Its place in the order in which this process got to know of them. */
  readonly order: number;
  /** How many of its findings have no verdict. */
  openCount: number;
  /** How far a signal has come since it was written down; undefined: not at all. */
  progress: { readonly open: readonly number[]; readonly total: number } | undefined;
  /** How many tries of this process failed in a way that may pass. */
  tries: number;
  /** What it says, while the memory has room for it. */
  held: Spooled | undefined;
}

/** A folder with records: the own one, or one of a replica that is gone. */
export interface Shelf {
  readonly name: string;
  readonly lock: FolderLock;
  readonly journal: Journal;
  readonly isOwn: boolean;
  hasLetters: boolean;
  /** Sound records that say nothing this version understands, and that were not laid beside the folder yet. */
  readonly odd: Entry[];
}

/** What an opened folder holds. */
export interface OpenedShelf {
  readonly shelf: Shelf;
  readonly found: readonly (readonly [Entry, Spooled])[];
  /** Places that hold no sound record. */
  readonly corrupt: readonly CorruptPlace[];
}

/** The end of the name of a file that holds an odd record. */
export const ODD_FILE = ".odd";
/** Files of odd records that are kept below one SPOOL_DIR. */
const MOST_ODD_FILES = 100;

/**
 * Opens the folder of a lock, and tells what waits in it, without the payloads: the memory is for an index alone. All of it
 * or nothing: what is found is told once the last byte was read.
 */
export async function openShelf(
  lock: FolderLock,
  options: Omit<JournalOptions, "folder" | "onCorrupt"> & { readonly isOwn: boolean },
  disk: Disk,
): Promise<OpenedShelf> {
  const { folder } = lock;
  const { maxBytes, isOwn } = options;
  const found: (readonly [Entry, Spooled])[] = [];
  const odd: Entry[] = [];
  const corrupt: CorruptPlace[] = [];
  const onCorrupt = (place: CorruptPlace): void => void corrupt.push(place);
  const journal = await Journal.open({ folder, maxBytes, onCorrupt }, disk, (entry, text) => {
    const what = parseSpooled(text);
    if (what === undefined) odd.push(entry);
    else found.push([entry, what.kind === "signal" ? { ...what, payload: null } : what]);
  });
  return { shelf: { name: folder, lock, journal, isOwn, hasLetters: !isOwn, odd }, found, corrupt };
}

/** Lays odd records as files beside their folder, as many as there may be, so that a person can look at them. */
export async function layOddAside({ name, journal, odd }: Shelf, root: string, disk: Disk): Promise<void> {
  if (odd.length === 0) return;
  let count = (await disk.files(root)).filter((file) => file.endsWith(ODD_FILE)).length;
  for (let entry = odd[0]; entry !== undefined; entry = odd[0]) {
    const text = await journal.read(entry);
    if (text !== undefined && count < MOST_ODD_FILES) {
      const path = `${name}-${entry.segment.number}-${entry.at}${ODD_FILE}`;
      await disk.replace(path, new TextEncoder().encode(text));
      count++;
    }
    odd.shift();
    journal.done(entry);
  }
}

/** What a record says; undefined when another version wrote something that this one does not know. */
export function parseSpooled(text: string): Spooled | undefined {
  try {
    const what: unknown = JSON.parse(text);
    return isSpooled(what) ? what : undefined;
  } catch {
    return undefined;
  }
}
