import type { KubeObject } from "../kube/api.ts";
import { discover } from "../kube/discovery.ts";
import { isApiError } from "../kube/errors.ts";
import type { RestartReason } from "../kube/restart.ts";
import { type WatchApi, watchResource, type WatchTarget } from "../kube/watcher.ts";
import type { GroupVersionResource } from "../model/ingester.ts";
import type { Json } from "../model/json.ts";
import type { Origin } from "../model/observation.ts";
import type { Signal } from "../model/signal.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Clock } from "../run/clock.ts";
import { InFlight } from "../run/in_flight.ts";
import type { Moved } from "./checkpoints.ts";
import { LowWater, type Mark } from "./low_water.ts";
import { RelistSchedule } from "./relist_schedule.ts";
import { RelistTimer } from "./relist_timer.ts";
import { SeenObjects } from "./seen_objects.ts";

/** How the reading of one resource stands. */
export type SourceState =
  | { readonly kind: "starting" | "missing" }
  | { readonly kind: "running"; /** What it is that runs, in words. */ readonly detail?: string }
  /** Waiting: for its turn, since so much else is read. */
  | { readonly kind: "forbidden" | "failing" | "waiting"; readonly message: string };

/** What keeps the Observations of reports true to them, told of what the objects alone do not say. */
export interface ReportsFollower {
  /** Everything is about to be listed. */
  beginList(): Promise<void>;
  /** A report was listed that says what it said before, so that it is not taken. */
  unchanged(origin: Origin): void;
  /** Everything was listed, and taken. */
  endList(kind: string): Promise<void>;
  /** A report was deleted. */
  deleted(origin: Origin): Promise<void>;
}

/** One informer: a resource, all its namespaces or one, for one Ingester. */
export interface InformerOptions {
  readonly source: string;
  readonly gvr: GroupVersionResource;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Takes one object to its verdicts; rejects only when the term ends. */
  readonly take: (signal: Signal) => Promise<void>;
  /** For objects that show a state which lasts as long as they say so. */
  readonly reports?: ReportsFollower | undefined;
  /** How often everything is listed again, about; undefined: only when that must be. */
  readonly resyncMilliseconds?: number | undefined;
  /**
   * When an object that nobody changes means something else, in milliseconds since 1970; undefined: never. With it, everything
   * is listed at first, since who led before kept to himself when that will be.
   */
  readonly reviewAt?: ((signal: Signal) => number | undefined) | undefined;
  /** Called at every change of state. */
  readonly onState: (state: SourceState) => void;
  /** Called once, at the first answer of a list or watch. */
  readonly onResumed: () => void;
  /** Where to resume, asked each time the reading begins; undefined: by a list. */
  readonly resumeFrom: () => string | undefined;
  /** Called when everything up to a resourceVersion has its verdict; with undefined when history went back. */
  readonly onPosition: (resourceVersion: string | undefined, moved: Moved) => void;
}

/** Parts an informer works with. */
export interface InformerParts {
  readonly api: WatchApi;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Objects taken at once by one informer; more wait in the connection. */
const MAX_IN_FLIGHT = 64;
/** What stands there without a place in the order of a watch holds the position back until it has its verdict. */
const OUT_OF_ORDER = "0";
/** How often a resource that the server does not serve is looked for again. */
const MISSING_MILLISECONDS = 10_000;

/** `group/version/resource`, in the core group `version/resource`: the value of label gvr. */
export function gvrLabel(gvr: GroupVersionResource): string {
  return [gvr.group, gvr.version, gvr.resource].filter((part) => part !== "").join("/");
}

/**
 * Reads one resource for as long as `signal` lasts: lists, watches, and hands every new or changed object on. An object
 * counts as taken when its findings have their verdicts (promise P3).
 *
 * @throws the signal's reason
 */
export async function runInformer(
  options: InformerOptions,
  parts: InformerParts,
  signal: AbortSignal,
): Promise<never> {
  const { gvr, source } = options;
  const log = parts.log.component("source");
  const fields = { source, gvr: gvrLabel(gvr), namespace: options.namespace };
  log.info("Source started", fields);
  let isResumed = false;
  const onResumed = (): void => {
    if (!isResumed) options.onResumed();
    isResumed = true;
  };
  try {
    while (true) {
      const kind = await findKind(options, parts, signal);
      await follow(kind, { ...options, onResumed }, parts, signal);
    }
  } finally {
    log.info("Source stopped", fields);
  }
}

/** Waits until the API server serves the resource. */
async function findKind(
  options: InformerOptions,
  parts: InformerParts,
  signal: AbortSignal,
): Promise<string> {
  let milliseconds = 250;
  while (true) {
    try {
      const found = await discover(parts.api, options.gvr, signal);
      if (found !== undefined && (found.isNamespaced || options.namespace === undefined)) return found.kind;
      options.onState(
        found === undefined ? { kind: "missing" } : {
          kind: "failing",
          message: `${gvrLabel(options.gvr)} is cluster-wide, so it cannot be watched in single namespaces`,
        },
      );
      milliseconds = MISSING_MILLISECONDS;
    } catch (error) {
      if (!isApiError(error)) throw error;
      options.onState({ kind: "failing", message: error.message });
      milliseconds = Math.min(MISSING_MILLISECONDS, milliseconds * 2);
    }
    await parts.clock.sleep(milliseconds, signal);
  }
}

/** Follows the resource until it is no longer served. */
async function follow(
  kind: string,
  options: InformerOptions,
  parts: InformerParts,
  signal: AbortSignal,
): Promise<void> {
  const { gvr, source } = options;
  const { clock, metrics } = parts;
  const labels = { source, gvr: gvrLabel(gvr) };
  const log = parts.log.component("source");
  const seen = new SeenObjects();
  const inFlight = new InFlight(MAX_IN_FLIGHT);
  const resumeFrom = options.reviewAt === undefined ? options.resumeFrom() : undefined;
  const again = new RelistSchedule(options.resyncMilliseconds, clock);
  const water = new LowWater(resumeFrom);
  const relist = new RelistTimer(labels, parts);
  const apiVersion = gvr.group === "" ? gvr.version : `${gvr.group}/${gvr.version}`;
  const settle = (mark: Mark, moved: Moved): void => {
    if (water.settle(mark)) options.onPosition(water.position, moved);
  };
  const take = async (
    object: KubeObject,
    mark?: Mark,
    isOutdated: (object: KubeObject) => boolean = () => false,
  ): Promise<void> => {
    await inFlight.start(placeOf(object), async () => {
      const isDue = seen.isDue(object, clock.now());
      if (!isOutdated(object) && (isDue || !seen.isUnchanged(object))) {
        const signal = toSignal(object, source, apiVersion, kind, clock);
        await options.take(signal);
        seen.add(object, options.reviewAt?.(signal));
      } else options.reports?.unchanged(originOf(object, apiVersion, kind));
      if (mark !== undefined) settle(mark, "by-findings");
    });
  };
  const passed = (object: KubeObject): Mark => water.pass(object.metadata.resourceVersion ?? OUT_OF_ORDER);
  const target: WatchTarget = {
    gvr,
    namespace: options.namespace,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    hasBookmarks: !isCoreEvents(gvr),
    resourceVersion: resumeFrom,
    relistAt: () => again.at(seen.nextReview),
  };
  try {
    for await (const event of watchResource(target, parts.api, clock, signal)) {
      switch (event.kind) {
        case "relisting":
          await inFlight.settled();
          water.reset(undefined);
          relist.begin();
          await options.reports?.beginList();
          seen.beginRelist();
          break;
        case "listed":
          options.onResumed();
          relist.count();
          await take(event.object);
          break;
        case "relisted":
          options.onResumed();
          await inFlight.settled();
          await options.reports?.endList(kind);
          relist.end(seen.endRelist());
          again.onListed();
          water.reset(event.resourceVersion);
          options.onPosition(event.resourceVersion, "by-findings");
          break;
        case "present":
          metrics.watchLastEvent.set(labels, clock.now() / 1000);
          await take(event.object, water.pass(OUT_OF_ORDER));
          break;
        case "opened":
          options.onResumed();
          options.onState({ kind: "running" });
          metrics.watchLastEvent.set(labels, clock.now() / 1000);
          break;
        case "added":
        case "modified":
          metrics.watchLastEvent.set(labels, clock.now() / 1000);
          await take(event.object, passed(event.object), (object) => seen.isOutdated(object));
          break;
        case "deleted": {
          metrics.watchLastEvent.set(labels, clock.now() / 1000);
          const mark = passed(event.object);
          // What it said has its verdict already: it was listed or added before it was deleted.
          await inFlight.start(placeOf(event.object), async () => {
            await options.reports?.deleted(originOf(event.object, apiVersion, kind));
            seen.remove(event.object);
            settle(mark, "by-findings");
          });
          break;
        }
        case "bookmark":
          metrics.watchLastEvent.set(labels, clock.now() / 1000);
          settle(water.pass(event.resourceVersion), "by-bookmark");
          break;
        case "restarting": {
          metrics.watchRestarts.inc({ ...labels, reason: event.reason });
          if (event.reason === "closed") metrics.watchLastEvent.set(labels, clock.now() / 1000);
          relist.because(event.reason);
          // History went back: what was reached in it is nothing that a watch may resume from.
          if (event.reason === "rewound") options.onPosition(undefined, "by-findings");
          const state = stateAfter(event.reason, event.error);
          if (state !== undefined) options.onState(state);
          if (event.error !== undefined) {
            log.warn("Watch restarting", {
              ...labels,
              reason: event.reason,
              error: event.error.message,
              wait_ms: Math.round(event.waitMilliseconds),
            });
          }
          // Discovery tells a missing resource from a missing right.
          if (event.reason === "forbidden" && !(await isServed(options, parts, signal))) return;
          break;
        }
        default:
          event satisfies never;
      }
    }
  } finally {
    // What was started ends by its own signal; nothing may outlive the term unseen.
    await inFlight.settled().catch(() => {});
  }
}

async function isServed(
  options: InformerOptions,
  parts: InformerParts,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return await discover(parts.api, options.gvr, signal) !== undefined;
  } catch (error) {
    if (!isApiError(error)) throw error;
    return true;
  }
}

/** Where an object stands: one that is deleted and made anew under its name is handled one after the other. */
function placeOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

/** The state that a restart leads to; undefined for one that is no trouble. */
export function stateAfter(reason: RestartReason, error: Error | undefined): SourceState | undefined {
  switch (reason) {
    case "forbidden":
      return { kind: "forbidden", message: error?.message ?? "" };
    case "missing":
      return { kind: "missing" };
    case "closed":
    case "expired":
    case "rewound":
    case "silence":
    case "resync":
      return undefined;
    default:
      return { kind: "failing", message: error?.message ?? reason };
  }
}

/** Core Events bypass the watch cache, and their watches send no bookmarks (contract, section 6). */
function isCoreEvents(gvr: GroupVersionResource): boolean {
  return gvr.resource === "events" && (gvr.group === "" || gvr.group === "events.k8s.io");
}

function toSignal(
  object: KubeObject,
  source: string,
  apiVersion: string,
  kind: string,
  clock: Clock,
): Signal {
  return {
    source,
    // Items of a list carry no apiVersion and kind of their own.
    payload: { apiVersion, kind, ...object } as unknown as Json,
    receivedAt: new Date(clock.now()).toISOString(),
    origin: originOf(object, apiVersion, kind),
    createdAt: object.metadata.creationTimestamp,
  };
}

function originOf({ metadata }: KubeObject, apiVersion: string, kind: string): Origin {
  return {
    apiVersion,
    kind,
    name: metadata.name,
    namespace: metadata.namespace,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
  };
}
