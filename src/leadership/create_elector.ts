import type { Api } from "../kube/api.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Clock } from "../run/clock.ts";
import { AlwaysLeader } from "./always_leader.ts";
import type { Elector } from "./elector.ts";
import { LeaseElector } from "./lease_elector.ts";
import { ApiLeaseLock } from "./lease_lock.ts";
import { timingProblems, type Timings } from "./timings.ts";

/** LEADER_ELECTION_MODE and its times. */
export interface ElectionSettings extends Timings {
  /** False: this process always leads. */
  readonly isEnabled: boolean;
  /** Name of the Lease; one for each shard. */
  readonly leaseName: string;
}

/** Who is to be elected, where, and what that works with. */
export interface ElectionParts {
  readonly identity: string;
  /** Namespace of the Lease. */
  readonly namespace: string;
  readonly release: string | undefined;
  readonly api: Api;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/**
 * Makes the elector that the settings ask for.
 *
 * @throws RangeError when its times cannot work together
 */
export function createElector(settings: ElectionSettings, parts: ElectionParts): Elector {
  const { isEnabled, leaseName: lease, ...timings } = settings;
  const { identity, namespace, release } = parts;
  if (!isEnabled) return new AlwaysLeader({ lease, identity }, parts);
  const problems = timingProblems(timings);
  if (problems.length > 0) throw new RangeError(problems.join("; "));
  const lock = new ApiLeaseLock({ namespace, name: lease }, parts);
  return new LeaseElector({ lease, identity, release, timings }, { ...parts, lock });
}
