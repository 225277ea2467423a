import { median, quantile } from "../../bench/statistics.ts";
import { until } from "../../support/until.ts";
import { Ledger, roundPrefix } from "../ledger.ts";
import { randomOf } from "../random.ts";
import { untilHealthy } from "../settle.ts";
import { signalsOf } from "../signals.ts";
import { withFleet } from "../with_fleet.ts";
import { audit, type Finding, pause, type ScenarioOptions, startFeeding } from "./scenario.ts";

const HAND_OVERS = 50;
const RATE = 10;
const GUARD_MILLISECONDS = 60_000;
/** A follower that has just started is given the time to see the Lease. */
const REST_MILLISECONDS = 500;
const PROMISED = { median: 100, last: 300 } as const;

/** The leader is asked to stop and started again, again and again, while signals come in. */
export async function handOver(options: ScenarioOptions, signal: AbortSignal): Promise<Finding> {
  const { folder, keep, seed, say, rounds = HAND_OVERS } = options;
  return await withFleet({ replicas: 2, folder, keep, isDirect: true }, async (ground, fleet) => {
    const ledger = new Ledger(roundPrefix(seed));
    const signals = signalsOf(seed, randomOf(seed), { fleetingShare: 0 });
    const feeding = startFeeding(ground, fleet, ledger, signals, RATE, signal);
    const durations: number[] = [];
    for (let round = 0; round < rounds && !signal.aborted; round++) {
      const place = fleet.leader ?? 0;
      const next = fleet.at(1 - place);
      if (next === undefined) throw new Error("Cannot hand over: there must be a follower");
      const stopping = fleet.stop(place);
      const count = "zenwatcher_failover_duration_seconds_count";
      await until(
        "the follower resumed a source",
        async () => (await next.metrics()).sum(count) > 0,
        GUARD_MILLISECONDS,
      );
      durations.push(1000 * (await next.metrics()).sum("zenwatcher_failover_duration_seconds_sum"));
      await stopping;
      const problems = await untilHealthy(ground, fleet);
      if (problems.length > 0) throw new Error(problems.join("; "));
      await pause(REST_MILLISECONDS);
      if ((round + 1) % 10 === 0) {
        say(`${round + 1} of ${rounds} hand-overs, median ${median(durations).toFixed(0)} ms`);
      }
    }
    await feeding.end();
    const found = await audit(ground, fleet, [ledger]);
    const middle = median(durations);
    const last = quantile(durations, 0.99);
    return {
      isGood: found.isGood && middle <= PROMISED.median && last <= PROMISED.last,
      lines: [
        ...found.lines,
        `from release to resumed, ${durations.length} hand-overs: median ${middle.toFixed(0)} ms ` +
        `(promised ${PROMISED.median}), 99th percentile ${last.toFixed(0)} ms (promised ${PROMISED.last}), ` +
        `longest ${Math.max(...durations).toFixed(0)} ms`,
      ],
    };
  });
}
