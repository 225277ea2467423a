import {
  type LetterAnswer,
  type LetterVerb,
  NO_SUCH_LETTER,
  ORDERS_FOLDER,
  renewed,
} from "../intake/letter_desk.ts";
import type { Log } from "../observe/log.ts";
import { createMetrics } from "../observe/metrics.ts";
import type { Clock } from "../run/clock.ts";
import type { Disk } from "../run/disk.ts";
import type { FolderLock, FolderLocks } from "../run/folder_lock.ts";
import { Journal } from "../run/journal.ts";
import { corruption, DeadLetters, readLetters } from "../write/dead_letters.ts";
import { type FoundLetter, lettersText, type OutputFormat } from "./letter_rows.ts";

/** What is asked about dead letters. */
export interface LettersRequest {
  readonly verb: "list" | LetterVerb;
  /** `all`, or which; for `list` none is all. */
  readonly ids: readonly string[] | "all";
  readonly output: OutputFormat;
  /** SPOOL_DIR. */
  readonly root: string;
}

/** What the command works with. */
export interface LettersParts {
  readonly disk: Disk;
  readonly locks: FolderLocks;
  readonly clock: Clock;
  readonly log: Log;
  /** Names an order, so that two at once do not meet. */
  readonly orderName: () => string;
}

/** What is printed, and whether all of it was done. */
export interface LettersResult {
  readonly isDone: boolean;
  readonly text: string;
  readonly problems: readonly string[];
}

const ANSWER_MILLISECONDS = 15_000;
const LOOK_MILLISECONDS = 100;

/**
 * Lists dead letters, or has them written again or forgotten. Beside a running replica it asks that one, through its folder;
 * where no process has the folder it does it itself, and the next start writes what was replayed.
 */
export async function handleLetters(
  request: LettersRequest,
  parts: LettersParts,
  signal: AbortSignal,
): Promise<LettersResult> {
  let found: readonly FoundLetter[];
  try {
    found = await findLetters(request.root, parts);
  } catch (error) {
    return { isDone: false, text: "", problems: [`Cannot read ${request.root}: ${textOf(error)}`] };
  }
  const wanted = request.ids === "all" || (request.verb === "list" && request.ids.length === 0)
    ? found
    : found.filter(({ letter }) => request.ids.includes(letter.id));
  const known = new Set(wanted.map(({ letter }) => letter.id));
  const missing = request.ids === "all" ? [] : request.ids.filter((id) => !known.has(id));
  const problems = missing.map((id) => problem(request.verb, id, NO_SUCH_LETTER));
  if (request.verb === "list") {
    return { isDone: problems.length === 0, text: lettersText(wanted, request.output), problems };
  }
  const done: string[] = [];
  for (const replica of new Set(wanted.map((one) => one.replica))) {
    const ids = wanted.filter((one) => one.replica === replica).map(({ letter }) => letter.id);
    const answer = await inFolder(`${request.root}/${replica}`, request.verb, ids, parts, signal);
    done.push(...answer.done);
    problems.push(...answer.failed.map(({ id, error }) => problem(request.verb, id, error)));
  }
  return { isDone: problems.length === 0, text: doneText(request, done), problems };
}

function doneText({ verb, output }: LettersRequest, done: readonly string[]): string {
  const word = verb === "drop" ? "dropped" : "replayed";
  if (output === "table") return done.map((id) => `${id} ${word}\n`).join("");
  const answer = { [word]: done };
  return output === "json" ? `${JSON.stringify(answer)}\n` : `${word}: ${JSON.stringify(done)}\n`;
}

async function findLetters(root: string, { disk, log }: LettersParts): Promise<readonly FoundLetter[]> {
  await Deno.stat(root);
  const found: FoundLetter[] = [];
  for (const replica of await disk.folders(root)) {
    const onCorrupt = corruption(`${root}/${replica}`, createMetrics(""), log);
    const letters = await readLetters(`${root}/${replica}`, disk, onCorrupt);
    found.push(...letters.map((letter) => ({ replica, letter })));
  }
  return found;
}

async function inFolder(
  folder: string,
  verb: LetterVerb,
  ids: readonly string[],
  parts: LettersParts,
  signal: AbortSignal,
): Promise<LetterAnswer> {
  try {
    const lock = await parts.locks.take(folder, signal);
    if (lock === undefined) return await ask(folder, verb, ids, parts, signal);
    using own: FolderLock = lock;
    return await doIt(own.folder, verb, ids, parts);
  } catch (error) {
    return { done: [], failed: ids.map((id) => ({ id, error: textOf(error) })) };
  }
}

/** Asks the process that has the folder. */
async function ask(
  folder: string,
  verb: LetterVerb,
  ids: readonly string[],
  { disk, clock, orderName }: LettersParts,
  signal: AbortSignal,
): Promise<LetterAnswer> {
  const path = `${folder}/${ORDERS_FOLDER}/${orderName()}`;
  await disk.makeFolder(`${folder}/${ORDERS_FOLDER}`);
  await disk.replace(`${path}.order`, new TextEncoder().encode(JSON.stringify({ verb, ids })));
  const until = clock.monotonic() + ANSWER_MILLISECONDS;
  try {
    while (clock.monotonic() < until) {
      const answer = await disk.read(`${path}.answer`).catch(() => undefined);
      if (answer !== undefined) return JSON.parse(new TextDecoder().decode(answer));
      await clock.sleep(LOOK_MILLISECONDS, signal);
    }
    throw new Error(`the replica that has ${folder} did not answer within ${ANSWER_MILLISECONDS / 1000} s`);
  } finally {
    for (const end of ["order", "answer"]) await disk.remove(`${path}.${end}`);
  }
}

/** Does it in a folder that no process has. */
async function doIt(
  folder: string,
  verb: LetterVerb,
  ids: readonly string[],
  { disk, clock, log }: LettersParts,
): Promise<LetterAnswer> {
  const metrics = createMetrics("");
  const letters = new DeadLetters({ disk, clock, metrics, log });
  await letters.open(folder);
  const onCorrupt = corruption(folder, metrics, log);
  const spool = await Journal.open({ folder, maxBytes: Infinity, onCorrupt }, disk, () => {});
  const done: string[] = [];
  const failed: { id: string; error: string }[] = [];
  try {
    for (const id of ids) {
      try {
        const letter = await letters.read(id);
        if (letter === undefined) throw new Error(NO_SUCH_LETTER);
        if (verb === "replay") await spool.append(JSON.stringify(renewed(letter, clock)));
        letters.drop(id);
        done.push(id);
      } catch (error) {
        failed.push({ id, error: textOf(error) });
      }
    }
  } finally {
    await letters.close();
    await spool.close();
  }
  return { done, failed };
}

function problem(verb: string, id: string, error: string): string {
  return `Cannot ${verb} ${id}: ${error}`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
