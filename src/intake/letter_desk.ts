import { openFindings, type Spooled } from "../model/spooled.ts";
import type { Log } from "../observe/log.ts";
import type { Ledger } from "../pipeline/ledger.ts";
import type { Clock } from "../run/clock.ts";
import type { Disk } from "../run/disk.ts";
import type { DeadLetter, DeadLetters } from "../write/dead_letters.ts";

/** What can be done with dead letters. */
export type LetterVerb = "replay" | "drop";

/** What somebody beside the running process asks of it. */
export interface LetterOrder {
  readonly verb: LetterVerb;
  readonly ids: readonly string[];
}

/** What became of each id. */
export interface LetterAnswer {
  readonly done: readonly string[];
  readonly failed: readonly { readonly id: string; readonly error: string }[];
}

/** The folder of orders within that of a replica; `<name>.order` is answered by `<name>.answer`. */
export const ORDERS_FOLDER = "orders";

const LOOK_MILLISECONDS = 500;

/** What the desk works with. */
export interface LetterDeskParts {
  /** The own folder; undefined while there is none. */
  readonly folder: () => string | undefined;
  readonly deadLetters: Pick<DeadLetters, "read" | "drop" | "ids">;
  readonly spool: { append(what: Spooled): Promise<void> };
  readonly ledger: Ledger;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Carries out what `zen-watcher deadletters` asks for, which runs beside this process and shares nothing with it but the
 * folder. Orders of an earlier time are not carried out: whoever gave them has gone.
 *
 * @throws the signal's reason
 */
export async function keepLetterDesk(parts: LetterDeskParts, signal: AbortSignal): Promise<never> {
  const log = parts.log.component("dead-letters");
  let cleared: string | undefined;
  while (true) {
    await parts.clock.sleep(LOOK_MILLISECONDS, signal);
    const folder = parts.folder();
    if (folder === undefined) continue;
    const orders = `${folder}/${ORDERS_FOLDER}`;
    try {
      if (cleared !== folder) await parts.disk.remove(orders);
      cleared = folder;
      for (const file of await parts.disk.files(orders)) {
        if (!file.endsWith(".order")) continue;
        const order = await take(`${orders}/${file}`, parts.disk);
        if (order === undefined) continue;
        const answer = await carryOut(order, parts);
        log.info("Dead letters handled on request", {
          verb: order.verb,
          done: answer.done.length,
          failed: answer.failed.length,
        });
        const path = `${orders}/${file.slice(0, -".order".length)}.answer`;
        await parts.disk.replace(path, new TextEncoder().encode(JSON.stringify(answer)));
      }
    } catch (error) {
      log.warn("Cannot handle a request about dead letters", { error: String(error) });
    }
  }
}

async function take(path: string, disk: Disk): Promise<LetterOrder | undefined> {
  try {
    const order = JSON.parse(new TextDecoder().decode(await disk.read(path)));
    const isOrder = (order?.verb === "replay" || order?.verb === "drop") && Array.isArray(order.ids);
    return isOrder ? { verb: order.verb, ids: order.ids.map(String) } : undefined;
  } finally {
    await disk.remove(path);
  }
}

async function carryOut({ verb, ids }: LetterOrder, parts: LetterDeskParts): Promise<LetterAnswer> {
  const done: string[] = [];
  const failed: { id: string; error: string }[] = [];
  for (const id of ids) {
    const error = verb === "drop"
      ? (parts.deadLetters.drop(id) ? undefined : NO_SUCH_LETTER)
      : await replayOne(id, parts);
    if (error === undefined) done.push(id);
    else failed.push({ id, error });
  }
  return { done, failed };
}

/** Why a letter cannot be handled. */
export const NO_SUCH_LETTER = "there is no such dead letter";

/** Received again, into the spool; one that the spool does not take is a dead letter once more. */
async function replayOne(id: string, parts: LetterDeskParts): Promise<string | undefined> {
  const letter = await parts.deadLetters.read(id);
  if (letter === undefined) return NO_SUCH_LETTER;
  const { source } = letter.what;
  const findings = openFindings(letter.what);
  parts.ledger.receive(source, findings);
  try {
    await parts.spool.append(renewed(letter, parts.clock));
  } catch (error) {
    const { reason, message } = letter;
    for (let count = 0; count < findings; count++) {
      parts.ledger.settle(source, { kind: "dead-lettered", reason, message }, undefined);
    }
    return error instanceof Error ? error.message : String(error);
  }
  parts.deadLetters.drop(id);
  return undefined;
}

/** What lies in a letter as something that was spooled now. */
export function renewed({ what }: DeadLetter, clock: Pick<Clock, "now">): Spooled {
  return { ...what, spooledAt: new Date(clock.now()).toISOString() };
}
