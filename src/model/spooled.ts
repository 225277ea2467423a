import { z } from "zod";
import type { GroupVersionResource } from "./ingester.ts";
import type { Json } from "./json.ts";
import { API_VERSION, CATEGORIES, type Observation } from "./observation.ts";
import { SEVERITIES } from "./severity.ts";

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

const text = z.string().min(1).max(253);
const time = z.string().max(64).refine((value) => !Number.isNaN(Date.parse(value)));
const common = {
  source: z.string().regex(/^[a-z0-9-]+$/).max(63),
  ingester: z.looseObject({ namespace: text, name: text }),
  spooledAt: time,
};
const strings = z.record(z.string(), z.string()).optional();
/** What is read of a record; fields beside it may come from a newer version. */
const spooledSchema = z.discriminatedUnion("kind", [
  z.looseObject({
    ...common,
    kind: z.literal("signal"),
    receivedAt: time,
    payload: z.unknown().refine((payload) => payload !== undefined),
    open: z.array(z.int().min(0)).refine((open) =>
      open.every((place, index) => index === 0 || place > (open[index - 1] ?? 0))
    ),
    total: z.int().min(0),
  }).refine(({ open, total }) => open.every((place) => place < total)),
  z.looseObject({
    ...common,
    kind: z.literal("observation"),
    observation: z.looseObject({
      apiVersion: z.literal(API_VERSION),
      kind: z.literal("Observation"),
      metadata: z.looseObject({
        name: text,
        namespace: text,
        labels: strings,
        annotations: strings,
      }),
      spec: z.looseObject({
        category: z.enum(CATEGORIES).optional(),
        severity: z.enum(SEVERITIES).optional(),
      }),
    }),
    destination: z.looseObject({ group: text, version: text, resource: text }).optional(),
  }),
]);

/** Whether something that was read has all that is needed of a record: another version may have written it otherwise. */
export function isSpooled(value: unknown): value is Spooled {
  return spooledSchema.safeParse(value).success;
}
