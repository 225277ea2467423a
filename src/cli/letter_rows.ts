import { stringify } from "yaml";
import { openFindings } from "../model/spooled.ts";
import type { DeadLetter } from "../write/dead_letters.ts";

/** How an answer is printed. */
export type OutputFormat = "table" | "json" | "yaml";

/** A dead letter, and the folder it lies in. */
export interface FoundLetter {
  /** Name of the replica's folder. */
  readonly replica: string;
  readonly letter: DeadLetter;
}

const HEAD = ["ID", "LAID ASIDE", "REASON", "SOURCE", "INGESTER", "WHAT", "MESSAGE"];
const MESSAGE_LENGTH = 80;

/**
 * Dead letters as text. The payload of a webhook is left out, since it may hold what must not be shown; an Observation was
 * redacted when it was made.
 */
export function lettersText(found: readonly FoundLetter[], format: OutputFormat): string {
  switch (format) {
    case "table":
      return found.length === 0 ? "No dead letters\n" : table([HEAD, ...found.map(rowOf)]);
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
  return [id, at, reason, what.source, `${namespace}/${name}`, thing, oneLine(message)];
}

function documentOf({ replica, letter }: FoundLetter): unknown {
  const { what, ...rest } = letter;
  if (what.kind === "observation") return { ...rest, replica, ...what };
  const { payload: _payload, ...shown } = what;
  return { ...rest, replica, ...shown };
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, column) => column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)).join("   ")
  ).join("\n") + "\n";
}

/** Control characters could rewrite a terminal. */
function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what must not reach a terminal
  const plain = text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
  return plain.length <= MESSAGE_LENGTH ? plain : `${plain.slice(0, MESSAGE_LENGTH - 1)}…`;
}
