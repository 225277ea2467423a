import { systemClock } from "../../../src/run/clock.ts";
import type { Fleet } from "../fleet.ts";
import type { Ground } from "../ground.ts";
import { Ledger, roundPrefix } from "../ledger.ts";
import { randomOf, seedOfRound } from "../random.ts";
import { seconds } from "../report.ts";
import { untilHealthy } from "../settle.ts";
import { signalsOf } from "../signals.ts";
import { withFleet } from "../with_fleet.ts";
import { audit, type Finding, pause, type ScenarioOptions, startFeeding } from "./scenario.ts";

const RATE = 20;
const FEED_MILLISECONDS = 4000;

/**
 * A copy of etcd is taken and later put back. What came before the copy, and what comes after it was put back, must be there;
 * what came between is not judged.
 */
export async function restored(options: ScenarioOptions, signal: AbortSignal): Promise<Finding> {
  const { folder, keep, say } = options;
  return await withFleet({ replicas: 2, folder, keep, isDirect: true }, async (ground, fleet) => {
    const { plane } = ground.installation;
    const before = await feedFor(options, 0, ground, fleet, signal);
    const early = await audit(ground, fleet, [before]);
    await plane.killApiServer();
    await plane.killEtcd();
    const putBack = await plane.backUpEtcd();
    await plane.startEtcd();
    await plane.startApiServer();
    say("A copy of etcd was taken");
    await untilHealthy(ground, fleet);
    const between = await feedFor(options, 1, ground, fleet, signal);
    await audit(ground, fleet, [between]);
    await plane.killApiServer();
    await plane.killEtcd();
    await putBack();
    await plane.startEtcd();
    await plane.startApiServer();
    say("etcd was put back to that copy");
    const start = systemClock.monotonic();
    const after = await feedFor(options, 2, ground, fleet, signal);
    const problems = await untilHealthy(ground, fleet);
    const late = await audit(ground, fleet, [before, after]);
    return {
      isGood: early.isGood && late.isGood && problems.length === 0,
      lines: [
        `before the copy: ${early.lines.join("; ")}`,
        `after it was put back: ${late.lines.join("; ")}; all judged ${
          seconds(systemClock.monotonic() - start)
        } later`,
        ...problems,
      ],
    };
  });
}

async function feedFor(
  { seed }: ScenarioOptions,
  index: number,
  ground: Ground,
  fleet: Fleet,
  signal: AbortSignal,
): Promise<Ledger> {
  const own = seedOfRound(seed, index);
  const ledger = new Ledger(roundPrefix(own));
  const signals = signalsOf(own, randomOf(own), { fleetingShare: 0 });
  const feeding = startFeeding(ground, fleet, ledger, signals, RATE, signal);
  await pause(FEED_MILLISECONDS);
  await feeding.end();
  return ledger;
}
