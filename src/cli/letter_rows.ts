import { stringify } from "yaml";
import { openFindings } from "../model/spooled.ts";
import type { DeadLetter } from "../write/dead_letters.ts";
import { oneLine, textTable } from "./text_table.ts";

/** How an answer is printed. */
export type OutputFormat = "table" | "json" | "yaml";

/** A dead letter, and the folder it lies in. */
export interface FoundLetter {
  /** Name of the replica's folder. */
  readonly replica: string;
  readonly letter: DeadLetter;
}

const HEAD = ["ID", "LAID ASIDE", "REASON", "SOURCE", "INGESTER", "WHAT", "MESSAGE"];
const MESSAGE_LENGTH = 160;
/** What the program was about to do, which is the same for all of them and would push the cause out of the line. */
const ATTEMPT = /^Cannot [A-Z]+ \S+: /;

/**
 * Dead letters as text. The payload of a webhook is left out, since it may hold what must not be shown; an Observation was
 * redacted when it was made.
 */
export function lettersText(found: readonly FoundLetter[], format: OutputFormat): string {
  switch (format) {
    case "table":
      return found.length === 0 ? "No dead letters\n" : textTable([HEAD, ...found.map(rowOf)]);
    case "json":
      return `${JSON.stringify(found.map(documentOf), undefined, 2)}\n`;
    case "yaml":
      return stringify(found.map(documentOf));
    default:
      return format satisfies never;
  }
}

function rowOf({ letter: { id, at, reason, message, what } }: FoundLetter): readonly string[] {
  const { namespace, name } = what.ingester;
  const thing = what.kind === "observation"
    ? `${what.observation.metadata.namespace}/${what.observation.metadata.name}`
    : `${openFindings(what)} of a webhook`;
  return [
    id,
    at,
    reason,
    what.source,
    `${namespace}/${name}`,
    thing,
    oneLine(message.replace(ATTEMPT, ""), MESSAGE_LENGTH),
  ];
}

function documentOf({ replica, letter }: FoundLetter): unknown {
  const { what, ...rest } = letter;
  if (what.kind === "observation") return { ...rest, replica, ...what };
  const { payload: _payload, ...shown } = what;
  return { ...rest, replica, ...shown };
}
