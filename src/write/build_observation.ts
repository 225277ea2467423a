import type { Finding } from "../model/finding.ts";
import type { Fingerprint } from "../model/fingerprint.ts";
import { API_VERSION, GROUP, type Observation, type Origin } from "../model/observation.ts";
import { ingesterLabel, labelValue, shortHash } from "./label_value.ts";

/** Who managed-by names; collection touches only what carries it. */
export const MANAGED_BY = "zen-watcher";
/** The label that says who manages an object. */
export const MANAGED_BY_LABEL = "app.kubernetes.io/managed-by";

/** What an Observation is made of beside its finding. */
export interface Circumstances {
  readonly source: string;
  readonly namespace: string;
  readonly ingester: { readonly namespace: string; readonly name: string };
  readonly origin: Origin | undefined;
  /** RFC 3339; stands where the finding has no time of its own. */
  readonly receivedAt: string;
  /** For what happened; what shows a state does not expire while it lasts. */
  readonly ttlSeconds: number;
}

/** Makes the object that is written: spec and labels, all from what was seen. */
export function buildObservation(finding: Finding, id: Fingerprint, seen: Circumstances): Observation {
  const label = (name: string): string => `${GROUP}/${name}`;
  return {
    apiVersion: API_VERSION,
    kind: "Observation",
    metadata: {
      name: id.name,
      namespace: seen.namespace,
      labels: {
        [MANAGED_BY_LABEL]: MANAGED_BY,
        [label("source")]: labelValue(seen.source),
        [label("severity")]: finding.severity,
        [label("category")]: finding.category,
        [label("event-type")]: labelValue(finding.eventType),
        [label("ingester")]: ingesterLabel(seen.ingester.namespace, seen.ingester.name),
        ...(seen.origin === undefined ? {} : { [label("origin")]: originLabel(seen.origin) }),
      },
    },
    spec: {
      source: seen.source,
      category: finding.category,
      severity: finding.severity,
      eventType: finding.eventType,
      title: finding.title,
      ...(finding.description === undefined ? {} : { description: finding.description }),
      detectedAt: finding.detectedAt ?? seen.receivedAt,
      ...(finding.resource === undefined ? {} : { resource: finding.resource }),
      details: finding.details,
      ...(finding.priority === undefined ? {} : { priority: finding.priority }),
      fingerprint: id.hash,
      ...(finding.isState ? {} : { ttlSecondsAfterCreation: seen.ttlSeconds }),
      ingester: seen.ingester,
      ...(seen.origin === undefined ? {} : { origin: seen.origin }),
    },
  };
}

/** 16 characters over group, kind, namespace and name of the report; not its uid, since reports are recreated. */
export function originLabel(origin: Origin): string {
  const group = origin.apiVersion?.includes("/") === true ? origin.apiVersion.split("/")[0] ?? "" : "";
  return shortHash(JSON.stringify([group, origin.kind ?? "", origin.namespace ?? "", origin.name ?? ""]), 16);
}
