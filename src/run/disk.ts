/** An open file that grows at its end. */
export interface AppendedFile {
  /** Writes all of the bytes at the end. */
  append(bytes: Uint8Array): Promise<void>;
  /** Resolves when what was appended would survive a loss of power. */
  sync(): Promise<void>;
  /** Cuts it to a length in bytes. */
  truncate(length: number): Promise<void>;
  close(): void;
}

/** The file system as far as what is kept on it needs; tests hand in one that is full or breaks. */
export interface Disk {
  /** Makes a folder and those above it, where they do not exist. */
  makeFolder(path: string): Promise<void>;
  /** Names of the files in a folder, sorted; none when there is no such folder. */
  files(folder: string): Promise<readonly string[]>;
  /** Names of the folders in a folder, sorted; none when there is no such folder. */
  folders(folder: string): Promise<readonly string[]>;
  read(path: string): Promise<Uint8Array>;
  /** Reads so many bytes from a place on; fewer at the end of the file. */
  readAt(path: string, at: number, length: number): Promise<Uint8Array>;
  /** Opens a file for appending, and makes it where there is none. */
  open(path: string): Promise<AppendedFile>;
  /** Replaces a file as a whole, or not at all: written beside it, synced, renamed. */
  replace(path: string, bytes: Uint8Array): Promise<void>;
  /** Removes a file, or a folder with all that is in it; one that is gone is fine. */
  remove(path: string): Promise<void>;
  /** Resolves when names made or removed in a folder would survive a loss of power. */
  syncFolder(path: string): Promise<void>;
}

/** The disk of this machine. */
export const systemDisk: Disk = {
  makeFolder: (path) => Deno.mkdir(path, { recursive: true }),
  files: (folder) => names(folder, (entry) => entry.isFile),
  folders: (folder) => names(folder, (entry) => entry.isDirectory),
  read: (path) => Deno.readFile(path),
  async readAt(path, at, length) {
    using file = await Deno.open(path, { read: true });
    await file.seek(at, Deno.SeekMode.Start);
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const count = await file.read(bytes.subarray(filled));
      if (count === null) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  },
  async open(path) {
    const file = await Deno.open(path, { append: true, create: true });
    return {
      append: (bytes) => writeAll(file, bytes),
      sync: () => file.syncData(),
      truncate: (length) => file.truncate(length),
      close: () => file.close(),
    };
  },
  async replace(path, bytes) {
    const beside = `${path}.new`;
    {
      using file = await Deno.open(beside, { write: true, create: true, truncate: true });
      await writeAll(file, bytes);
      await file.sync();
    }
    await Deno.rename(beside, path);
    await systemDisk.syncFolder(path.slice(0, path.lastIndexOf("/")));
  },
  async remove(path) {
    try {
      await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  },
  async syncFolder(path) {
    using folder = await Deno.open(path, { read: true });
    await folder.sync();
  },
};

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.byteLength;) written += await file.write(bytes.subarray(written));
}

async function names(
  folder: string,
  isWanted: (entry: Deno.DirEntry) => boolean,
): Promise<readonly string[]> {
  try {
    const found: string[] = [];
    for await (const entry of Deno.readDir(folder)) if (isWanted(entry)) found.push(entry.name);
    return found.sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
