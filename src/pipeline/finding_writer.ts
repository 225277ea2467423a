import type { Finding } from "../model/finding.ts";
import type { Fingerprint } from "../model/fingerprint.ts";
import type { Observation } from "../model/observation.ts";
import type { Signal } from "../model/signal.ts";
import type { ObservationRef } from "../model/verdict.ts";
import type { Clock } from "../run/clock.ts";
import { buildObservation } from "../write/build_observation.ts";
import type { FollowedReport } from "../write/followed_report.ts";
import type { Metrics } from "../observe/metrics.ts";
import { RateLimits } from "../write/rate_limit.ts";
import type { ToldStates } from "../write/told_states.ts";
import type { Lane } from "./lane.ts";
import type { BoundedTerms as SinkTerms, ObservationSink, ProcessTerms } from "./observation_sink.ts";
import type { Open, Outcome } from "./outcome.ts";

/** Under what terms the findings of one signal are written. */
export interface BoundedTerms extends SinkTerms {
  readonly followed?: FollowedReport | undefined;
}

/** What it works with. */
export interface FindingWriterParts {
  readonly sink: ObservationSink;
  readonly toldStates: ToldStates;
  readonly metrics: Pick<Metrics, "rateLimitWaits">;
  readonly clock: Clock;
}

/** Writes one finding: what stands of it is confirmed, else it becomes an Observation. */
export class FindingWriter {
  readonly #sink: ObservationSink;
  readonly #toldStates: ToldStates;
  readonly #metrics: Pick<Metrics, "rateLimitWaits">;
  readonly #clock: Clock;
  readonly #rates: RateLimits;

  constructor(parts: FindingWriterParts) {
    this.#sink = parts.sink;
    this.#toldStates = parts.toldStates;
    this.#metrics = parts.metrics;
    this.#clock = parts.clock;
    this.#rates = new RateLimits(parts.clock);
  }

  /** @throws the signal's reason when `abort` aborts, and TermEndedError */
  async write(
    finding: Finding,
    id: Fingerprint,
    { namespace }: ObservationRef,
    signal: Signal,
    lane: Lane,
    terms: BoundedTerms,
    abort: AbortSignal,
  ): Promise<Outcome> {
    const observation = observationOf(finding, id, namespace, signal, lane);
    const ref = { namespace, name: id.name };
    const { followed } = terms;
    if (followed !== undefined && await followed.confirm(observation, abort)) {
      return { kind: "deduplicated", observation: ref };
    }
    const paced = await this.#pace(lane, terms, abort);
    if (paced !== undefined) return paced;
    const outcome = await this.#sink.put(observation, lane, terms, abort);
    if (outcome.kind !== "deduplicated" || !finding.isState) return outcome;
    if (followed !== undefined) await followed.meet(observation, abort);
    else if (signal.origin === undefined) {
      const left = leftOf(terms, this.#clock);
      const persisted = await this.#toldStates.goesOn(observation, left, abort);
      if (persisted.kind === "unavailable") return { ...persisted, kind: "open", isStalled: false };
    }
    return outcome;
  }

  /** Waits for its turn at the rate of its Ingester; open when its sender cannot wait for that. */
  async #pace(lane: Lane, terms: BoundedTerms, abort: AbortSignal): Promise<Open | undefined> {
    if (lane.rateLimit === undefined) return undefined;
    const bucket = this.#rates.of(lane.rateLimit);
    if (terms.patientUntil === Infinity) {
      if (await bucket.take(abort)) this.#metrics.rateLimitWaits.inc({ source: lane.source });
      return undefined;
    }
    const retryAfterMilliseconds = bucket.tryTake();
    if (retryAfterMilliseconds === undefined) return undefined;
    this.#metrics.rateLimitWaits.inc({ source: lane.source });
    const { requestsPerSecond } = lane.rateLimit;
    const message = `spec.rateLimit lets ${requestsPerSecond} findings be written in a second`;
    return { kind: "open", message, isStalled: false, isPaced: true, retryAfterMilliseconds };
  }
}

/** The Observation that a finding is written as. */
export function observationOf(
  finding: Finding,
  id: Fingerprint,
  namespace: string,
  signal: Signal,
  lane: Lane,
): Observation {
  return buildObservation(finding, id, {
    source: lane.source,
    namespace,
    ingester: lane.ingester,
    origin: signal.origin,
    receivedAt: signal.receivedAt,
    ttlSeconds: lane.ttlSeconds(finding.severity),
  });
}

/** What is left of the patience that all findings of a signal share: the sender waits once. */
export function leftOf(terms: SinkTerms, clock: Pick<Clock, "monotonic">): ProcessTerms {
  return { ...terms, patienceMilliseconds: Math.max(1, terms.patientUntil - clock.monotonic()) };
}
