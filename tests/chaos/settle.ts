import type { Observation } from "../../src/model/observation.ts";
import { systemClock } from "../../src/run/clock.ts";
import { assertConservation } from "../integration/conservation.ts";
import { HOME } from "../integration/installation.ts";
import { assertNoAccident } from "../integration/soundness.ts";
import type { Oracle } from "../support/oracle.ts";
import type { Replica } from "../support/process.ts";
import { until } from "../support/until.ts";
import type { Fleet } from "./fleet.ts";
import type { Ground } from "./ground.ts";
import { type Balance, type Ledger } from "./ledger.ts";
import { FED_COLLECTIONS, FED_NAMESPACE } from "./signals.ts";

/** Limits of time are no part of the judgement: what takes longer than this never comes. */
const GUARD_MILLISECONDS = 120_000;
/** In which a second Observation of something would come after the first. */
const AFTERMATH_MILLISECONDS = 1500;
const LOOK_MILLISECONDS = 250;
const OBSERVATIONS = "/apis/zen.kube-zen.io/v1alpha1/namespaces/";

/** Waits until every place has a replica that is ready, and one of them leads; says what does not come about. */
export async function untilHealthy(ground: Ground, fleet: Fleet): Promise<readonly string[]> {
  const problems: string[] = [];
  for (let place = 0; place < fleet.size; place++) {
    const replica = fleet.at(place) ?? await fleet.start(place, false);
    try {
      await replica.waitUntilReady(GUARD_MILLISECONDS);
    } catch (error) {
      problems.push(sentenceOf(error));
    }
  }
  try {
    await until(
      "one of the replicas leads",
      () => leads(ground.installation.oracle, fleet),
      GUARD_MILLISECONDS,
    );
  } catch (error) {
    problems.push(sentenceOf(error));
  }
  return problems;
}

/** Waits until all that is due is there and nothing is in flight, a little longer, and compares. */
export async function balance(ground: Ground, fleet: Fleet, ledger: Ledger): Promise<readonly Balance[]> {
  const { oracle } = ground.installation;
  const start = systemClock.monotonic();
  while (systemClock.monotonic() - start < GUARD_MILLISECONDS) {
    const balances = ledger.compare(await look(oracle));
    if (balances.every(({ missing }) => missing.length === 0) && await isIdle(fleet)) break;
    await pause(LOOK_MILLISECONDS);
  }
  await pause(AFTERMATH_MILLISECONDS);
  return ledger.compare(await look(oracle));
}

/** What is wrong with the processes: accidents, and counts that do not add up. */
export async function faultsOf(fleet: Fleet): Promise<readonly string[]> {
  const problems = [...fleet.problems];
  for (const { replica } of fleet.lives) {
    await noted(problems, () => assertNoAccident(replica));
  }
  for (const replica of fleet.running) {
    await noted(problems, () => assertConservation(replica));
  }
  return problems;
}

/** Takes away all that was fed, and then all that was made of it. */
export async function clear({ writer }: Ground, fleet: Fleet): Promise<void> {
  const never = new AbortController().signal;
  for (const path of FED_COLLECTIONS) await writer.delete(path, never);
  await until("nothing is in flight", () => isIdle(fleet), GUARD_MILLISECONDS);
  for (const namespace of [FED_NAMESPACE, HOME]) {
    await writer.delete(`${OBSERVATIONS}${namespace}/observations`, never);
  }
}

/** All Observations; asked again while the API server is not back in every respect. */
async function look(oracle: Oracle): Promise<readonly Observation[]> {
  const start = systemClock.monotonic();
  while (true) {
    try {
      return await oracle.observations();
    } catch (error) {
      if (systemClock.monotonic() - start > GUARD_MILLISECONDS) throw error;
      await pause(LOOK_MILLISECONDS);
    }
  }
}

async function leads(oracle: Oracle, fleet: Fleet): Promise<boolean> {
  try {
    const holder = (await oracle.lease(HOME))?.spec?.holderIdentity;
    const leader = fleet.running.find(({ name }) => name === holder);
    return leader !== undefined && await valueOf(leader, "zenwatcher_is_leader") === 1;
  } catch {
    return false;
  }
}

async function isIdle(fleet: Fleet): Promise<boolean> {
  const counts = await Promise.all(
    fleet.running.map((replica) => valueOf(replica, "zen_watcher_signals_in_flight")),
  );
  return counts.every((count) => count === 0);
}

/** Undefined while it does not answer. */
async function valueOf(replica: Replica, name: string): Promise<number | undefined> {
  try {
    return (await replica.metrics()).sum(name);
  } catch {
    return undefined;
  }
}

async function noted(problems: string[], check: () => unknown): Promise<void> {
  try {
    await check();
  } catch (error) {
    problems.push(sentenceOf(error));
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function pause(milliseconds: number): Promise<void> {
  return systemClock.sleep(milliseconds, new AbortController().signal);
}
