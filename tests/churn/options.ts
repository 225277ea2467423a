import { parseArgs } from "node:util";
import type { ChurnOptions } from "./churn.ts";

/** What `--help` shows. */
export const USAGE = `Usage: deno task churn [FLAG]...

Creates, edits and deletes Ingesters at random under load, on a real etcd and kube-apiserver.
Afterwards all that was accepted must be there and once, the counts of every scrape must have
been even, and memory and open files must be back near where they were.

Flags
  --seconds N    for how long (120)
  --ingesters N  how many (200)
  --edits N      creations, edits and deletions a second (20)
  --rate N       webhooks to what stands, webhooks to what changes, and Events, each a second (20)
  --quiet N      seconds of quiet before memory and open files are measured (100);
                 idle connections are kept for 90
  --seed S       decimal or hexadecimal (0x...). Default: a random one, which is printed
  --help         shows this

Exit code: 0 when all is well, 1 when anything is not, 2 for a mistake in the call.`;

const FLAGS = {
  seconds: { type: "string", default: "120" },
  ingesters: { type: "string", default: "200" },
  edits: { type: "string", default: "20" },
  rate: { type: "string", default: "20" },
  quiet: { type: "string", default: "100" },
  seed: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

/** The options, a request for help, or what is wrong with them. */
export type Parsed =
  | { readonly kind: "options"; readonly options: ChurnOptions }
  | { readonly kind: "help" }
  | { readonly kind: "mistake"; readonly message: string };

/** Reads the command line. */
export function parseOptions(args: readonly string[], anySeed: number): Parsed {
  try {
    const { values } = parseArgs({ args: [...args], options: FLAGS, strict: true });
    if (values.help) return { kind: "help" };
    const seed = values.seed === undefined ? anySeed : wholeNumber("seed", values.seed, 0, 0xffffffff);
    return {
      kind: "options",
      options: {
        seconds: wholeNumber("seconds", values.seconds, 1, 86400),
        ingesters: wholeNumber("ingesters", values.ingesters, 2, 1000),
        editsPerSecond: wholeNumber("edits", values.edits, 1, 1000),
        rate: wholeNumber("rate", values.rate, 1, 1000),
        quietSeconds: wholeNumber("quiet", values.quiet, 0, 3600),
        seed,
      },
    };
  } catch (error) {
    return { kind: "mistake", message: error instanceof Error ? error.message : String(error) };
  }
}

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${flag} must be a whole number from ${least} to ${most}, given ${text}`);
}
