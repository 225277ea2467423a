import { gvrLabel, type ReportsFollower, runInformer } from "../source/informer.ts";
import { areCertificates } from "../normalize/certificate.ts";
import type { Origin } from "../model/observation.ts";
import type { ProcessTerms } from "../pipeline/observation_sink.ts";
import { aborted } from "../run/aborted.ts";
import { checkpointKey } from "../source/checkpoint.ts";
import { Slots } from "../source/pod_logs_slots.ts";
import { FollowedReports, type ReportList } from "../write/followed_reports.ts";
import type { ObservationStore } from "../write/observation_store.ts";
import { shortHash } from "../write/label_value.ts";
import type { Compiled, InformerTarget } from "./compile.ts";
import type { FilterConfigMap } from "./filter_configmap.ts";
import { LogReading, logTargetName, runLogTarget } from "./log_source.ts";
import type { Entry, IngesterRegistry } from "./registry.ts";
import { afterSourceFailure } from "./source_failure.ts";
import { type SourceParts, sourceTerms } from "./source_terms.ts";

/** What the leader's sources work with. */
export interface SupervisorParts extends SourceParts {
  readonly registry: IngesterRegistry;
  readonly store: ObservationStore;
  /** Whether an Ingester sees to the Observations that it owns; also when it is not ours to judge. */
  readonly isOwnerActive: (ingester: { readonly namespace: string; readonly name: string }) => boolean;
  /** How many watches are open at once, at most, for all Ingesters together, and how many logs are read; default 500. */
  readonly maxWatches?: number | undefined;
  /** The filter for all Ingesters, when there is one: what shows a state is listed again when it changes. */
  readonly clusterFilter?: Pick<FilterConfigMap, "saysOf" | "onChange"> | undefined;
}

const DEFAULT_MAX_WATCHES = 500;

/** What all sources of a term share. */
interface SharedSlots {
  readonly watches: Slots;
  readonly reading: LogReading;
}

interface Running {
  readonly compiled: Compiled;
  /** What the filter for all said of it when it was started. */
  readonly filter: string;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/**
 * Runs the informers and the readers of logs of all Ingesters for one term as leader: starts, changes and stops them as the
 * registry changes, each without touching the others. Ends when `signal` aborts and every source has ended.
 */
export async function superviseSources(parts: SupervisorParts, signal: AbortSignal): Promise<void> {
  const running = new Map<string, Running>();
  const stopping = new Set<Promise<void>>();
  const maxWatches = parts.maxWatches ?? DEFAULT_MAX_WATCHES;
  const slots: SharedSlots = { watches: new Slots(maxWatches), reading: new LogReading(maxWatches) };
  const stop = (key: string): void => {
    const source = running.get(key);
    if (source === undefined) return;
    running.delete(key);
    source.stop.abort(new DOMException("The Ingester was changed or deleted", "AbortError"));
    parts.activities.clearSources(key);
    const ended = source.ended.finally(() => stopping.delete(ended));
    stopping.add(ended);
  };
  const reconcile = (): void => {
    const { entries } = parts.registry;
    for (const [key, { compiled, filter }] of [...running]) {
      if (entries.get(key)?.compiled !== compiled || filterOf(compiled, parts) !== filter) stop(key);
    }
    for (const entry of entries.values()) {
      const { kind } = entry.compiled;
      if ((kind === "informer" || kind === "logs") && !running.has(entry.key)) {
        running.set(entry.key, start(entry, slots, parts));
      }
    }
  };
  const unlisten = parts.registry.onChange(reconcile);
  const unlistenFilter = parts.clusterFilter?.onChange(reconcile);
  const unlistenRewound = parts.checkpoints.onRewound(() => {
    parts.pipeline.forgetNames();
    for (const key of [...running.keys()]) stop(key);
    reconcile();
  });
  // Since an earlier term of this process history may have gone back unseen.
  parts.pipeline.forgetNames();
  try {
    reconcile();
    await aborted(signal);
  } finally {
    unlisten();
    unlistenFilter?.();
    unlistenRewound();
    for (const key of [...running.keys()]) stop(key);
    await Promise.all(stopping);
  }
}

function start(entry: Entry, slots: SharedSlots, parts: SupervisorParts): Running {
  const stop = new AbortController();
  const { compiled } = entry;
  const filter = filterOf(compiled, parts);
  const tasks = tasksOf({ ...entry, compiled: underFilter(compiled, filter) }, slots, parts, stop.signal);
  return { compiled, filter, stop, ended: Promise.all(tasks).then(() => {}) };
}

/** What the filter for all says of what was read already; "" where it is in force only for what comes from now on. */
function filterOf(compiled: Compiled, { clusterFilter }: Pick<SupervisorParts, "clusterFilter">): string {
  if (compiled.kind !== "informer" || compiled.stateSpec === undefined) return "";
  return clusterFilter?.saysOf(compiled.lane.source) ?? "";
}

/** An Ingester of a source that shows a state is asked for something else when the filter for all says something else. */
function underFilter(compiled: Compiled, filter: string): Compiled {
  if (compiled.kind !== "informer" || filter === "") return compiled;
  return { ...compiled, stateSpec: shortHash(`${compiled.stateSpec} ${filter}`, 16) };
}

/** One task for each watch of an Ingester; none rejects. */
function tasksOf(
  entry: Entry,
  slots: SharedSlots,
  parts: SupervisorParts,
  signal: AbortSignal,
): readonly Promise<void>[] {
  const { compiled, key } = entry;
  const inTurn = async (name: string, run: () => Promise<void>): Promise<void> => {
    if (slots.watches.isFull) {
      const message = `MAX_WATCHES allows ${slots.watches.limit} watches at once, and all of them are in use`;
      parts.activities.setSource(key, name, { kind: "waiting", message });
    }
    const slot = await slots.watches.take(signal).catch(() => undefined);
    if (slot === undefined) return;
    using _slot = slot;
    // What was stopped meanwhile has nothing to tell any more.
    if (signal.aborted) return;
    parts.activities.setSource(key, name, { kind: "starting" });
    await run();
  };
  if (compiled.kind === "logs") {
    return compiled.logs.targets.map((target) =>
      inTurn(logTargetName(target), () => runLogTarget(entry, target, slots.reading, parts, signal))
    );
  }
  if (compiled.kind !== "informer") return [];
  const { lane, targets, stateSpec } = compiled;
  const terms = sourceTerms(key, parts, signal);
  const areObserved = lane.destinations?.areObservationsWritten !== false;
  const reports = stateSpec === undefined || lane.isDryRun || !areObserved
    ? undefined
    : new FollowedReports({ ...parts, terms, ingester: lane.ingester, watches: targets.length });
  return targets.map((target) =>
    inTurn(targetName(target), () => runTarget(entry, target, terms, reports, parts, signal))
  );
}

/** What a watch is called in conditions. */
function targetName({ gvr, namespace }: InformerTarget): string {
  return namespace === undefined ? gvrLabel(gvr) : `${gvrLabel(gvr)} in ${namespace}`;
}

/** Tells what one watch brings to what follows the reports of its Ingester. */
function followerOf(
  reports: FollowedReports,
  { gvr, namespace, keepNamespaces }: InformerTarget,
  onList: (list: ReportList | undefined) => void,
  signal: AbortSignal,
): ReportsFollower {
  let list: ReportList | undefined;
  const isKept = (origin: Origin): boolean => keepNamespaces?.has(origin.namespace ?? "") !== false;
  return {
    beginList: async () => onList(list = await reports.beginList(signal)),
    unchanged: (origin) => {
      if (list !== undefined && isKept(origin)) reports.unchanged(origin, list);
    },
    endList: async (kind) => {
      if (list !== undefined) await reports.endList(list, { group: gvr.group, kind, namespace }, signal);
      onList(list = undefined);
    },
    deleted: async (origin) => {
      if (isKept(origin)) await reports.deleted(origin, signal);
    },
  };
}

/** Never rejects: one bad source never stops another. */
async function runTarget(
  entry: Entry,
  target: InformerTarget,
  terms: ProcessTerms,
  reports: FollowedReports | undefined,
  parts: SupervisorParts,
  signal: AbortSignal,
): Promise<void> {
  const { compiled, key } = entry;
  if (compiled.kind !== "informer") return;
  const { lane } = compiled;
  const name = targetName(target);
  const { activities, pipeline, clock, checkpoints } = parts;
  const checkpoint = checkpointKey({ uid: entry.ingester.metadata.uid, ...target });
  const { stateSpec } = compiled;
  let list: ReportList | undefined;
  using watched = checkpoints.watch(checkpoint, lane.source);
  using _life = parts.metrics.watchLastEvent.hold({ source: lane.source, gvr: gvrLabel(target.gvr) });
  while (!signal.aborted) {
    try {
      await runInformer(
        {
          source: lane.source,
          gvr: target.gvr,
          namespace: target.namespace,
          labelSelector: target.labelSelector,
          fieldSelector: target.fieldSelector,
          take: async (one) => {
            // What waited for its turn when the source was stopped is not begun.
            signal.throwIfAborted();
            if (target.keepNamespaces?.has(one.origin?.namespace ?? "") === false) return;
            activities.setSignal(key, clock.now());
            const report = one.origin === undefined ? undefined : reports?.report(one.origin, list);
            await pipeline.process(one, lane, terms, report, signal);
          },
          reports: reports === undefined
            ? undefined
            : followerOf(reports, target, (begun) => list = begun, signal),
          onState: (state) => {
            if (signal.aborted) return;
            watched.setServed(state.kind !== "missing");
            activities.setSource(key, name, state);
          },
          resyncMilliseconds: compiled.resyncMilliseconds,
          reviewAt: areCertificates(target.gvr) ? (one) => pipeline.reviewAt(one, lane) : undefined,
          onResumed: parts.onResumed,
          resumeFrom: () => checkpoints.resumeFrom(checkpoint, stateSpec),
          onPosition: (resourceVersion, moved) => {
            // What comes late, from a source that was stopped, may have been taken back since.
            if (signal.aborted) return;
            // What one source has seen is true of all: those that ask later may find the old numbers given again.
            if (resourceVersion === undefined) checkpoints.rewind();
            else checkpoints.note(checkpoint, resourceVersion, stateSpec, moved);
          },
        },
        parts,
        signal,
      );
    } catch (error) {
      const what = { key, name, source: lane.source, gvr: gvrLabel(target.gvr) };
      await afterSourceFailure(what, error, parts, signal);
    }
  }
}
