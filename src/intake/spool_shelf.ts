import type { Spooled } from "../model/spooled.ts";
import type { Disk } from "../run/disk.ts";
import type { FolderLock } from "../run/folder_lock.ts";
import { type Entry, Journal, type JournalOptions } from "../run/journal.ts";

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
}

/** Opens the folder of a lock, and tells what waits in it, without the payloads: the memory is for an index alone. */
export async function openShelf(
  lock: FolderLock,
  options: Omit<JournalOptions, "folder"> & { readonly isOwn: boolean },
  disk: Disk,
): Promise<{ readonly shelf: Shelf; readonly found: readonly (readonly [Entry, Spooled])[] }> {
  const { folder } = lock;
  const found: (readonly [Entry, Spooled])[] = [];
  const journal = await Journal.open({ ...options, folder }, disk, (entry, text) => {
    const what = parseSpooled(text);
    if (what !== undefined) found.push([entry, what.kind === "signal" ? { ...what, payload: null } : what]);
  });
  return { shelf: { name: folder, lock, journal, isOwn: options.isOwn, hasLetters: !options.isOwn }, found };
}

/** What a record says; undefined when another version wrote something that this one does not know. */
export function parseSpooled(text: string): Spooled | undefined {
  try {
    const what = JSON.parse(text) as Spooled;
    return typeof what.source === "string" && typeof what.ingester?.name === "string" ? what : undefined;
  } catch {
    return undefined;
  }
}
