import { checkpointKey } from "../source/checkpoint.ts";
import { gvrLabel } from "../source/informer.ts";
import { POD_LOGS, PODS, runPodLogs } from "../source/pod_logs.ts";
import { Slots } from "../source/pod_logs_slots.ts";
import { nanosecondsOf } from "../source/pod_logs_time.ts";
import type { LogTarget } from "./compile_logs.ts";
import type { Entry } from "./registry.ts";
import { afterSourceFailure } from "./source_failure.ts";
import { type SourceParts, sourceTerms } from "./source_terms.ts";

/** What the log readers of one term share. */
export class LogReading {
  readonly slots: Slots;
  /** How far each has come: a time, which holds also when the history of the API server went back. */
  readonly reached: Map<string, string> = new Map();
  /** The same by Ingester and namespace, whatever was asked for: who asks for other logs goes on from there. */
  readonly #reachedIn = new Map<string, string>();

  /** @param maxStreams how many logs are read at once, at most, by all Ingesters together */
  constructor(maxStreams: number) {
    this.slots = new Slots(maxStreams);
  }

  /** Up to where an Ingester has read in a namespace; `otherwise`, which is then remembered, when it never did. */
  begin(uid: string, namespace: string | undefined, own: string | undefined, otherwise: string): string {
    const place = placeOf(uid, namespace);
    const from = own ?? this.#reachedIn.get(place) ?? otherwise;
    this.#reachedIn.set(place, from);
    return from;
  }

  /** An Ingester has read up to there. */
  note(uid: string, namespace: string | undefined, checkpoint: string, nanoseconds: string): void {
    this.reached.set(checkpoint, nanoseconds);
    this.#reachedIn.set(placeOf(uid, namespace), nanoseconds);
  }
}

function placeOf(uid: string, namespace: string | undefined): string {
  return JSON.stringify([uid, namespace ?? null]);
}

/** What a target is called in conditions. */
export function logTargetName({ namespace }: LogTarget): string {
  const gvr = gvrLabel(POD_LOGS);
  return namespace === undefined ? gvr : `${gvr} in ${namespace}`;
}

/** Reads the logs of one target of an Ingester until `signal` aborts. Never rejects: one bad source never stops another. */
export async function runLogTarget(
  entry: Entry,
  target: LogTarget,
  reading: LogReading,
  parts: SourceParts,
  signal: AbortSignal,
): Promise<void> {
  const { compiled, key } = entry;
  if (compiled.kind !== "logs") return;
  const { lane, logs } = compiled;
  const gvr = gvrLabel(POD_LOGS);
  const name = logTargetName(target);
  const { activities, pipeline, clock, checkpoints } = parts;
  const { uid } = entry.ingester.metadata;
  const checkpoint = checkpointKey({
    uid,
    gvr: POD_LOGS,
    namespace: target.namespace,
    labelSelector: target.podSelector,
    fieldSelector: target.container,
  });
  const terms = sourceTerms(key, parts, signal);
  using _watched = checkpoints.watch(checkpoint, lane.source);
  const { watchLastEvent } = parts.metrics;
  using _life = watchLastEvent.hold({ source: lane.source, gvr });
  using _pods = watchLastEvent.hold({ source: lane.source, gvr: gvrLabel(PODS) });
  while (!signal.aborted) {
    try {
      await runPodLogs(
        {
          ...target,
          source: lane.source,
          patterns: logs.patterns,
          sinceSeconds: logs.sinceSeconds,
          ownNamespace: logs.ownNamespace,
          take: async (one) => {
            // What waited for its turn when the source was stopped is not begun.
            signal.throwIfAborted();
            activities.setSignal(key, clock.now());
            await pipeline.process(one, lane, terms, undefined, signal);
          },
          onState: (state) => {
            if (!signal.aborted) activities.setSource(key, name, state);
          },
          onResumed: parts.onResumed,
          resumeFrom: () => {
            const own = checkpoints.resumeFrom(checkpoint, undefined) ?? reading.reached.get(checkpoint);
            const first = nanosecondsOf(clock.now() - logs.sinceSeconds * 1000);
            return reading.begin(uid, target.namespace, own, String(first));
          },
          onPosition: (nanoseconds) => {
            if (signal.aborted) return;
            reading.note(uid, target.namespace, checkpoint, nanoseconds);
            checkpoints.note(checkpoint, nanoseconds, undefined, "by-findings");
          },
        },
        { ...parts, slots: reading.slots },
        signal,
      );
    } catch (error) {
      await afterSourceFailure({ key, name, source: lane.source, gvr }, error, parts, signal);
    }
  }
}
