import type { Api } from "../kube/api.ts";
import type { Observation } from "../model/observation.ts";
import type { ObservationRef } from "../model/verdict.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Clock } from "../run/clock.ts";
import { ObservationStore } from "./observation_store.ts";

/** How the leader collects what has expired. */
export interface CollectorOptions {
  readonly intervalMilliseconds: number;
  /** Namespaces to look in; undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  /** Whether Observations of Ingesters in a namespace are ours to collect. */
  readonly isOwnIngester: (ingesterNamespace: string) => boolean;
  /** Whether an Ingester whose Observations are ours to collect is known to be deleted. */
  readonly isIngesterGone: (ingester: { readonly namespace: string; readonly name: string }) => boolean;
  /** For other writers' objects that say nothing themselves, and for states whose Ingester was deleted. */
  readonly defaultTtlSeconds: number;
  /** Asked before every delete. */
  readonly mayWrite: () => boolean;
  /** Told of every deleted Observation. */
  readonly onDeleted: (observation: ObservationRef) => void;
}

/** A resolved finding stays for an hour after it was seen to be gone. */
const RESOLVED_MILLISECONDS = 3_600_000;

/**
 * When an Observation expires, in milliseconds since 1970; undefined: not as long as it is Active (contract, section 4).
 *
 * @param isOwnerGone whether its Ingester was deleted, so that nobody sees any more whether a state lasts
 */
export function expiresAt(
  observation: Observation,
  defaultTtlSeconds: number,
  isOwnerGone: boolean,
): number | undefined {
  const { spec, status, metadata } = observation;
  if (status?.phase === "Resolved") {
    const resolved = Date.parse(status.resolvedAt ?? "");
    return Number.isNaN(resolved) ? undefined : resolved + RESOLVED_MILLISECONDS;
  }
  const created = Date.parse(metadata.creationTimestamp ?? "");
  if (Number.isNaN(created)) return undefined;
  if (spec.ingester === undefined) {
    const stated = Date.parse(spec.expiresAt ?? "");
    if (!Number.isNaN(stated)) return stated;
    return created + (spec.ttlSecondsAfterCreation ?? defaultTtlSeconds) * 1000;
  }
  // What shows a state carries no ttl: it lasts as long as its report, if somebody still reads that.
  const ttlSeconds = spec.ttlSecondsAfterCreation ?? (isOwnerGone ? defaultTtlSeconds : undefined);
  if (ttlSeconds === undefined) return undefined;
  const lastSeen = Date.parse(status?.lastSeen ?? "");
  return Math.max(created, Number.isNaN(lastSeen) ? created : lastSeen) + ttlSeconds * 1000;
}

/**
 * Collects expired Observations every interval for as long as `signal` lasts: in pages, each delete under the uid and
 * resourceVersion that were read, so that one renewed meanwhile stays.
 *
 * @throws the signal's reason
 */
export async function collectExpired(
  options: CollectorOptions,
  parts: { readonly api: Api; readonly clock: Clock; readonly metrics: Metrics; readonly log: Log },
  signal: AbortSignal,
): Promise<never> {
  const log = parts.log.component("collector");
  while (true) {
    await parts.clock.sleep(options.intervalMilliseconds, signal);
    const startedAt = parts.clock.monotonic();
    let deleted = 0;
    for (const namespace of options.namespaces ?? [undefined]) {
      try {
        deleted += await collectIn(namespace, options, parts, signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        // One namespace that cannot be collected stops no other.
        log.warn("Cannot collect expired Observations", {
          namespace: namespace ?? "*",
          error: error instanceof Error ? error.message : String(error),
        });
      }
    }
    if (deleted > 0) {
      log.info("Expired Observations collected", {
        count: deleted,
        duration_ms: Math.round(parts.clock.monotonic() - startedAt),
      });
    }
  }
}

async function collectIn(
  namespace: string | undefined,
  options: CollectorOptions,
  parts: { readonly api: Api; readonly clock: Clock; readonly metrics: Metrics },
  signal: AbortSignal,
): Promise<number> {
  const store = new ObservationStore(parts.api, namespace === undefined ? undefined : [namespace]);
  let deleted = 0;
  for await (const observation of store.list({}, signal)) {
    const owner = observation.spec.ingester;
    if (owner !== undefined && !options.isOwnIngester(owner.namespace)) continue;
    const isOwnerGone = owner !== undefined && options.isIngesterGone(owner);
    const expiry = expiresAt(observation, options.defaultTtlSeconds, isOwnerGone);
    if (expiry === undefined || expiry > parts.clock.now() || !options.mayWrite()) continue;
    if (await store.deleteUnchanged(observation, signal)) {
      deleted++;
      parts.metrics.gcDeleted.inc();
      options.onDeleted({ namespace: observation.metadata.namespace, name: observation.metadata.name });
    }
  }
  return deleted;
}
