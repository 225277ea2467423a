import { Group } from "../run/group.ts";
import { collectExpired, type CollectorOptions } from "../write/collector.ts";
import { writeStatuses } from "./status_writer.ts";
import { superviseSources, type SupervisorParts } from "./supervisor.ts";

/** What only the leader does. */
export interface TermWork extends Omit<SupervisorParts, "mayWrite" | "onResumed"> {
  readonly collector: Omit<CollectorOptions, "mayWrite">;
}

/**
 * Does the leader's work for one term: sources, statuses, collection. Resolves when `signal` has aborted and all of it has
 * ended.
 *
 * @param mayWrite whether the term still holds, asked before every write
 * @param onResumed called each time a source had its first answer
 */
export async function doTermWork(
  work: TermWork,
  mayWrite: () => boolean,
  onResumed: () => void,
  signal: AbortSignal,
): Promise<void> {
  const parts = { ...work, mayWrite, onResumed };
  const group = new Group(signal);
  group.run("sources", (inner) => superviseSources(parts, inner));
  group.run("statuses", (inner) => writeStatuses(parts, inner));
  group.run("collector", (inner) => collectExpired({ ...work.collector, mayWrite }, work, inner));
  try {
    await group.settled();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
