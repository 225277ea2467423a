import { Checkpoints, type SavingTerm } from "../source/checkpoints.ts";
import { Group } from "../run/group.ts";
import { collectExpired, type CollectorOptions } from "../write/collector.ts";
import { IngesterEvents } from "./ingester_events.ts";
import type { Overlaps } from "./overlaps.ts";
import type { Budgets } from "../write/budget.ts";
import { countObservations } from "./count_observations.ts";
import { keyOfIngester } from "./registry.ts";
import { writeStatuses } from "./status_writer.ts";
import { superviseSources, type SupervisorParts } from "./supervisor.ts";

/** What only the leader does. */
export interface TermWork extends Omit<SupervisorParts, "mayWrite" | "onResumed" | "checkpoints"> {
  readonly overlaps: Overlaps;
  readonly collector: Omit<CollectorOptions, "mayWrite" | "isIngesterGone">;
  /** Where this replica saves how far its sources have come. */
  readonly checkpoints: { readonly namespace: string; readonly name: string; readonly identity: string };
  /** What is counted of each Ingester; undefined: nothing is. */
  readonly budgets?: Budgets | undefined;
  /** Whether every Ingester is known: before that, none may be taken for deleted. */
  readonly areIngestersSynced: () => boolean;
}

/**
 * Does the leader's work for one term: checkpoints, sources, statuses, collection. Resolves when `signal` has aborted and all
 * of it has ended; the last thing that is done, under a lease that is still held, is to save the checkpoints.
 *
 * @param term asked before every write whether it still holds
 * @param onResumed called each time a source had its first answer
 */
export async function doTermWork(
  work: TermWork,
  term: SavingTerm,
  onResumed: () => void,
  signal: AbortSignal,
): Promise<void> {
  const mayWrite = (): boolean => term.isValid();
  const checkpoints = new Checkpoints({ ...work, ...work.checkpoints, term });
  const events = new IngesterEvents({ ...work, identity: work.checkpoints.identity });
  const parts = { ...work, mayWrite, onResumed, checkpoints, events };
  const group = new Group(signal);
  const unlisten = work.registry.onChange(() => forgetDeleted(work, checkpoints));
  group.run("sources", async (inner) => {
    await checkpoints.begin(inner);
    forgetDeleted(work, checkpoints);
    group.run("checkpoints", (innermost) => checkpoints.keepSaving(innermost));
    await superviseSources(parts, inner);
  });
  group.run("statuses", (inner) => writeStatuses(parts, inner));
  const { budgets } = work;
  if (budgets !== undefined) {
    group.run("budgets", (inner) => countObservations({ ...work, budgets }, inner));
  }
  const isIngesterGone: CollectorOptions["isIngesterGone"] = (ingester) =>
    work.areIngestersSynced() && !work.registry.entries.has(keyOfIngester(ingester));
  const collector = { ...work.collector, mayWrite, isIngesterGone };
  group.run("collector", (inner) => collectExpired(collector, work, inner));
  try {
    await group.settled();
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    unlisten();
    await checkpoints.end();
  }
}

function forgetDeleted({ registry, areIngestersSynced }: TermWork, checkpoints: Checkpoints): void {
  if (!areIngestersSynced()) return;
  const uids = new Set([...registry.entries.values()].map(({ ingester }) => ingester.metadata.uid));
  checkpoints.keepOnly((uid) => uids.has(uid));
}
