import { isJsonObject, textAt } from "../model/json.ts";
import type { GroupVersionResource } from "../model/ingester.ts";
import { base32 } from "../model/base32.ts";
import { isResourceVersion } from "../kube/resource_version.ts";
import { sha256 } from "../model/sha256.ts";

/** Where a watch may be resumed: everything up to there has its verdict (promise P3). */
export interface Checkpoint {
  readonly resourceVersion: string;
  /** When it was reached, RFC 3339. */
  readonly time: string;
  /** What the Ingester asked for then; a source that shows a state lists again when that has changed. */
  readonly spec?: string | undefined;
}

/** One watch of one Ingester. */
export interface WatchIdentity {
  /** metadata.uid of the Ingester. */
  readonly uid: string;
  readonly gvr: GroupVersionResource;
  /** Undefined: all. */
  readonly namespace: string | undefined;
  readonly labelSelector: string | undefined;
  readonly fieldSelector: string | undefined;
}

const HASH_LENGTH = 16;

/** The key of a watch's checkpoint: `<uid>.<16 base32 of gvr, namespace, selectors>` (contract, section 6). */
export function checkpointKey(watch: WatchIdentity): string {
  const { group, version, resource } = watch.gvr;
  const parts = [group, version, resource, watch.namespace, watch.labelSelector, watch.fieldSelector];
  const hash = base32(sha256(JSON.stringify(parts.map((part) => part ?? null)))).slice(0, HASH_LENGTH);
  return `${watch.uid}.${hash}`;
}

/** The uid of the Ingester that a key belongs to. */
export function uidOfKey(key: string): string {
  return key.slice(0, key.lastIndexOf("."));
}

/** A checkpoint as the text that is saved. */
export function checkpointText({ resourceVersion, time, spec }: Checkpoint): string {
  return JSON.stringify({ resourceVersion, time, spec });
}

/** Reads a saved checkpoint; undefined when it is none. */
export function readCheckpoint(text: unknown): Checkpoint | undefined {
  let value: unknown;
  try {
    value = typeof text === "string" ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
  const resourceVersion = textAt(value, "resourceVersion");
  const time = textAt(value, "time");
  if (!isJsonObject(value) || resourceVersion === undefined || time === undefined) return undefined;
  if (!isResourceVersion(resourceVersion) || Number.isNaN(Date.parse(time))) return undefined;
  return { resourceVersion, time, spec: textAt(value, "spec") };
}
