import type { ProcessTerms } from "../pipeline/observation_sink.ts";
import type { Activities } from "./activities.ts";

/**
 * Under what terms a source of the leader writes: with a patience without end, for as long as its term lasts. What the write
 * waits for is told as the Ingester's stall until `signal` aborts.
 *
 * @param key of the Ingester
 */
export function sourceTerms(
  key: string,
  { activities, mayWrite }: {
    readonly activities: Pick<Activities, "setStall">;
    readonly mayWrite: () => boolean;
  },
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
