import { parseArgs } from "node:util";

/** What can be proved. */
export const SCENARIOS = ["rounds", "crash", "hand-over", "outage", "quiet", "restored", "upgrade"] as const;
/** One of {@link SCENARIOS}. */
export type Scenario = typeof SCENARIOS[number];

/** What one says on the command line. */
export interface ChaosOptions {
  readonly scenario: Scenario;
  /** Rounds, hand-overs or repetitions; undefined: as many as the scenario says. */
  readonly rounds: number | undefined;
  /** A whole number of 32 bits; undefined: any. */
  readonly seed: number | undefined;
  readonly replicas: number;
  readonly seconds: number;
  readonly rate: number;
  readonly fleetingShare: number;
  readonly silenceSeconds: number;
  /** Undefined: what the chart says. */
  readonly preStopSeconds: number | undefined;
  readonly keep: boolean;
}

/** The options, a request for help, or every mistake that was made. */
export type Parsed =
  | { readonly kind: "options"; readonly options: ChaosOptions }
  | { readonly kind: "help" }
  | { readonly kind: "mistakes"; readonly mistakes: readonly string[] };

/** What `--help` shows. */
export const USAGE = `Usage: deno task chaos [--scenario NAME] [FLAG]...

Proves on a real etcd and kube-apiserver that nothing is lost and nothing doubled while
things go wrong. Replicas of the program run as processes; numbered signals come in from
Events, Trivy and Kyverno reports, and webhooks; at the end of each round the ledger of
what was taken is compared with the Observations that are there, read with the official
client.

Scenarios
  rounds      (default) seeded schedules of: kill, restart, stop (longer than the lease),
              silence, delay and reset on the network, errors of the API server (429, 500,
              done and lost), API server killed, etcd compacted, checkpoints spoiled,
              Lease deleted
  crash       10,000 Events at 200 a second; the leader is killed: missing, doubled, gap
  hand-over   the leader is asked to stop, again and again: from release to resumed
  outage      the API server is away for 60 s under 50 webhooks a second on two replicas
  quiet       silence and two compactions, then an Event that lives only during a takeover
  restored    etcd is put back to an older state; new signals must still arrive
  upgrade     the chart's Deployment is rolled out anew under 100 webhooks and 100 Events a
              second; webhooks come through a Service, from senders that never try again

Flags
  --rounds N       rounds (50), hand-overs (50), rollouts (2), or repetitions of crash (1)
  --seed S         decimal or hexadecimal (0x...); the same seed, the same schedule and
                   signals. Default: a random one, which is printed
  --replicas N     2 or 3 (2)
  --seconds N      for how long signals come in, in one round (20)
  --rate N         signals a second (30)
  --fleeting SHARE share of Events that are deleted right after they were created, from 0
                   to 1 (0.2); only in rounds that do not take history away
  --silence N      seconds of silence in quiet (1200); below 450 it proves nothing, since the position
                   in a quiet history is renewed after two minutes, and the last compaction comes at
                   two thirds of it
  --pre-stop N     seconds from the end of a pod being known to its SIGTERM, in upgrade; default
                   is what the chart says
  --keep           keeps the folder with the logs of what failed
  --help           shows this

Exit code: 0 when all is even, 1 when anything is not, 2 for a mistake in the call.
A round that fails prints the command that plays it again.`;

const FLAGS = {
  "scenario": { type: "string", default: "rounds" },
  "rounds": { type: "string" },
  "seed": { type: "string" },
  "replicas": { type: "string", default: "2" },
  "seconds": { type: "string", default: "20" },
  "rate": { type: "string", default: "30" },
  "fleeting": { type: "string", default: "0.2" },
  "silence": { type: "string", default: "1200" },
  "pre-stop": { type: "string" },
  "keep": { type: "boolean", default: false },
  "help": { type: "boolean", short: "h", default: false },
} as const;

/** Reads the command line; all mistakes are said at once. */
export function parseOptions(args: readonly string[]): Parsed {
  let values: ReturnType<typeof parseAll>;
  try {
    values = parseAll(args);
  } catch (error) {
    return { kind: "mistakes", mistakes: [error instanceof Error ? error.message : String(error)] };
  }
  if (values.help) return { kind: "help" };
  const mistakes: string[] = [];
  const number = (flag: string, text: string, low: number, high: number, isWhole = true): number => {
    const found = text.trim() === "" ? Number.NaN : Number(text);
    if (found >= low && found <= high && (!isWhole || Number.isInteger(found))) return found;
    const what = isWhole ? "a whole number" : "a number";
    mistakes.push(`--${flag} must be ${what} from ${low} to ${high}, given ${JSON.stringify(text)}`);
    return low;
  };
  const scenario = SCENARIOS.find((one) => one === values.scenario);
  if (scenario === undefined) {
    mistakes.push(
      `--scenario must be one of ${SCENARIOS.join(", ")}, given ${JSON.stringify(values.scenario)}`,
    );
  }
  const options: ChaosOptions = {
    scenario: scenario ?? "rounds",
    rounds: values.rounds === undefined ? undefined : number("rounds", values.rounds, 1, 100_000),
    seed: values.seed === undefined ? undefined : number("seed", values.seed, 0, 2 ** 32 - 1),
    replicas: number("replicas", values.replicas, 2, 3),
    seconds: number("seconds", values.seconds, 1, 3600),
    rate: number("rate", values.rate, 1, 1000),
    fleetingShare: number("fleeting", values.fleeting, 0, 1, false),
    silenceSeconds: number("silence", values.silence, 1, 24 * 3600),
    preStopSeconds: values["pre-stop"] === undefined
      ? undefined
      : number("pre-stop", values["pre-stop"], 0, 600, false),
    keep: values.keep,
  };
  return mistakes.length > 0 ? { kind: "mistakes", mistakes } : { kind: "options", options };
}

function parseAll(args: readonly string[]) {
  return parseArgs({ args: [...args], options: FLAGS, allowPositionals: false }).values;
}
