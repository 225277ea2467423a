import type { RecentNames } from "../deduplicate/recent_names.ts";
import type { GroupVersionResource } from "../model/ingester.ts";
import type { Observation } from "../model/observation.ts";
import type { ObservationRef, Verdict } from "../model/verdict.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Clock } from "../run/clock.ts";
import type { DeadLetterBox } from "../write/dead_letters.ts";
import { gvrText } from "../write/destination.ts";
import type { ObservationWriter, WriteResult, WriteTerms } from "../write/writer.ts";
import type { Lane } from "./lane.ts";
import type { Outcome } from "./outcome.ts";

/** How long and for whom the findings of one signal are written. */
export type ProcessTerms = Omit<WriteTerms, "isDryRun">;

/** The same with its end. */
export interface BoundedTerms extends Omit<ProcessTerms, "destination"> {
  /** Monotonic time, in milliseconds, up to which all findings of the signal are written. */
  readonly patientUntil: number;
}

/**
 * What is left of the patience that all findings of a signal share: however many it has, and whatever each waited for, the
 * sender waits once.
 */
export function leftOf(terms: BoundedTerms, clock: Pick<Clock, "monotonic">): ProcessTerms {
  return { ...terms, patienceMilliseconds: Math.max(1, terms.patientUntil - clock.monotonic()) };
}

/** What an Observation is written for. */
export type SinkLane = Pick<Lane, "source" | "ingester" | "isDryRun" | "errorHandling">;

/** What it works with. */
export interface ObservationSinkParts {
  readonly writer: ObservationWriter;
  readonly recent: RecentNames;
  readonly metrics: Metrics;
  readonly deadLetters: DeadLetterBox;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long it waits when there is no room for a dead letter of what may still pass. */
const NO_ROOM_MILLISECONDS = 15_000;

/** The end of the way: an Observation is written, found there, laid aside for good, or left open. */
export class ObservationSink {
  readonly #writer: ObservationWriter;
  readonly #recent: RecentNames;
  readonly #metrics: Metrics;
  readonly #deadLetters: DeadLetterBox;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(parts: ObservationSinkParts) {
    this.#writer = parts.writer;
    this.#recent = parts.recent;
    this.#metrics = parts.metrics;
    this.#deadLetters = parts.deadLetters;
    this.#clock = parts.clock;
    this.#log = parts.log.component("pipeline");
  }

  /**
   * Writes it under these terms; one that is written already is deduplicated.
   *
   * @param destination another custom resource that it is written as
   * @throws the signal's reason when `abort` aborts, and TermEndedError
   */
  async put(
    observation: Observation,
    lane: SinkLane,
    terms: BoundedTerms,
    destination: GroupVersionResource | undefined,
    abort: AbortSignal,
  ): Promise<Outcome> {
    while (true) {
      const outcome = await this.#try(observation, lane, terms, destination, abort);
      if (outcome !== undefined) return outcome;
      await this.#clock.sleep(NO_ROOM_MILLISECONDS, abort);
    }
  }

  /** Undefined: what may still pass was given up, and there was no room to keep it, so it is not. */
  async #try(
    observation: Observation,
    lane: SinkLane,
    terms: BoundedTerms,
    destination: GroupVersionResource | undefined,
    abort: AbortSignal,
  ): Promise<Outcome | undefined> {
    const result = await this.#writer.write(observation, {
      ...leftOf(terms, this.#clock),
      isDryRun: lane.isDryRun,
      retry: lane.errorHandling?.retry,
      destination,
    }, abort);
    switch (result.kind) {
      case "created":
      case "exists": {
        const ref = result.observation;
        if (!lane.isDryRun) this.#recent.add(recentOf(ref, destination));
        return this.asSeen({
          kind: result.kind === "created" ? "created" : "deduplicated",
          observation: ref,
        }, lane);
      }
      case "refused":
        return await this.#layAside(observation, destination, result, lane);
      case "unavailable":
        return { ...result, kind: "open" };
      default:
        return result satisfies never;
    }
  }

  /** What the API server refuses for good is kept with its reason, or at least said. */
  async #layAside(
    observation: Observation,
    destination: GroupVersionResource | undefined,
    { reason, message, fields }: Extract<WriteResult, { kind: "refused" }>,
    lane: SinkLane,
  ): Promise<Verdict | undefined> {
    const { source, ingester, errorHandling } = lane;
    const { namespace, name } = observation.metadata;
    const spooledAt = new Date(this.#clock.now()).toISOString();
    const isWanted = !lane.isDryRun && errorHandling?.keepsDeadLetters !== false;
    const isKept = isWanted && await this.#deadLetters.put({
      reason,
      message,
      what: {
        kind: "observation",
        source,
        ingester,
        spooledAt,
        observation,
        ...(destination === undefined ? {} : { destination }),
      },
    });
    this.#log.error("Observation not taken by the API server", {
      source,
      namespace,
      name,
      reason: message,
      kept_as_dead_letter: isKept,
    });
    const said = { message, ...(fields === undefined ? {} : { fields }) };
    if (isKept) return { kind: "dead-lettered", reason, ...said };
    if (isWanted && reason === "retries_exhausted") return undefined;
    return this.asSeen({ kind: "rejected", reason: "refused", ...said }, lane);
  }

  /** With dryRun nothing was written: what would have happened is counted beside. */
  asSeen(verdict: Verdict, lane: SinkLane): Verdict {
    if (!lane.isDryRun) return verdict;
    this.#metrics.dryRun.inc({ source: lane.source, verdict: verdict.kind });
    this.#log.info("Dry run", { source: lane.source, ingester: lane.ingester.name, verdict: verdict.kind });
    return { kind: "filtered", reason: "dry_run" };
  }
}

/** Under what it is remembered that something was written lately; the same finding may go to several places. */
export function recentOf(
  ref: ObservationRef,
  destination: GroupVersionResource | undefined,
): ObservationRef {
  if (destination === undefined) return ref;
  return { namespace: `${gvrText(destination)}/${ref.namespace}`, name: ref.name };
}
