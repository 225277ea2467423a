import { canonicalJson } from "../model/canonical_json.ts";
import type { Json } from "../model/json.ts";
import type { Observation, ObservationSpec } from "../model/observation.ts";
import { sha256 } from "../model/sha256.ts";

/** What may change while a finding lasts; its identity, its times and where it was read are no part of it. */
const CONTENT = [
  "category",
  "severity",
  "eventType",
  "title",
  "description",
  "resource",
  "details",
  "priority",
] as const satisfies readonly (keyof ObservationSpec)[];

/** Stands for what an Observation says; the same for an object that was read back and one that is made of the same finding. */
export function contentHash({ spec }: Pick<Observation, "spec">): string {
  const content = Object.fromEntries(CONTENT.map((field) => [field, spec[field] ?? null]));
  return sha256(canonicalJson(content as Json)).toString("base64url").slice(0, 22);
}

/** What makes another Observation say what this one says, and belong to whom it belongs. */
export function contentPatch(
  wanted: Observation,
): { readonly spec: object; readonly labels: Record<string, string> } {
  const content = Object.fromEntries(CONTENT.map((field) => [field, wanted.spec[field] ?? null]));
  return {
    spec: { ...content, ingester: wanted.spec.ingester, origin: wanted.spec.origin ?? null },
    labels: { ...wanted.metadata.labels },
  };
}
