import type { ObservationRef, RejectedReason } from "../model/verdict.ts";
import { isUntaken, reasonFor } from "./reason_for.ts";
import type { TakenFinding } from "./route.ts";

/** What became of the findings of one request (contract, section 8). */
export interface AnswerBody {
  readonly received: number;
  readonly created: number;
  readonly deduplicated: number;
  readonly filtered: number;
  /** Also those that were laid aside as dead letters. */
  readonly rejected: number;
  readonly spooled: number;
  /** Each once, also those that existed. */
  readonly observations: readonly ObservationRef[];
  /** What was rejected: place in the request, and why. */
  readonly errors: readonly { readonly index: number; readonly reason: string }[];
}

/** One status for all findings, and what it is made of. */
export interface Answer {
  readonly status: 200 | 201 | 202 | 400 | 500 | 503;
  readonly body: AnswerBody;
}

/** Who could mend it: the sender, by sending something else; time, by sending it again; or only ourselves. */
const MENDED_BY: Readonly<Record<RejectedReason, "sender" | "time" | "ourselves">> = {
  invalid_json: "sender",
  wrong_shape: "sender",
  too_large: "sender",
  refused: "sender",
  // Nothing that time mends by itself: who sends it again and again would never be done.
  budget: "sender",
  unavailable: "time",
  term_ended: "time",
  internal: "ourselves",
};

/**
 * The answer to a request whose findings went so: 503 if one could neither be written nor spooled; else 202 if one was
 * spooled; else 201 if one was created; else 200; 400 only if all were rejected.
 */
export function answer(verdicts: readonly TakenFinding[]): Answer {
  const count = (kind: TakenFinding["kind"]): number =>
    verdicts.filter((verdict) => verdict.kind === kind).length;
  const body: AnswerBody = {
    received: verdicts.length,
    created: count("created"),
    deduplicated: count("deduplicated"),
    filtered: count("filtered"),
    rejected: count("rejected") + count("dead-lettered"),
    spooled: count("spooled"),
    observations: observationsOf(verdicts),
    errors: verdicts.flatMap((verdict, index) =>
      isUntaken(verdict) ? [{ index, reason: reasonFor(verdict) }] : []
    ),
  };
  return { status: statusOf(verdicts, body), body };
}

/** The answer when the request could not be split into findings: that counts as one, rejected. */
export function rejectedWhole(reason: string): AnswerBody {
  return {
    received: 1,
    created: 0,
    deduplicated: 0,
    filtered: 0,
    rejected: 1,
    spooled: 0,
    observations: [],
    errors: [{ index: 0, reason }],
  };
}

function statusOf(verdicts: readonly TakenFinding[], body: AnswerBody): Answer["status"] {
  const isMendedBy = (who: (typeof MENDED_BY)[RejectedReason]): boolean =>
    verdicts.some((verdict) => verdict.kind === "rejected" && MENDED_BY[verdict.reason] === who);
  if (isMendedBy("time")) return 503;
  if (body.spooled > 0) return 202;
  if (body.created > 0) return 201;
  if (body.rejected === 0 || body.rejected < body.received) return 200;
  return isMendedBy("ourselves") ? 500 : 400;
}

function observationsOf(verdicts: readonly TakenFinding[]): readonly ObservationRef[] {
  const byKey = new Map<string, ObservationRef>();
  for (const verdict of verdicts) {
    if (verdict.kind !== "created" && verdict.kind !== "deduplicated") continue;
    const { namespace, name } = verdict.observation;
    byKey.set(`${namespace}/${name}`, { namespace, name });
  }
  return [...byKey.values()];
}
