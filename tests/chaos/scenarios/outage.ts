import { Ledger, roundPrefix } from "../ledger.ts";
import { seconds } from "../report.ts";
import { untilHealthy } from "../settle.ts";
import { falco, type FedSignal } from "../signals.ts";
import { withFleet } from "../with_fleet.ts";
import { audit, type Finding, pause, type ScenarioOptions, startFeeding } from "./scenario.ts";

const RATE = 50;
const OUTAGE_MILLISECONDS = 60_000;
const AROUND_MILLISECONDS = 5000;

/** The API server is away for a minute under 50 webhooks a second on two replicas: each is sent once, and taken. */
export async function outage(
  { folder, keep, seed, say }: ScenarioOptions,
  signal: AbortSignal,
): Promise<Finding> {
  return await withFleet({ replicas: 2, folder, keep, isDirect: true }, async (ground, fleet) => {
    const { plane } = ground.installation;
    const ledger = new Ledger(roundPrefix(seed));
    const feeding = startFeeding(ground, fleet, ledger, alertsOf(seed), RATE, signal);
    await pause(AROUND_MILLISECONDS);
    await plane.killApiServer();
    say(`The API server is away for ${seconds(OUTAGE_MILLISECONDS)}`);
    await pause(OUTAGE_MILLISECONDS);
    await plane.startApiServer();
    say("It is back");
    await pause(AROUND_MILLISECONDS);
    await feeding.end();
    const problems = await untilHealthy(ground, fleet);
    const found = await audit(ground, fleet, [ledger]);
    const { answers } = feeding.sender;
    const refused = [...answers].filter(([status]) => status < 200 || status > 299);
    const counts = [...answers].map(([status, count]) => `${count} x ${status || "none"}`).join(", ");
    return {
      isGood: found.isGood && refused.length === 0 && problems.length === 0,
      lines: [...found.lines, ...problems, `webhooks, each sent once: ${counts}`],
    };
  });
}

function* alertsOf(seed: number): Generator<FedSignal, void, void> {
  const start = Date.parse("2026-01-02T03:04:05Z");
  for (let index = 0;; index++) {
    const time = new Date(start + index * (1000 / RATE)).toISOString();
    yield falco(`${roundPrefix(seed)}${index}`, time, false);
  }
}
