import type { Finding, Normalized } from "../model/finding.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { cutDescription, cutTitle } from "./cut_text.ts";
import { makeDetails } from "./details.ts";

/** A finding as a normalizer read it, before it is brought within the limits of an Observation. */
export interface Draft extends Omit<Finding, "title" | "description" | "details" | "identity"> {
  readonly title: string;
  readonly description?: string | undefined;
  readonly details: JsonObject;
  /** Absent fields may be undefined; they become null. */
  readonly identity: readonly (Json | undefined)[];
}

/** Makes a finding within its limits: clean texts, title and description cut, details redacted and cut. */
export function makeFinding(draft: Draft): Normalized {
  const description = cutDescription(draft.description ?? "");
  return {
    kind: "finding",
    finding: {
      ...draft,
      title: cutTitle(draft.title) || draft.eventType,
      description: description === "" ? undefined : description,
      details: makeDetails(draft.details),
      identity: draft.identity.map((field) => field ?? null),
    },
  };
}
