import type { Clock } from "./clock.ts";

/** A folder that belongs to this process until it is let go; the lock ends with the process, however that ends. */
export interface FolderLock extends Disposable {
  readonly folder: string;
}

const LOCK_FILE = "lock";
/** Where a lock can only be waited for, so long is long enough to get one that is free. */
const FREE_MILLISECONDS = 500;

/**
 * Takes folders for this process. The locks are those of flock(2), which other processes on this machine see, and on a
 * shared volume those on other machines where its file system passes them on.
 */
export class FolderLocks {
  readonly #clock: Clock;
  readonly #waiting = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a folder, and makes it where there is none; undefined when a living process has it. */
  async take(folder: string, signal: AbortSignal): Promise<FolderLock | undefined> {
    while (true) {
      if (this.#waiting.has(folder)) return undefined;
      await Deno.mkdir(folder, { recursive: true });
      const path = `${folder}/${LOCK_FILE}`;
      const file = await Deno.open(path, { read: true, write: true, create: true });
      let keeps = false;
      try {
        const locked = await this.#lock(file, folder, signal);
        keeps = locked === "waiting";
        if (locked !== true) return undefined;
        // Whoever had it may have removed the folder between our open and our lock: then we hold a lock on nothing.
        if (await isSameFile(file, path)) {
          keeps = true;
          return { folder, [Symbol.dispose]: () => file.close() };
        }
      } finally {
        if (!keeps) file.close();
      }
    }
  }

  async #lock(file: Deno.FsFile, folder: string, signal: AbortSignal): Promise<boolean | "waiting"> {
    // Runtimes before Deno 2.5 or so can only wait for a lock.
    if (typeof file.tryLock === "function") return await file.tryLock(true);
    this.#waiting.add(folder);
    const taken = file.lock(true).then(() => void this.#waiting.delete(folder));
    const late = this.#clock.sleep(FREE_MILLISECONDS, signal).then(() => "late", () => "late");
    if (await Promise.race([taken, late]) !== "late") return true;
    taken.then(() => file.close(), () => file.close());
    return "waiting";
  }
}

async function isSameFile(file: Deno.FsFile, path: string): Promise<boolean> {
  try {
    return (await file.stat()).ino === (await Deno.stat(path)).ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
