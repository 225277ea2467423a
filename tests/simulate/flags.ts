import { parseArgs } from "node:util";

/** What `main.ts` was asked to do. */
export type Request =
  | { readonly kind: "replay"; readonly seed: number }
  | { readonly kind: "mutations"; readonly only: string | undefined; readonly workers: number }
  | {
    readonly kind: "schedules";
    readonly from: number;
    readonly count: number;
    readonly workers: number;
    /** Goes on after a violation and counts them all. */
    readonly keepsGoing: boolean;
  };

/** How it is used. */
export const USAGE = `Usage: deno task simulate [options]
  --schedules N   how many seeded schedules to run (10000)
  --seed S        the first seed (1)
  --workers N     how many threads (one for each core)
  --keep-going    go on after a violation, and count them
  --replay SEED   run one schedule and print its trace
  --mutations     plant each known mistake in a copy of the sources: the simulation must find it
  --only NAME     with --mutations: this one alone`;

/**
 * Reads the flags.
 *
 * @throws Error that says what is wrong with them
 */
export function readFlags(args: readonly string[], cores: number): Request {
  const { values } = parseArgs({
    args: [...args],
    options: {
      "schedules": { type: "string", default: "10000" },
      "seed": { type: "string", default: "1" },
      "workers": { type: "string", default: String(cores) },
      "keep-going": { type: "boolean", default: false },
      "replay": { type: "string" },
      "mutations": { type: "boolean", default: false },
      "only": { type: "string" },
    },
  });
  const workers = whole("workers", values.workers, 1);
  if (values.replay !== undefined) return { kind: "replay", seed: whole("replay", values.replay, 0) };
  if (values.mutations) return { kind: "mutations", only: values.only, workers };
  if (values.only !== undefined) throw new Error("Cannot simulate: --only must come with --mutations");
  return {
    kind: "schedules",
    from: whole("seed", values.seed, 0),
    count: whole("schedules", values.schedules, 1),
    workers,
    keepsGoing: values["keep-going"],
  };
}

function whole(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`Cannot simulate: --${name} must be a whole number of ${least} or more, given ${text}`);
}
