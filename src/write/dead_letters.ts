import { isSpooled, type Spooled } from "../model/spooled.ts";
import type { DeadLetterReason } from "../model/verdict.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Clock } from "../run/clock.ts";
import type { Disk } from "../run/disk.ts";
import { gvrText } from "./destination.ts";
import { type CorruptPlace, type Entry, Journal, JournalFullError } from "../run/journal.ts";

/** What was laid aside, and why. */
export interface DeadLetter {
  /** Stays the same when another process adopts the folder. */
  readonly id: string;
  /** When it was laid aside, RFC 3339. */
  readonly at: string;
  readonly reason: DeadLetterReason;
  /** What the API server said, or what was waited for. */
  readonly message: string;
  readonly what: Spooled;
}

/** Takes what can never be written as it is. */
export interface DeadLetterBox {
  /** Resolves to true when the letter lies on disk, and to false when it cannot be kept. */
  put(letter: Omit<DeadLetter, "id" | "at">): Promise<boolean>;
}

/** What {@link DeadLetters} works with. */
export interface DeadLettersParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Bytes of letters at most; above it the oldest go. Default is {@link DEAD_LETTERS_MAX_BYTES}. */
  readonly maxBytes?: number;
}

/** How much of dead letters a folder holds. */
export const DEAD_LETTERS_MAX_BYTES: number = 16 << 20;
/** The folder of dead letters within that of a replica. */
export const DEAD_LETTERS_FOLDER = "deadletters";

const ID_LENGTH = 10;
const ID_CHARACTERS = "abcdefghijkmnpqrstuvwxyz23456789";

/** The dead letters of this replica: bounded, on disk, found again by whoever adopts the folder. */
export class DeadLetters implements DeadLetterBox {
  readonly #parts: DeadLettersParts;
  readonly #log: Log;
  readonly #held = new Map<string, Entry>();
  /** The letter of an Observation: refused again, as after each relist, it has no second one. */
  readonly #idByObservation = new Map<string, string>();
  #journal: Journal | undefined;
  #bytes = 0;

  constructor(parts: DeadLettersParts) {
    this.#parts = parts;
    this.#log = parts.log.component("dead-letters");
  }

  /** Ids of the letters that are held, oldest first. */
  get ids(): readonly string[] {
    return [...this.#held.keys()];
  }

  /** Opens those of a replica's folder; until then nothing can be laid aside. */
  async open(folder: string): Promise<void> {
    const path = `${folder}/${DEAD_LETTERS_FOLDER}`;
    const onCorrupt = corruption(path, this.#parts.metrics, this.#log);
    this.#journal = await Journal.open(
      { folder: path, maxBytes: 2 * this.#maxBytes, onCorrupt },
      this.#parts.disk,
      (entry, text) => {
        const letter = parseLetter(text);
        if (letter !== undefined) this.#note(letter, entry);
        else onCorrupt(placeOf(entry));
      },
    );
  }

  async put(letter: Omit<DeadLetter, "id" | "at">): Promise<boolean> {
    const { clock } = this.#parts;
    return await this.keep({ id: this.#newId(), at: new Date(clock.now()).toISOString(), ...letter });
  }

  /** Keeps a letter under the id that it has. */
  async keep(letter: DeadLetter): Promise<boolean> {
    const journal = this.#journal;
    if (journal === undefined) return false;
    const text = JSON.stringify(letter);
    if (text.length > this.#maxBytes) return false;
    while (this.#bytes + text.length > this.#maxBytes && this.#dropOldest());
    while (true) {
      try {
        this.#note(letter, await journal.append(text));
        return true;
      } catch (error) {
        if (error instanceof JournalFullError && this.#dropOldest()) {
          await journal.settled();
          continue;
        }
        this.#log.error("Dead letter cannot be kept", {
          source: letter.what.source,
          reason: letter.reason,
          error: error instanceof Error ? error.message : String(error),
        });
        return false;
      }
    }
  }

  /** Reads a letter; undefined when there is none of this id, or it is no longer sound. */
  async read(id: string): Promise<DeadLetter | undefined> {
    const held = this.#held.get(id);
    const text = held === undefined ? undefined : await this.#journal?.read(held);
    return text === undefined ? undefined : parseLetter(text);
  }

  /** Forgets a letter; false when there is none of this id. */
  drop(id: string): boolean {
    const held = this.#held.get(id);
    if (held === undefined) return false;
    this.#held.delete(id);
    this.#bytes -= held.bytes;
    this.#journal?.done(held);
    this.#show();
    return true;
  }

  /** Resolves when all is written. */
  async close(): Promise<void> {
    await this.#journal?.close();
    this.#journal = undefined;
  }

  get #maxBytes(): number {
    return this.#parts.maxBytes ?? DEAD_LETTERS_MAX_BYTES;
  }

  #dropOldest(): boolean {
    const [oldest] = this.#held.keys();
    if (oldest === undefined) return false;
    this.#log.warn("Dead letter dropped to make room for a younger one", { id: oldest });
    this.#parts.metrics.deadLettersDropped.inc();
    return this.drop(oldest);
  }

  #note(letter: DeadLetter, entry: Entry): void {
    const observation = observationOf(letter);
    if (observation !== undefined) {
      const before = this.#idByObservation.get(observation);
      if (before !== undefined) this.drop(before);
      this.#idByObservation.set(observation, letter.id);
    }
    this.#held.set(letter.id, entry);
    this.#bytes += entry.bytes;
    this.#show();
  }

  #show(): void {
    this.#parts.metrics.deadLettersHeld.set(this.#held.size);
  }

  #newId(): string {
    const character = (): string =>
      ID_CHARACTERS.charAt(Math.floor(this.#parts.clock.random() * ID_CHARACTERS.length));
    return Array.from({ length: ID_LENGTH }, character).join("");
  }
}

/** Which Observation a letter holds; undefined when it is none yet. */
function observationOf({ what }: DeadLetter): string | undefined {
  if (what.kind !== "observation") return undefined;
  const { namespace, name } = what.observation.metadata;
  const { destination } = what;
  return `${destination === undefined ? "" : gvrText(destination)} ${namespace}/${name}`;
}

/** All letters in a replica's folder, oldest first, whoever writes it at this moment. */
export async function readLetters(
  folder: string,
  disk: Disk,
  onCorrupt: ReturnType<typeof corruption>,
): Promise<readonly DeadLetter[]> {
  const letters: DeadLetter[] = [];
  const options = { folder: `${folder}/${DEAD_LETTERS_FOLDER}`, maxBytes: 0, onCorrupt };
  await Journal.peek(options, disk, (entry, text) => {
    const letter = parseLetter(text);
    if (letter !== undefined) letters.push(letter);
    else onCorrupt(placeOf(entry));
  });
  return letters;
}

/** What says in log and metric that a place on disk holds no sound record. */
export function corruption(
  folder: string,
  metrics: Metrics,
  log: Log,
): (place: CorruptPlace) => void {
  return ({ file, at, bytes }) => {
    metrics.spoolCorrupt.inc();
    log.error("Record on disk is damaged and left out; what lies around it is kept", {
      file: `${folder}/${file}`,
      at_byte: at,
      bytes,
    });
  };
}

function placeOf({ segment, at, bytes }: Entry): CorruptPlace {
  return { file: `segment ${segment.number}`, at, bytes };
}

/** What passed its checksum was written by some version of this program; only its shape may be another's. */
function parseLetter(text: string): DeadLetter | undefined {
  try {
    const letter = JSON.parse(text) as DeadLetter;
    const isLetter = isSpooled(letter.what) &&
      [letter.id, letter.at, letter.reason, letter.message].every((field) => typeof field === "string");
    return isLetter ? letter : undefined;
  } catch {
    return undefined;
  }
}
