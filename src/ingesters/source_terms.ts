import type { WatchApi } from "../kube/watcher.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { ProcessTerms } from "../pipeline/observation_sink.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { Clock } from "../run/clock.ts";
import type { Checkpoints } from "../source/checkpoints.ts";
import type { Activities } from "./activities.ts";

/** What the sources of one term as leader work with. */
export interface SourceParts {
  readonly activities: Activities;
  readonly pipeline: Pipeline;
  readonly api: WatchApi;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly checkpoints: Checkpoints;
  /** Asked before every write: false when the term has ended. */
  readonly mayWrite: () => boolean;
  /** Called each time a source had its first answer. */
  readonly onResumed: () => void;
}

/**
 * Under what terms a source of the leader writes: with a patience without end, for as long as its term lasts. What the write
 * waits for is told as the Ingester's stall until `signal` aborts.
 *
 * @param key of the Ingester
 */
export function sourceTerms(
  key: string,
  { activities, mayWrite }: Pick<SourceParts, "activities" | "mayWrite">,
  signal: AbortSignal,
): ProcessTerms {
  return {
    patienceMilliseconds: Infinity,
    mayWrite,
    onStall: (error) => {
      if (!signal.aborted) activities.setStall(key, error?.message, error?.kind);
    },
  };
}
