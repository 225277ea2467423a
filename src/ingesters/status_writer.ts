import { type Api, resourcePath } from "../kube/api.ts";
import { isApiError } from "../kube/errors.ts";
import { GROUP, VERSION } from "../model/observation.ts";
import type { Condition, Ingester, IngesterStatus } from "../model/ingester.ts";
import type { Log } from "../observe/log.ts";
import type { Clock } from "../run/clock.ts";
import type { Budgets } from "../write/budget.ts";
import type { Checkpoints } from "../source/checkpoints.ts";
import type { Activities } from "./activities.ts";
import { type IngesterEvents, noticesOf } from "./ingester_events.ts";
import type { Overlaps } from "./overlaps.ts";
import { nextCondition, overlapCondition, readinessOf } from "./readiness.ts";
import type { Entry, IngesterRegistry } from "./registry.ts";

/** What a status writer works with. */
export interface StatusWriterParts {
  readonly registry: IngesterRegistry;
  readonly activities: Activities;
  readonly api: Api;
  readonly clock: Clock;
  readonly log: Log;
  readonly checkpoints: Pick<Checkpoints, "oldestOf">;
  readonly overlaps: Pick<Overlaps, "of">;
  readonly events: Pick<IngesterEvents, "tell">;
  readonly budgets?: Pick<Budgets, "observationsOf"> | undefined;
  /** Asked before every write. */
  readonly mayWrite: () => boolean;
}

const TURN_MILLISECONDS = 250;
/** A status is written at most so often (design, section 4). */
const INTERVAL_MILLISECONDS = 10_000;

/**
 * The leader's loop that keeps `status` of every Ingester true: on change only, and at most every 10 s for each.
 *
 * @throws the signal's reason
 */
export async function writeStatuses(parts: StatusWriterParts, signal: AbortSignal): Promise<never> {
  const writtenAt = new Map<string, number>();
  while (true) {
    await parts.clock.sleep(TURN_MILLISECONDS, signal);
    for (const entry of parts.registry.entries.values()) {
      const now = parts.clock.monotonic();
      const since = now - (writtenAt.get(entry.ingester.metadata.uid) ?? -Infinity);
      if (since < INTERVAL_MILLISECONDS || !parts.mayWrite()) continue;
      const status = desiredStatus(entry, parts);
      if (status === undefined || isSame(entry.ingester.status, status)) continue;
      writtenAt.set(entry.ingester.metadata.uid, now);
      if (!await patchStatus(entry.ingester, status, parts, signal)) continue;
      for (const notice of noticesOf(entry.ingester.status, status)) {
        if (parts.mayWrite()) await parts.events.tell(entry.ingester, notice, signal);
      }
    }
    const now = parts.clock.monotonic();
    for (const [uid, at] of writtenAt) if (now - at > 2 * INTERVAL_MILLISECONDS) writtenAt.delete(uid);
  }
}

function desiredStatus(entry: Entry, parts: StatusWriterParts): IngesterStatus | undefined {
  const { ingester, key } = entry;
  const readiness = readinessOf(entry.compiled, parts.activities.of(key));
  if (readiness === undefined) return undefined;
  const before = (type: string): Condition | undefined =>
    ingester.status?.conditions?.find((condition) => condition.type === type);
  const last = lastSignalTime(ingester, parts.activities.lastSignalOf(key));
  const generation = ingester.metadata.generation;
  const checkpoint = parts.checkpoints.oldestOf(ingester.metadata.uid);
  const observations = parts.budgets?.observationsOf(key) ?? ingester.status?.observations;
  const now = new Date(parts.clock.now()).toISOString();
  const degraded = overlapCondition(before("Degraded"), parts.overlaps.of(key), generation, now);
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: [
      nextCondition(before("Ready"), readiness, generation, now),
      ...(degraded === undefined ? [] : [degraded]),
    ],
    ...(last === undefined ? {} : { lastSignalTime: last }),
    ...(observations === undefined ? {} : { observations }),
    ...(checkpoint === undefined
      ? {}
      : { checkpoint: { resourceVersion: checkpoint.resourceVersion, time: checkpoint.time } }),
  };
}

/** Never earlier than what the leader before saw. */
function lastSignalTime(ingester: Ingester, ownMilliseconds: number | undefined): string | undefined {
  const before = ingester.status?.lastSignalTime;
  if (ownMilliseconds === undefined) return before;
  if (before !== undefined && Date.parse(before) > ownMilliseconds) return before;
  return new Date(ownMilliseconds).toISOString();
}

function isSame(before: IngesterStatus | undefined, after: IngesterStatus): boolean {
  const wanted = after.conditions ?? [];
  return before?.observedGeneration === after.observedGeneration &&
    before?.lastSignalTime === after.lastSignalTime && before?.observations === after.observations &&
    before?.checkpoint?.resourceVersion === after.checkpoint?.resourceVersion &&
    (before?.conditions ?? []).length === wanted.length &&
    wanted.every((one) => {
      const condition = before?.conditions?.find(({ type }) => type === one.type);
      return condition?.status === one.status && condition.reason === one.reason &&
        condition.message === one.message && condition.observedGeneration === one.observedGeneration;
    });
}

/** Returns whether it was written. */
async function patchStatus(
  ingester: Ingester,
  status: IngesterStatus,
  parts: StatusWriterParts,
  signal: AbortSignal,
): Promise<boolean> {
  const { namespace, name } = ingester.metadata;
  try {
    await parts.api.request({
      role: "write",
      method: "PATCH",
      path: resourcePath(
        { group: GROUP, version: VERSION, resource: "ingesters" },
        namespace,
        name,
        "status",
      ),
      body: { status },
      timeoutMilliseconds: 10_000,
    }, signal);
    return true;
  } catch (error) {
    if (!isApiError(error)) throw error;
    if (error.kind === "not-found") return false;
    parts.log.component("ingesters").warn("Cannot write the status of an Ingester", {
      namespace,
      name,
      error: error.message,
    });
    return false;
  }
}
