import { stringify } from "yaml";
import { systemClock } from "../../../src/run/clock.ts";
import { median } from "../../bench/statistics.ts";
import { HOME } from "../../integration/installation.ts";
import { startTcpProxy } from "../../support/tcp_proxy.ts";
import { until } from "../../support/until.ts";
import { type Deployment, readDeployment } from "../deployment.ts";
import type { Fleet } from "../fleet.ts";
import type { Ground } from "../ground.ts";
import { Ledger, roundPrefix } from "../ledger.ts";
import { type Failure, PlainSenders } from "../plain_senders.ts";
import { randomOf } from "../random.ts";
import { seconds } from "../report.ts";
import { type End, Rollout } from "../rollout.ts";
import { Endpoints } from "../endpoints.ts";
import { event, falco, type FedSignal } from "../signals.ts";
import { withFleet } from "../with_fleet.ts";
import { longestGapSince, watchArrivals } from "./arrivals.ts";
import { audit, feedThrough, type Finding, pause, type ScenarioOptions } from "./scenario.ts";

/** What is rolled out, and under which load. */
export interface UpgradePlan {
  readonly deployment: Deployment;
  readonly rollouts: number;
  /** Webhooks a second, and Events a second. */
  readonly rate: number;
}

const ROLLOUTS = 2;
const RATE = 100;
const KEEPING_SENDERS = 20;
const FRESH_SENDERS = 5;
/** From a change of a pod to every node knowing it. */
const TOLD_AFTER_MILLISECONDS = 1000;
const AROUND_MILLISECONDS = 3000;
/** The tests' account may read a Secret of this name. */
const SECRET = "falco-token";
const TOKEN = "only-falco-knows-it";
const SHOWN = 5;

/** The chart's Deployment is rolled out anew under load, as Kubernetes does it. */
export async function upgrade(options: ScenarioOptions, signal: AbortSignal): Promise<Finding> {
  const { preStopSeconds, rounds = ROLLOUTS } = options;
  const deployment = await readDeployment();
  const preStopMilliseconds = preStopSeconds === undefined
    ? deployment.preStopMilliseconds
    : 1000 * preStopSeconds;
  const plan = { deployment: { ...deployment, preStopMilliseconds }, rollouts: rounds, rate: RATE };
  return await rollOut(plan, options, signal);
}

/** The same by a plan. */
export async function rollOut(
  { deployment, rollouts, rate }: UpgradePlan,
  { folder, keep, seed, say }: ScenarioOptions,
  signal: AbortSignal,
): Promise<Finding> {
  const { replicas, maxSurge: spares } = deployment;
  const place = { replicas, spares, hasOwnSpools: true, folder, keep, isDirect: true, settings: {} };
  return await withFleet(place, async (ground, fleet) => {
    await guardDoor(ground, fleet);
    const timings = { ...deployment, toldAfterMilliseconds: TOLD_AFTER_MILLISECONDS };
    const endpoints = new Endpoints(timings, randomOf(seed), systemClock);
    const rollout = new Rollout(deployment, fleet, endpoints);
    await rollout.begin();
    await using proxy = startTcpProxy(() => endpoints.pick());
    await using arrivals = await watchArrivals(ground.writer, "kubernetes-events");
    const ledger = new Ledger(roundPrefix(seed));
    const sender = new PlainSenders({
      port: proxy.port,
      keeping: KEEPING_SENDERS,
      fresh: FRESH_SENDERS,
      headers: { Authorization: `Bearer ${TOKEN}` },
    }, systemClock);
    const start = systemClock.monotonic();
    const feeding = feedThrough({ writer: ground.writer, sender, ledger }, bothOf(seed), 2 * rate, signal);
    for (let done = 0; done < rollouts && !signal.aborted; done++) {
      await pause(AROUND_MILLISECONDS);
      await rollout.roll();
      say(`rollout ${done + 1} of ${rollouts}: ${answersOf(sender.answers)}`);
    }
    await pause(AROUND_MILLISECONDS);
    await feeding.end();
    const fed = systemClock.monotonic() - start;
    const found = await audit(ground, fleet, [ledger]);
    await rollout.stop();
    return {
      isGood: found.isGood && sender.failures.length === 0,
      lines: [
        ...found.lines,
        `${rollouts} rollouts of ${replicas} replicas in ${seconds(fed)}, preStop ` +
        `${seconds(deployment.preStopMilliseconds)}; ${endsOf(rollout.ends)}`,
        `webhooks, each sent once: ${sender.failures.length} failed; ${answersOf(sender.answers)}; ` +
        `slowest ${seconds(sender.slowest)}`,
        ...failuresOf(sender.failures, rollout.ends),
        `from Events: longest time without an Observation ${
          seconds(longestGapSince(arrivals.times, start))
        }, ${Math.round(1000 * arrivals.times.length / fed)} a second`,
      ],
    };
  });
}

/** Lets only those send who know the token, as the chart's preset for Falco does. */
async function guardDoor({ installation }: Ground, fleet: Fleet): Promise<void> {
  const metadata = { name: SECRET, namespace: HOME };
  const secret = { apiVersion: "v1", kind: "Secret", metadata, stringData: { token: TOKEN } };
  await installation.plane.applyYaml(stringify(secret));
  const auth = { type: "bearer", secretName: SECRET } as const;
  await installation.applyIngester("falco", { source: "falco", webhook: { auth } });
  const ask = async (headers: Readonly<Record<string, string>>): Promise<readonly number[]> => {
    const answers = fleet.running.map((replica) => replica.webhook("/ingest/falco", "no JSON", headers));
    return (await Promise.all(answers)).map(({ status }) => status);
  };
  const knowing = { authorization: `Bearer ${TOKEN}` };
  await until(
    "the webhook knows its senders",
    async () =>
      (await ask({})).every((status) => status === 401) &&
      (await ask(knowing)).every((status) => status === 400),
  );
}

/** A webhook and an Event in turn, without end. */
function* bothOf(seed: number): Generator<FedSignal, never, void> {
  const time = "2026-01-02T03:04:05Z";
  for (let index = 0;; index++) {
    yield falco(`${roundPrefix(seed)}w${index}`, time, false);
    yield event(`${roundPrefix(seed)}e${index}`, time, false);
  }
}

function answersOf(answers: ReadonlyMap<number, number>): string {
  return [...answers].sort(([one], [other]) => one - other)
    .map(([status, count]) => `${count} x ${status || "none"}`).join(", ");
}

function endsOf(ends: readonly End[]): string {
  const took = ends.map((end) => end.took);
  const leaders = ends.filter(({ led }) => led).length;
  return `${ends.length} pods stopped, ${leaders} of them leaders; from SIGTERM to the end ` +
    `${seconds(median(took))} at the median, ${seconds(Math.max(0, ...took))} at most`;
}

/** The first failures, each with its distance from the last SIGTERM before it. */
function failuresOf(failures: readonly Failure[], ends: readonly End[]): readonly string[] {
  return failures.slice(0, SHOWN).map(({ at, what }) => {
    const before = ends.filter((end) => end.at <= at).map((end) => at - end.at);
    const when = before.length === 0
      ? "before any SIGTERM"
      : `${seconds(Math.min(...before))} after a SIGTERM`;
    return `failed ${when}: ${what}`;
  });
}
