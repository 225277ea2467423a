import type { KubeObject } from "../kube/api.ts";
import { type WatchApi, watchResource } from "../kube/watcher.ts";
import type { RestartReason } from "../kube/restart.ts";
import type { LogLine } from "../model/log_line.ts";
import type { Signal } from "../model/signal.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Clock } from "../run/clock.ts";
import { Group } from "../run/group.ts";
import { gvrLabel, type SourceState, stateAfter } from "./informer.ts";
import { ContainerLog } from "./pod_logs_container.ts";
import type { LogPatterns } from "./pod_logs_patterns.ts";
import { readLoggedPod } from "./pod_logs_pods.ts";
import { Slots } from "./pod_logs_slots.ts";
import { stateOfLogs } from "./pod_logs_state.ts";
import { CLOCK_SKEW_NANOSECONDS, later, nanosecondsOf } from "./pod_logs_time.ts";

/** The logs of the pods of one namespace, or of all, for one Ingester. */
export interface PodLogsOptions {
  readonly source: string;
  /** Undefined: all. */
  readonly namespace: string | undefined;
  /** Only these, where all are watched; undefined: all. */
  readonly keepNamespaces: ReadonlySet<string> | undefined;
  readonly podSelector: string | undefined;
  /** Undefined: all containers of a pod. */
  readonly container: string | undefined;
  readonly patterns: LogPatterns;
  /** How far back to read when there is nothing to resume from. */
  readonly sinceSeconds: number;
  /** That of this installation, whose own logs are no findings. */
  readonly ownNamespace: string;
  /** Takes one line to its verdict; rejects only when the term ends. */
  readonly take: (signal: Signal) => Promise<void>;
  /** Called at every change of state. */
  readonly onState: (state: SourceState) => void;
  /** Called once, when the pods are known for the first time. */
  readonly onResumed: () => void;
  /** Where to resume: nanoseconds since 1970 as a decimal number; undefined: nowhere. */
  readonly resumeFrom: () => string | undefined;
  /** Called when every line before a time has its verdict, in nanoseconds since 1970 as a decimal number. */
  readonly onPosition: (nanoseconds: string) => void;
}

/** Parts that logs are read with. */
export interface PodLogsParts {
  readonly api: WatchApi;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly slots: Slots;
}

/** What logs are called where an informer has a resource. */
export const POD_LOGS = { group: "", version: "v1", resource: "pods/log" } as const;

/** Which pods there are is watched. */
export const PODS = { group: "", version: "v1", resource: "pods" } as const;
/** Lines taken at once by one source; more wait in their connections. */
const MAX_LINES = 64;
const STATE_MILLISECONDS = 1000;

/**
 * Reads the logs of all pods that match for as long as `signal` lasts: watches the pods, follows the log of every container,
 * and hands on the lines that match a pattern. A line counts as taken when it has its verdict (promise P3).
 *
 * @throws the signal's reason, and what `take` throws
 */
export async function runPodLogs(
  options: PodLogsOptions,
  parts: PodLogsParts,
  signal: AbortSignal,
): Promise<never> {
  const log = parts.log.component("source");
  const fields = { source: options.source, gvr: gvrLabel(POD_LOGS), namespace: options.namespace };
  log.info("Source started", fields);
  const logs = new PodLogs(options, parts, signal);
  try {
    return await logs.run();
  } finally {
    log.info("Source stopped", fields);
  }
}

interface KnownPod {
  readonly key: string;
  readonly containers: Map<string, ContainerLog>;
  /** Number of the list in which it was found last. */
  list: number;
}

class PodLogs {
  readonly #options: PodLogsOptions;
  readonly #parts: PodLogsParts;
  readonly #labels: { readonly source: string; readonly gvr: string };
  readonly #pods = new Map<string, KnownPod>();
  /** Those of pods that are gone too, as long as they have something to say. */
  readonly #readers = new Set<ContainerLog>();
  readonly #lines = new Slots(MAX_LINES);
  readonly #group: Group;
  #position: bigint;
  #list = 0;
  #podsState: SourceState = { kind: "starting" };
  #told = "";

  constructor(options: PodLogsOptions, parts: PodLogsParts, signal: AbortSignal) {
    this.#options = options;
    this.#parts = parts;
    this.#labels = { source: options.source, gvr: gvrLabel(POD_LOGS) };
    this.#group = new Group(signal);
    const resumeFrom = options.resumeFrom();
    this.#position = resumeFrom === undefined
      ? nanosecondsOf(parts.clock.now() - options.sinceSeconds * 1000)
      : BigInt(resumeFrom);
  }

  async run(): Promise<never> {
    const group = this.#group;
    const { signal } = group;
    group.run("state", (inner) => this.#keepTelling(inner));
    try {
      await this.#followPods(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      await group.settled().catch((failure: unknown) => {
        // The group says which of its tasks failed; why is what counts.
        throw failure instanceof Error && failure.cause !== undefined ? failure.cause : failure;
      });
      throw error;
    } finally {
      group.close();
      await group.settled().catch(() => {});
    }
    throw new Error("The watch of the pods has ended");
  }

  async #followPods(signal: AbortSignal): Promise<void> {
    const { api, clock, metrics } = this.#parts;
    const { namespace, podSelector, onResumed } = this.#options;
    const labels = { source: this.#options.source, gvr: gvrLabel(PODS) };
    const target = { gvr: PODS, namespace, labelSelector: podSelector, hasBookmarks: true };
    let isResumed = false;
    for await (const event of watchResource(target, api, clock, signal)) {
      if (event.kind !== "restarting" && event.kind !== "relisting") {
        metrics.watchLastEvent.set(labels, clock.now() / 1000);
      }
      switch (event.kind) {
        case "relisting":
          this.#list++;
          break;
        case "listed":
        case "present":
        case "added":
        case "modified":
          this.#put(event.object);
          break;
        case "deleted":
          this.#retire(
            event.object.metadata.uid ?? "",
            event.object.metadata.deletionTimestamp !== undefined,
          );
          break;
        case "relisted":
          for (const pod of [...this.#pods.values()]) {
            if (pod.list !== this.#list) this.#retire(pod.key, true);
          }
          if (!isResumed) onResumed();
          isResumed = true;
          this.#confirm();
          break;
        case "bookmark":
          this.#confirm();
          break;
        case "opened":
          this.#podsState = { kind: "running" };
          this.#tell();
          break;
        case "restarting": {
          metrics.watchRestarts.inc({ ...labels, reason: event.reason });
          this.#warn(labels.gvr, event.reason, event.error);
          this.#podsState = stateAfter(event.reason, event.error) ?? this.#podsState;
          this.#tell();
          break;
        }
        default:
          event satisfies never;
      }
    }
  }

  #put(object: KubeObject): void {
    const { container, ownNamespace, keepNamespaces } = this.#options;
    if (keepNamespaces?.has(object.metadata.namespace ?? "") === false) return;
    const pod = readLoggedPod(object, container, ownNamespace);
    if (pod === undefined) return;
    const known = this.#pods.get(pod.uid) ?? { key: pod.uid, containers: new Map(), list: this.#list };
    this.#pods.set(pod.uid, known);
    known.list = this.#list;
    for (const status of pod.containers) {
      const before = known.containers.get(status.name);
      if (before !== undefined) {
        before.update(status);
        continue;
      }
      const { api, clock, slots, metrics } = this.#parts;
      const reader = new ContainerLog(pod, status, this.#position, {
        api,
        clock,
        slots,
        patterns: this.#options.patterns,
        take: (line, settled) => this.#take(line, settled),
        onSignOfLife: () => metrics.watchLastEvent.set(this.#labels, clock.now() / 1000),
        onRestart: (reason, error) => {
          metrics.watchRestarts.inc({ ...this.#labels, reason });
          this.#warn(`${pod.namespace}/${pod.name}/${status.name}`, reason, error);
        },
      });
      known.containers.set(status.name, reader);
      this.#readers.add(reader);
      this.#group.run(`log of ${pod.namespace}/${pod.name}/${status.name}`, async (inner) => {
        await reader.run(inner);
        this.#readers.delete(reader);
      });
    }
  }

  #retire(key: string, isDeleted: boolean): void {
    for (const reader of this.#pods.get(key)?.containers.values() ?? []) reader.retire(isDeleted);
    this.#pods.delete(key);
  }

  async #take(line: LogLine, settled: () => void): Promise<void> {
    const slot = await this.#lines.take(this.#group.signal);
    this.#group.run("line", async () => {
      try {
        await this.#options.take(toSignal(line, this.#options.source, this.#parts.clock));
        settled();
      } finally {
        slot[Symbol.dispose]();
      }
    });
  }

  /** The pods are known as they stand there now: what was read up to here may be left behind. */
  #confirm(): void {
    let position = nanosecondsOf(this.#parts.clock.now()) - CLOCK_SKEW_NANOSECONDS;
    for (const reader of this.#readers) {
      reader.confirm();
      const own = reader.position;
      if (own !== undefined && own < position) position = own;
    }
    // It never moves back: what comes later than it says is read again, and has its Observation already.
    this.#position = later(this.#position, position);
    this.#options.onPosition(String(this.#position));
  }

  async #keepTelling(signal: AbortSignal): Promise<void> {
    while (true) {
      await this.#parts.clock.sleep(STATE_MILLISECONDS, signal);
      this.#tell();
    }
  }

  #tell(): void {
    const containers = [...this.#pods.values()].flatMap((pod) =>
      [...pod.containers.values()].map(({ state }) => state)
    );
    const state = stateOfLogs({
      pods: this.#podsState,
      podCount: this.#pods.size,
      containers,
      limit: this.#parts.slots.limit,
    });
    const text = JSON.stringify(state);
    if (text === this.#told) return;
    this.#told = text;
    this.#options.onState(state);
  }

  #warn(what: string, reason: RestartReason, error: Error | undefined): void {
    if (error === undefined) return;
    this.#parts.log.component("source").warn("Log restarting", {
      ...this.#labels,
      what,
      reason,
      error: error.message,
    });
  }
}

function toSignal(line: LogLine, source: string, clock: Clock): Signal {
  return {
    source,
    payload: { ...line, pattern: { ...line.pattern } },
    receivedAt: new Date(clock.now()).toISOString(),
    origin: {
      apiVersion: "v1",
      kind: "Pod",
      name: line.podName,
      namespace: line.namespace,
      uid: line.podUid,
      resourceVersion: undefined,
    },
    createdAt: line.timestamp === "" ? undefined : line.timestamp,
  };
}
