import { type Api, resourcePath } from "../kube/api.ts";
import { isApiError } from "../kube/errors.ts";
import type { Condition, Ingester, IngesterStatus } from "../model/ingester.ts";
import { shortHash } from "../write/label_value.ts";
import type { Log } from "../observe/log.ts";
import type { Clock } from "../run/clock.ts";

/** What a person should know of an Ingester. */
export interface Notice {
  readonly type: "Normal" | "Warning";
  /** What `kubectl get events` shows as reason, in CamelCase. */
  readonly reason: string;
  readonly message: string;
}

/** What Events are written with. */
export interface IngesterEventsParts {
  readonly api: Api;
  readonly clock: Clock;
  readonly log: Log;
  /** The name of this replica. */
  readonly identity: string;
}

/** What somebody must act on. */
const TROUBLES: ReadonlySet<string> = new Set(["Invalid", "Forbidden", "SourceMissing", "Degraded"]);
const EVENTS = { group: "", version: "v1", resource: "events" };
/** A condition that comes and goes is told so often at once, and then once in five minutes, for each Ingester. */
const BURST = 10;
const REFILL_MILLISECONDS = 300_000;
/** As much as the API server takes. */
const MAX_MESSAGE_CHARACTERS = 1024;

/**
 * What a change of status has to tell: that an Ingester cannot work, that its mistake is another one after an edit, that it
 * overlaps, and that each is over. The status that stands in the cluster is the only memory, so that a new leader tells
 * nothing twice.
 */
export function noticesOf(before: IngesterStatus | undefined, after: IngesterStatus): readonly Notice[] {
  return [
    ...troubleNotices(find(before, "Ready"), find(after, "Ready")),
    ...overlapNotices(find(before, "Degraded"), find(after, "Degraded")),
  ];
}

function troubleNotices(before: Condition | undefined, after: Condition | undefined): readonly Notice[] {
  if (after === undefined) return [];
  const was = before !== undefined && TROUBLES.has(before.reason);
  if (!TROUBLES.has(after.reason)) {
    return was && after.status === "True"
      ? [{ type: "Normal", reason: "Recovered", message: after.message }]
      : [];
  }
  const isEdited = before?.observedGeneration !== after.observedGeneration;
  const isTold = before?.reason === after.reason && !(isEdited && before.message !== after.message);
  return isTold ? [] : [{ type: "Warning", reason: after.reason, message: after.message }];
}

function overlapNotices(before: Condition | undefined, after: Condition | undefined): readonly Notice[] {
  if (after === undefined) {
    return before === undefined
      ? []
      : [{ type: "Normal", reason: "Recovered", message: "It overlaps with no other Ingester any more" }];
  }
  return before?.message === after.message
    ? []
    : [{ type: "Warning", reason: after.reason, message: after.message }];
}

function find(status: IngesterStatus | undefined, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** Writes Kubernetes Events about Ingesters into their namespaces, at most so many for each. */
export class IngesterEvents {
  readonly #parts: IngesterEventsParts;
  /** By uid: how many were told lately, and since when that is counted. */
  readonly #told = new Map<string, { tokens: number; at: number }>();

  constructor(parts: IngesterEventsParts) {
    this.#parts = parts;
  }

  /** Tells one notice. What cannot be told is logged and not tried again: the condition says the same. */
  async tell(ingester: Ingester, notice: Notice, signal: AbortSignal): Promise<void> {
    const { api, log } = this.#parts;
    const { namespace, name, uid } = ingester.metadata;
    if (!this.#takeToken(uid)) return;
    try {
      await api.request({
        role: "write",
        method: "POST",
        path: resourcePath(EVENTS, namespace),
        body: this.#event(ingester, notice),
        timeoutMilliseconds: 10_000,
      }, signal);
    } catch (error) {
      if (!isApiError(error)) throw error;
      log.component("ingesters").warn("Cannot write an Event about an Ingester", {
        namespace,
        name,
        error: error.message,
      });
    }
  }

  #event({ apiVersion, kind, metadata }: Ingester, { type, reason, message }: Notice): unknown {
    const { clock, identity } = this.#parts;
    const now = clock.now();
    const seconds = `${new Date(now).toISOString().slice(0, 19)}Z`;
    const hash = shortHash(JSON.stringify([metadata.uid, reason, message, now]), 16);
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: {
        namespace: metadata.namespace,
        name: `${metadata.name}.${hash}`,
      },
      involvedObject: {
        apiVersion,
        kind,
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
      },
      type,
      reason,
      message: message.length > MAX_MESSAGE_CHARACTERS
        ? `${message.slice(0, MAX_MESSAGE_CHARACTERS - 3)}...`
        : message,
      source: { component: "zen-watcher", host: identity },
      reportingComponent: "zen-watcher",
      reportingInstance: identity,
      firstTimestamp: seconds,
      lastTimestamp: seconds,
      count: 1,
    };
  }

  #takeToken(uid: string): boolean {
    const now = this.#parts.clock.monotonic();
    for (const [key, { tokens, at }] of this.#told) {
      if (tokens + (now - at) / REFILL_MILLISECONDS >= BURST) this.#told.delete(key);
    }
    const { tokens, at } = this.#told.get(uid) ?? { tokens: BURST, at: now };
    const left = Math.min(BURST, tokens + (now - at) / REFILL_MILLISECONDS);
    this.#told.set(uid, { tokens: left < 1 ? left : left - 1, at: now });
    return left >= 1;
  }
}
