import type { DeadLetterReason, RejectedReason, Verdict } from "../model/verdict.ts";
import type { TakenFinding } from "./route.ts";

/** A finding that its sender is told a reason of. */
export type Untaken = Extract<Verdict, { readonly kind: "rejected" | "dead-lettered" }>;

const REFUSED = "The API server refuses what it would be written as";

/**
 * What a sender is told where the verdict's own message may be the API server's: that names paths of the API, webhooks of
 * admission or other people's objects, which the log, the dead letter and the Ingester's condition keep. Undefined: the message
 * is our own, about what was sent or what the Ingester says of it.
 */
const TOLD: Readonly<Record<RejectedReason | DeadLetterReason, string | undefined>> = {
  invalid_json: undefined,
  wrong_shape: undefined,
  budget: undefined,
  internal: undefined,
  too_large: undefined,
  term_ended: "It could not be written now",
  unavailable: "It could be neither written nor spooled now",
  refused: REFUSED,
  invalid: REFUSED,
  too_old: "It could not be written in time",
  retries_exhausted: "It could not be written in as many tries as its Ingester allows",
  ingester_gone: "Its Ingester does not exist any more",
};

/** A path within an object, and nothing that could be a sentence. */
const FIELD = /^[A-Za-z0-9_.[\]-]{1,120}$/;
const MOST_FIELDS = 8;

/** Whether a finding was not taken, so that its sender is told why. */
export function isUntaken(finding: TakenFinding): finding is Untaken {
  return finding.kind === "rejected" || finding.kind === "dead-lettered";
}

/** Why a finding was not taken, in words that are for its sender. */
export function reasonFor(verdict: Untaken): string {
  const told = verdict.kind === "dead-lettered" && verdict.reason === "too_large"
    ? "It is larger than the API server takes"
    : TOLD[verdict.reason];
  if (told === undefined) return verdict.message;
  const fields = (verdict.fields ?? []).filter((field) => FIELD.test(field)).slice(0, MOST_FIELDS);
  return fields.length === 0 ? told : `${told}: see ${fields.join(", ")}`;
}
