import { at, isJsonObject, type JsonObject, textAt } from "../model/json.ts";

/** Annotation that says to which installation (RELEASE_NAME) a Lease belongs. */
export const RELEASE_ANNOTATION = "zen.kube-zen.io/release";

/** A coordination.k8s.io/v1 Lease, as far as an election reads and writes it. */
export interface LeaseRecord {
  /** Who leads; "" when it was released. */
  readonly holderIdentity: string;
  /** How long the holder may be silent; undefined when it does not say. */
  readonly leaseDurationSeconds: number | undefined;
  /** Stamps of the holder's wall clock: compared for equality, never with a clock of ours. */
  readonly acquireTime: string | undefined;
  readonly renewTime: string | undefined;
  /** How often the holder changed. */
  readonly leaseTransitions: number;
  /** Annotation `zen.kube-zen.io/release`. */
  readonly release: string | undefined;
  /** "" for a record that was not written yet. */
  readonly resourceVersion: string;
  /** What was read, so that an update keeps what this program does not know; undefined when nothing was. */
  readonly object: JsonObject | undefined;
}

/**
 * Reads a Lease.
 *
 * @throws TypeError when it is none
 */
export function parseLease(value: unknown): LeaseRecord {
  const resourceVersion = textAt(value, "metadata", "resourceVersion");
  if (!isJsonObject(value) || resourceVersion === undefined) {
    throw new TypeError("Cannot read a Lease: it must be an object with metadata.resourceVersion");
  }
  return {
    holderIdentity: textAt(value, "spec", "holderIdentity") ?? "",
    leaseDurationSeconds: numberAt(value, "leaseDurationSeconds"),
    acquireTime: textAt(value, "spec", "acquireTime"),
    renewTime: textAt(value, "spec", "renewTime"),
    leaseTransitions: numberAt(value, "leaseTransitions") ?? 0,
    release: textAt(value, "metadata", "annotations", RELEASE_ANNOTATION),
    resourceVersion,
    object: value,
  };
}

/** The Lease to send for a record; labels, annotations and fields that it came with are kept. */
export function leaseOf(
  record: LeaseRecord,
  name: { readonly namespace: string; readonly name: string },
): JsonObject {
  const { object, release, resourceVersion } = record;
  const metadata = objectAt(object, "metadata");
  const annotations = objectAt(metadata, "annotations");
  return {
    ...object,
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      ...metadata,
      ...name,
      ...(resourceVersion === "" ? {} : { resourceVersion }),
      ...(release === undefined ? {} : { annotations: { ...annotations, [RELEASE_ANNOTATION]: release } }),
    },
    spec: {
      ...objectAt(object, "spec"),
      holderIdentity: record.holderIdentity,
      leaseDurationSeconds: record.leaseDurationSeconds,
      acquireTime: record.acquireTime,
      renewTime: record.renewTime,
      leaseTransitions: record.leaseTransitions,
    },
  };
}

/** Whether two records say the same of who leads and since when; what else was changed is no renewal. */
export function isSameHold(one: LeaseRecord, other: LeaseRecord): boolean {
  return one.holderIdentity === other.holderIdentity &&
    one.renewTime === other.renewTime &&
    one.acquireTime === other.acquireTime &&
    one.leaseDurationSeconds === other.leaseDurationSeconds &&
    one.leaseTransitions === other.leaseTransitions;
}

function numberAt(lease: JsonObject, field: string): number | undefined {
  const found = at(lease, "spec", field);
  return typeof found === "number" && Number.isInteger(found) ? found : undefined;
}

function objectAt(value: JsonObject | undefined, field: string): JsonObject {
  const found = at(value, field);
  return isJsonObject(found) ? found : {};
}
