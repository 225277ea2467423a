import { keepLogs } from "./logs.ts";
import { seedText } from "./random.ts";
import { complaintOf, lineOf } from "./report.ts";
import { playRound, type RoundOptions, type RoundResult } from "./round.ts";
import { clear } from "./settle.ts";
import { withFleet } from "./with_fleet.ts";

/** How rounds are played. */
export interface RoundsOptions extends Omit<RoundOptions, "seed"> {
  /** One of each round. */
  readonly seeds: readonly number[];
  readonly replicas: number;
  /** Where kubeconfigs, spools and logs go. */
  readonly folder: string;
  /** True: the logs of every round that failed are written into the folder. */
  readonly keep: boolean;
}

/**
 * Plays rounds one after the other on one control plane, with the replicas that the round before left.
 *
 * @param say takes lines of progress
 * @param signal aborts when no further round is to begin
 */
export async function playRounds(
  options: RoundsOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<readonly RoundResult[]> {
  const { seeds, folder } = options;
  return await withFleet({ ...options, isDirect: false, keep: false }, async (ground, fleet) => {
    const results: RoundResult[] = [];
    for (const [index, seed] of seeds.entries()) {
      if (signal.aborted) break;
      const result = await playRound(ground, fleet, { ...options, seed });
      results.push(result);
      say(lineOf(result, index, seeds.length));
      if (!result.isGood) {
        for (const line of complaintOf(result, replayOf(options, seed))) say(line);
        if (options.keep) {
          const target = `${folder}/failed-${seedText(seed)}`;
          const { balances, problems, diary } = result;
          await keepLogs(ground, fleet, target, {
            "found.json": JSON.stringify({ problems, balances }, undefined, 2),
            "diary.txt": diary.join("\n"),
          });
          say(`  Logs: ${target}`);
        }
      }
      await clear(ground, fleet);
      await fleet.forget();
    }
    return results;
  });
}

function replayOf({ seconds, rate, replicas, fleetingShare }: RoundsOptions, seed: number): string {
  return `deno task chaos --seed ${seedText(seed)} --rounds 1 --seconds ${seconds} --rate ${rate} ` +
    `--replicas ${replicas} --fleeting ${fleetingShare}`;
}
