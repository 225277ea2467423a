import { systemClock } from "../../../src/run/clock.ts";
import { median } from "../../bench/statistics.ts";
import { Ledger, roundPrefix } from "../ledger.ts";
import { seedOfRound } from "../random.ts";
import { seconds } from "../report.ts";
import { clear, untilHealthy } from "../settle.ts";
import { event, type FedSignal } from "../signals.ts";
import { withFleet } from "../with_fleet.ts";
import { longestGapSince, watchArrivals } from "./arrivals.ts";
import { audit, type Finding, pause, type ScenarioOptions, startFeeding } from "./scenario.ts";

const EVENTS = 10_000;
const RATE = 200;
const KILL_AFTER_MILLISECONDS = 20_000;
/** Lease duration and one retry period. */
const PROMISED_MILLISECONDS = 3500;

/** 10,000 Events at 200 a second; the leader is killed while they come in. */
export async function crash(options: ScenarioOptions, signal: AbortSignal): Promise<Finding> {
  const { folder, keep, say, rounds = 1 } = options;
  return await withFleet({ replicas: 2, folder, keep, isDirect: true }, async (ground, fleet) => {
    const gaps: number[] = [];
    const failovers: number[] = [];
    let isGood = true;
    for (let round = 0; round < rounds && !signal.aborted; round++) {
      const seed = seedOfRound(options.seed, round);
      const ledger = new Ledger(roundPrefix(seed));
      await using arrivals = await watchArrivals(ground.writer);
      const start = systemClock.monotonic();
      const feeding = startFeeding(ground, fleet, ledger, eventsOf(seed), RATE, signal);
      await pause(KILL_AFTER_MILLISECONDS);
      const place = fleet.leader ?? 0;
      const next = fleet.at(1 - place);
      const killedAt = systemClock.monotonic();
      const already = arrivals.times.length;
      await fleet.kill(place);
      await feeding.fed;
      const rate = Math.round(EVENTS / ((systemClock.monotonic() - start) / 1000));
      const found = await audit(ground, fleet, [ledger]);
      const gap = longestGapSince(arrivals.times, killedAt);
      const failover = 1000 *
        ((await next?.metrics())?.sum("zenwatcher_failover_duration_seconds_sum") ?? Number.NaN);
      gaps.push(gap);
      failovers.push(failover);
      isGood &&= found.isGood && fleet.leader === 1 - place;
      say(
        `crash ${round + 1} of ${rounds}: ${rate} Events a second, ${already} there at the kill; ` +
          `${found.lines.join("; ")}; gap ${seconds(gap)}, failover ${seconds(failover)}`,
      );
      await untilHealthy(ground, fleet);
      await clear(ground, fleet);
      // Who took over starts anew, so that its histogram tells of one takeover.
      await fleet.stop(1 - place);
      await untilHealthy(ground, fleet);
      await fleet.forget();
    }
    const isInTime = Math.max(...gaps) <= PROMISED_MILLISECONDS;
    return {
      isGood: isGood && isInTime,
      lines: [
        `gap without Observations: median ${seconds(median(gaps))}, longest ${seconds(Math.max(...gaps))}, ` +
        `promised ${seconds(PROMISED_MILLISECONDS)}`,
        `zenwatcher_failover_duration_seconds: median ${seconds(median(failovers))}, ` +
        `longest ${seconds(Math.max(...failovers))}`,
      ],
    };
  });
}

function* eventsOf(seed: number): Generator<FedSignal, void, void> {
  for (let index = 0; index < EVENTS; index++) {
    yield event(`${roundPrefix(seed)}${index}`, "2026-01-02T03:04:05Z", false);
  }
}
