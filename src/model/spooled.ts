import type { GroupVersionResource } from "./ingester.ts";
import type { Json } from "./json.ts";
import type { Observation } from "./observation.ts";

interface Common {
  /** `spec.source` of the Ingester when it came in; its findings are counted under it. */
  readonly source: string;
  readonly ingester: { readonly namespace: string; readonly name: string };
  /** When it was put aside, RFC 3339; what it is too old by. */
  readonly spooledAt: string;
}

/** The payload of a webhook of which not everything has a verdict yet. */
export interface SpooledSignal extends Common {
  readonly kind: "signal";
  /** When it came in, RFC 3339: the time of findings without one of their own, today and at every replay. */
  readonly receivedAt: string;
  readonly payload: Json;
  /** Which of its findings have no verdict, by their place. */
  readonly open: readonly number[];
  /** How many findings it was split into. */
  readonly total: number;
}

/** An Observation as it was to be written. */
export interface SpooledObservation extends Common {
  readonly kind: "observation";
  readonly observation: Observation;
  /** Another custom resource that it was to be written as. */
  readonly destination?: GroupVersionResource | undefined;
}

/** What can be kept on disk and tried again. */
export type Spooled = SpooledSignal | SpooledObservation;

/** How many findings of it have no verdict. */
export function openFindings(spooled: Spooled): number {
  return spooled.kind === "signal" ? spooled.open.length : 1;
}
