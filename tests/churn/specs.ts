import type { IngesterSpec } from "../../src/model/ingester.ts";
import { SEVERITIES } from "../../src/model/severity.ts";
import type { Random } from "../chaos/random.ts";

/** The namespaces in which things happen. */
export const NAMESPACES = ["churn-a", "churn-b"] as const;
/** The webhook that nobody touches. */
export const ANCHOR = { name: "anchor", path: "/ingest/anchor" } as const;

const OPEN = { auth: { type: "none" } } as const;
const EVENTS = { group: "", version: "v1", resource: "events" } as const;

/** The Ingesters that nobody touches: what they take must all be there, whatever becomes of the others. */
export const STANDING: Readonly<Record<string, IngesterSpec>> = {
  [ANCHOR.name]: { source: ANCHOR.name, webhook: OPEN },
  events: { source: "kubernetes-events", namespaces: NAMESPACES },
};

/** What an Ingester of the churn is: one that reads takes all Events about its pod, or says why it takes none. */
export interface ChurnedSpec {
  readonly spec: IngesterSpec;
  /** True: each Event about its pod must be an Observation of its source, since nothing is left out. */
  readonly takesAll: boolean;
}

/** The source of a place, one by one a webhook or an informer for as long as the churn lasts. */
export function sourceOf(place: number): string {
  return `churned-${place}`;
}

/** The name of the pod that the informer of a place asks for. */
export function podOf(place: number): string {
  return `pod-${place}`;
}

/** True for the places whose Ingesters are webhooks. */
export function isWebhook(place: number): boolean {
  return place % 2 === 0;
}

/** Another Ingester for a place. */
export function specOf(place: number, random: Random): ChurnedSpec {
  return isWebhook(place) ? webhookOf(place, random) : informerOf(place, random);
}

function webhookOf(place: number, random: Random): ChurnedSpec {
  const source = sourceOf(place);
  const spec: IngesterSpec = {
    source,
    webhook: random.isIn(0.2) ? { ...OPEN, path: `/hooks/${source}/${random.between(0, 3)}` } : OPEN,
    suspend: random.isIn(0.1),
    dryRun: random.isIn(0.1),
    ...(random.isIn(0.3) ? { filters: { minSeverity: random.oneOf(SEVERITIES) } } : {}),
    ...(random.isIn(0.2) ? { filters: { expression: `signal.number != '${random.between(0, 9)}'` } } : {}),
    ...(random.isIn(0.2)
      ? {
        normalization: {
          title: `Number ${random.between(0, 99)}: {{ .number }}`,
          fieldMapping: [{ from: "severity", to: "severity" }],
        },
      }
      : {}),
    ...(random.isIn(0.2) ? { deduplication: { strategy: "key", fields: ["number"], window: "10m" } } : {}),
    ...(random.isIn(0.2) ? { ttl: { default: `${random.between(1, 48)}h` } } : {}),
  };
  // What cannot work stands beside what does, and takes nothing from it.
  if (random.isIn(0.05)) {
    return { spec: { ...spec, filters: { expression: "observation." } }, takesAll: false };
  }
  if (random.isIn(0.05)) {
    return { spec: { ...spec, webhook: { ...OPEN, path: ANCHOR.path } }, takesAll: false };
  }
  return { spec, takesAll: false };
}

function informerOf(place: number, random: Random): ChurnedSpec {
  const isForbidden = random.isIn(0.05);
  const suspend = random.isIn(0.15);
  return {
    spec: {
      source: sourceOf(place),
      ingester: "informer",
      namespaces: [NAMESPACES[0]],
      informer: isForbidden
        ? { gvr: { group: "", version: "v1", resource: "services" } }
        : { gvr: EVENTS, fieldSelector: `involvedObject.name=${podOf(place)}` },
      suspend,
      ttl: { default: `${random.between(1, 48)}h` },
      ...(random.isIn(0.5) ? { filters: { minSeverity: random.oneOf(["medium", "low", "info"]) } } : {}),
    },
    takesAll: !isForbidden && !suspend,
  };
}
