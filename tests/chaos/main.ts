import { type ChaosOptions, parseOptions, type Scenario, USAGE } from "./options.ts";
import { seedOfRound, seedText } from "./random.ts";
import { tableOf } from "./report.ts";
import { playRounds } from "./rounds.ts";
import { crash } from "./scenarios/crash.ts";
import { handOver } from "./scenarios/hand_over.ts";
import { outage } from "./scenarios/outage.ts";
import { quiet } from "./scenarios/quiet.ts";
import { restored } from "./scenarios/restored.ts";
import type { Finding, ScenarioOptions } from "./scenarios/scenario.ts";
import { upgrade } from "./scenarios/upgrade.ts";

const EXIT = { done: 0, failed: 1, mistake: 2 } as const;
const ROUNDS = 50;
const PROOFS: Readonly<
  Record<
    Exclude<Scenario, "rounds">,
    (options: ScenarioOptions, signal: AbortSignal) => Promise<Finding>
  >
> = { crash, "hand-over": handOver, outage, quiet, restored, upgrade };

Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const parsed = parseOptions(args);
  switch (parsed.kind) {
    case "help":
      console.log(USAGE);
      return EXIT.done;
    case "mistakes":
      console.error(`Cannot start chaos:\n${parsed.mistakes.map((line) => `  ${line}`).join("\n")}`);
      return EXIT.mistake;
    case "options":
      return await run(parsed.options);
    default:
      return parsed satisfies never;
  }
}

async function run(options: ChaosOptions): Promise<number> {
  const seed = options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  const folder = await Deno.makeTempDir({ prefix: "zen-watcher-chaos-" });
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => {
      // What was started ends with this process. Asked a second time: at once.
      if (stop.signal.aborted) Deno.exit(EXIT.failed);
      console.log("Stopping after this round");
      stop.abort();
    });
  }
  console.log(`Scenario ${options.scenario}, seed ${seedText(seed)}, ${options.replicas} replicas`);
  let isGood = false;
  try {
    isGood = await play(options, seed, folder, stop.signal);
  } catch (error) {
    console.error(error);
  }
  if (options.keep && !isGood) console.log(`Kept: ${folder}`);
  else await Deno.remove(folder, { recursive: true });
  return isGood ? EXIT.done : EXIT.failed;
}

/** Resolves to whether all is even. */
async function play(
  options: ChaosOptions,
  seed: number,
  folder: string,
  signal: AbortSignal,
): Promise<boolean> {
  const say = (line: string): void => console.log(line);
  const { scenario } = options;
  if (scenario !== "rounds") {
    const { isGood, lines } = await PROOFS[scenario]({ ...options, seed, folder, say }, signal);
    console.log(`\n${isGood ? "ok" : "FAILED"}: ${scenario}\n${lines.map((line) => `  ${line}`).join("\n")}`);
    return isGood;
  }
  const rounds = options.rounds ?? ROUNDS;
  const seeds = Array.from({ length: rounds }, (_, index) => seedOfRound(seed, index));
  const results = await playRounds({ ...options, seeds, folder }, say, signal);
  console.log(`\n${tableOf(results).join("\n")}`);
  return results.every(({ isGood }) => isGood);
}
