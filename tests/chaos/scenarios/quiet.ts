import { Ledger, roundPrefix } from "../ledger.ts";
import { seconds } from "../report.ts";
import { untilHealthy } from "../settle.ts";
import { event } from "../signals.ts";
import { withFleet } from "../with_fleet.ts";
import { audit, type Finding, pause, type ScenarioOptions } from "./scenario.ts";

/** Long enough for the first Event to have left a checkpoint. */
const AT_FIRST_MILLISECONDS = 3000;

/**
 * Nothing happens for long, and the history is forgotten twice meanwhile; then the leader is killed, and an Event lives only
 * while nobody leads.
 */
export async function quiet(options: ScenarioOptions, signal: AbortSignal): Promise<Finding> {
  const { folder, keep, seed, say, silenceSeconds } = options;
  return await withFleet({ replicas: 2, folder, keep, isDirect: true }, async (ground, fleet) => {
    const { installation: { plane }, writer } = ground;
    const ledger = new Ledger(roundPrefix(seed));
    const make = async (name: string, isFleeting: boolean): Promise<void> => {
      const number = `${roundPrefix(seed)}${name}`;
      const fed = event(number, new Date().toISOString(), isFleeting);
      if (fed.kind !== "object") return;
      ledger.make("kubernetes-events", [number]);
      await writer.create(fed.path, fed.object, signal);
      ledger.accept("kubernetes-events", [number]);
      if (isFleeting) await writer.delete(`${fed.path}/${number}`, signal);
    };
    await make("first", false);
    await pause(AT_FIRST_MILLISECONDS);
    say(`Silence for ${seconds(1000 * silenceSeconds)}, with two compactions`);
    for (let third = 1; third <= 3; third++) {
      await pause(1000 * silenceSeconds / 3);
      if (third < 3) say(`The history before ${await plane.compactEtcd()} is forgotten`);
    }
    const place = fleet.leader ?? 0;
    await fleet.kill(place);
    const hadNoLeader = fleet.leader === undefined;
    await make("fleeting", true);
    const stillNone = fleet.leader === undefined;
    say(`The leader was killed, and an Event was created and deleted`);
    const problems = await untilHealthy(ground, fleet);
    const found = await audit(ground, fleet, [ledger]);
    const isProof = hadNoLeader && stillNone;
    return {
      isGood: found.isGood && problems.length === 0 && isProof,
      lines: [
        ...found.lines,
        ...problems,
        ...isProof ? [] : ["This proves nothing: somebody led while the Event was there"],
      ],
    };
  });
}
