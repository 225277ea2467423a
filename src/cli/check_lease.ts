import { isApiError } from "../kube/errors.ts";
import type { LeaseLock } from "../leadership/lock.ts";
import { isSameHold, type LeaseRecord } from "../leadership/record.ts";
import type { Clock } from "../run/clock.ts";
import { type Checked, ok, problem, warning } from "./check.ts";
import type { Config } from "./config.ts";

/** What looking at a Lease needs. */
export interface LeaseParts {
  readonly lock: Pick<LeaseLock, "get">;
  readonly clock: Clock;
  /** Namespace of the Lease. */
  readonly namespace: string;
}

/** A leader that is alive renews within this time. */
const MAX_LOOK_MILLISECONDS = 5_000;

/** Whether somebody leads, and by which settings. */
export async function checkLease(
  config: Config,
  parts: LeaseParts,
  signal: AbortSignal,
): Promise<readonly Checked[]> {
  const { isEnabled, leaseName } = config.leaderElection;
  if (!isEnabled) {
    return [ok("lease", "LEADER_ELECTION_MODE is disabled: there is no Lease, and the one replica leads")];
  }
  const called = `Lease ${parts.namespace}/${leaseName}`;
  let record: LeaseRecord | undefined;
  let isRenewed = false;
  try {
    record = await parts.lock.get(signal);
    if (record !== undefined && isDoubtful(record, config, parts.clock)) {
      // The stamp is of the holder's clock; only a renewal that is seen tells for sure.
      const { retryPeriodMilliseconds } = config.leaderElection;
      await parts.clock.sleep(Math.min(MAX_LOOK_MILLISECONDS, 2 * retryPeriodMilliseconds), signal);
      const again = await parts.lock.get(signal);
      isRenewed = again !== undefined && !isSameHold(record, again);
      record = again;
    }
  } catch (error) {
    if (!isApiError(error)) throw error;
    return [problem("lease", `Cannot read ${called}: ${error.message}`)];
  }
  if (record === undefined) {
    return [
      warning("lease", `${called} does not exist: no replica has led yet`, "start one, or look at its log"),
    ];
  }
  return [judgeHold(record, called, isRenewed, config, parts.clock), ...differences(record, called, config)];
}

function isDoubtful(record: LeaseRecord, config: Config, clock: Clock): boolean {
  if (record.holderIdentity === "") return false;
  const age = ageOf(record, clock);
  return age === undefined || age < 0 || age > durationOf(record, config);
}

function judgeHold(
  record: LeaseRecord,
  called: string,
  isRenewed: boolean,
  config: Config,
  clock: Clock,
): Checked {
  const { holderIdentity, leaseTransitions } = record;
  if (holderIdentity === "") {
    return warning(
      "lease",
      `${called} was released, and nobody has taken it`,
      "a replica that runs takes it at once: look whether one runs, and at its log",
    );
  }
  const age = ageOf(record, clock);
  const renewed = age === undefined
    ? "never renewed"
    : `renewed ${(Math.abs(age) / 1000).toFixed(1)} s ${age < 0 ? "ahead of this clock" : "ago"}`;
  const held = `${called} is held by ${holderIdentity}, ${renewed}; ${leaseTransitions} changes of leader`;
  if (age !== undefined && isRenewed) {
    return isDoubtful(record, config, clock)
      ? warning(
        "lease",
        `${held}. It is renewed, but by a clock that differs from this one`,
        "compare clocks",
      )
      : ok("lease", held);
  }
  if (!isDoubtful(record, config, clock)) return ok("lease", held);
  return problem(
    "lease",
    `${held}. It is stale: its holder is gone, and nobody leads`,
    "a replica that runs takes it after LEASE_DURATION_SECONDS: look whether one runs, and at its log",
  );
}

function* differences(record: LeaseRecord, called: string, config: Config): Generator<Checked> {
  if (record.release !== undefined && record.release !== config.releaseName) {
    yield problem(
      "lease",
      `${called} belongs to release ${record.release}, and RELEASE_NAME says ${config.releaseName ?? "none"}`,
      "give each release its own namespace or LEADER_ELECTION_ID; run refuses to start so, with exit code 2",
    );
  }
  const seconds = config.leaderElection.leaseDurationMilliseconds / 1000;
  const theirs = record.leaseDurationSeconds;
  if (record.holderIdentity !== "" && theirs !== undefined && theirs !== seconds) {
    yield warning(
      "lease",
      `${called} lasts ${theirs} s, and LEASE_DURATION_SECONDS says ${seconds} here`,
      "give all replicas the same LEASE_DURATION_SECONDS",
    );
  }
}

/** Milliseconds since the last renewal by the clocks of holder and this machine; undefined when there was none. */
function ageOf(record: LeaseRecord, clock: Clock): number | undefined {
  const renewedAt = Date.parse(record.renewTime ?? "");
  return Number.isNaN(renewedAt) ? undefined : clock.now() - renewedAt;
}

function durationOf(record: LeaseRecord, config: Config): number {
  return record.leaseDurationSeconds === undefined
    ? config.leaderElection.leaseDurationMilliseconds
    : record.leaseDurationSeconds * 1000;
}
