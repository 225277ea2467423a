import { type Checked, ok, problem, textOf, warning } from "./check.ts";
import type { Machine } from "./machine.ts";
import { folderProblem } from "./spool_folder.ts";

/** What is to be known of the spool. */
export interface SpoolQuestion {
  /** SPOOL_DIR. */
  readonly root: string;
  /** SPOOL_MAX_BYTES, for each replica. */
  readonly maxBytes: number;
  /** Names the file that is written to try, so that two doctors do not meet. */
  readonly probe: string;
}

const MEBIBYTE = 1024 * 1024;

/** Whether the spool can be written to, by a file that is removed again, and whether there is room for it to grow. */
export async function checkSpool(
  { root, maxBytes, probe }: SpoolQuestion,
  machine: Machine,
): Promise<readonly Checked[]> {
  const refused = folderProblem(root, (name, path) => machine.isGranted(name, path));
  if (refused !== undefined) {
    return [problem("spool", refused, "run refuses to start so: give a folder that it may use")];
  }
  let replicas: readonly string[];
  let used: number;
  try {
    await tryWrite(`${root}/${probe}`, root, machine);
    replicas = await machine.disk.folders(root);
    used = await machine.bytesBelow(root);
  } catch (error) {
    return [problem(
      "spool",
      `Cannot write to ${root}: ${textOf(error)}`,
      "while it cannot be written to, webhooks are answered 503 when the API server is away: " +
        "look at owner and mount of the volume, and whether it is full",
    )];
  }
  const held = `${root} takes writes; ${
    mebibytes(used)
  } lie there, in folders of ${replicas.length} replicas`;
  return [judgeRoom(held, used, maxBytes, machine.freeBytes(root))];
}

function judgeRoom(held: string, used: number, maxBytes: number, free: number | undefined): Checked {
  const limit = `SPOOL_MAX_BYTES ${mebibytes(maxBytes)}`;
  if (free === undefined) {
    return ok("spool", `${held}, ${limit}; how much room the disk has cannot be seen (--allow-sys=statfs)`);
  }
  const message = `${held}, ${limit}, ${mebibytes(free)} free on its disk`;
  if (used + free >= maxBytes) return ok("spool", message);
  return warning(
    "spool",
    `${message}: it is full before its limit`,
    "give it a larger volume, or lower SPOOL_MAX_BYTES",
  );
}

/** What was written survives a loss of power, as what is spooled must. */
async function tryWrite(path: string, root: string, { disk }: Machine): Promise<void> {
  await disk.makeFolder(root);
  try {
    const file = await disk.open(path);
    try {
      await file.append(new TextEncoder().encode("zen-watcher doctor\n"));
      await file.sync();
    } finally {
      file.close();
    }
  } finally {
    await disk.remove(path);
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(bytes < 10 * MEBIBYTE ? 1 : 0)} MiB`;
}
