import type { Finding } from "../model/finding.ts";
import type { Fingerprint } from "../model/fingerprint.ts";
import type { Observation } from "../model/observation.ts";
import type { Origin } from "../model/observation.ts";
import type { Signal } from "../model/signal.ts";
import type { ObservationRef } from "../model/verdict.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { RecentNames } from "../deduplicate/recent_names.ts";
import type { Clock } from "../run/clock.ts";
import type { Budgets } from "../write/budget.ts";
import { buildObservation } from "../write/build_observation.ts";
import type { FollowedReport } from "../write/followed_report.ts";
import type { ObservationStore } from "../write/observation_store.ts";
import { persist } from "../write/persist.ts";
import { place, type PlaceSettings } from "../write/place.ts";
import { RateLimits } from "../write/rate_limit.ts";
import type { Repeats } from "../write/repeats.ts";
import type { ToldStates } from "../write/told_states.ts";
import type { Seat } from "./gathering.ts";
import type { Lane } from "./lane.ts";
import {
  type BoundedTerms as SinkTerms,
  leftOf,
  type ObservationSink,
  recentOf,
} from "./observation_sink.ts";
import type { Destinations } from "../write/destination.ts";
import { nameOf } from "./name_of.ts";
import type { Open, Outcome } from "./outcome.ts";
import { rollUpOfEvent, rollUpOfReport } from "./roll_up.ts";
import { signalTime } from "./signal_time.ts";

/** Under what terms the findings of one signal are written. */
export interface BoundedTerms extends SinkTerms {
  readonly followed?: FollowedReport | undefined;
  /** Where the findings of a report come together that have no room of their own; each must leave it at its end. */
  readonly seat?: Seat<Finding, Outcome> | undefined;
}

/** What it works with. */
export interface FindingWriterParts {
  readonly sink: ObservationSink;
  readonly toldStates: ToldStates;
  readonly budgets: Budgets;
  readonly store: Pick<ObservationStore, "get">;
  readonly repeats: Pick<Repeats, "add">;
  readonly recent: RecentNames;
  readonly place: PlaceSettings;
  readonly metrics: Pick<Metrics, "rateLimitWaits">;
  readonly clock: Clock;
}

/**
 * Writes one finding: what stands of it is confirmed, else it becomes an Observation, at the rate of its Ingester and as far as
 * its budget goes; beyond that it is rolled up.
 */
export class FindingWriter {
  readonly #parts: FindingWriterParts;
  readonly #rates: RateLimits;

  constructor(parts: FindingWriterParts) {
    this.#parts = parts;
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
    if (lane.destinations === undefined || (lane.isDryRun && lane.destinations.areObservationsWritten)) {
      return await this.#observe(finding, observation, signal, lane, terms, abort);
    }
    const elsewhere = await this.#putElsewhere(observation, lane, lane.destinations, terms, abort);
    if (elsewhere.kind === "open" || !lane.destinations.areObservationsWritten) return elsewhere;
    const outcome = await this.#observe(finding, observation, signal, lane, terms, abort);
    const isEverywhere = elsewhere.kind === "created" || elsewhere.kind === "deduplicated";
    // What could not be taken in one place is told by its verdict, once all that can be done is done.
    return isEverywhere || outcome.kind === "open" ? outcome : elsewhere;
  }

  async #observe(
    finding: Finding,
    observation: Observation,
    signal: Signal,
    lane: Lane,
    terms: BoundedTerms,
    abort: AbortSignal,
  ): Promise<Outcome> {
    const { namespace, name } = observation.metadata;
    const ref = { namespace, name };
    const followed = finding.isState ? terms.followed : undefined;
    if (followed !== undefined && await followed.confirm(observation, abort)) {
      return { kind: "deduplicated", observation: ref };
    }
    const { budgets } = this.#parts;
    // A dry run writes nothing that would fill it.
    const budget = lane.isDryRun ? undefined : lane.budget;
    if (budget === undefined) return await this.#put(finding, observation, signal, lane, terms, abort);
    if (budgets.reserve(lane.ingester, budget)) {
      let isCreated = false;
      try {
        const outcome = await this.#put(finding, observation, signal, lane, terms, abort);
        isCreated = outcome.kind === "created";
        return outcome;
      } finally {
        budgets.settle(lane.ingester, budget, isCreated);
      }
    }
    // What is followed and was not confirmed is known to have none.
    if (
      finding.severity !== "critical" && (followed !== undefined || !await this.#isThere(ref, terms, abort))
    ) {
      if (budget.onExceed === "rollup") return await this.#rollUp(finding, signal, lane, terms, abort);
      const message = `The budget of ${budget.maxObservations} Observations is used up`;
      return { kind: "rejected", reason: "budget", message };
    }
    const outcome = await this.#put(finding, observation, signal, lane, terms, abort);
    if (outcome.kind === "created") budgets.created(lane.ingester, budget);
    return outcome;
  }

  /** Writes the one Observation of those findings of a report that have no room of their own. */
  async rollUpReport(
    findings: readonly Finding[],
    origin: Origin,
    signal: Signal,
    lane: Lane,
    terms: BoundedTerms,
    abort: AbortSignal,
  ): Promise<Outcome> {
    const finding = rollUpOfReport(findings, origin);
    const id = nameOf(finding, signal, lane);
    const ref = { namespace: this.#namespaceOf(finding, lane), name: id.name };
    const observation = observationOf(finding, id, ref.namespace, signal, lane);
    const rolledUp = { kind: "deduplicated", observation: ref, isRolledUp: true } as const;
    const { followed } = terms;
    if (followed !== undefined && await followed.confirm(observation, abort)) return rolledUp;
    const outcome = await this.#put(finding, observation, signal, lane, terms, abort);
    if (outcome.kind !== "created") return outcome.kind === "deduplicated" ? rolledUp : outcome;
    this.#parts.budgets.created(lane.ingester, lane.budget);
    // How many they are stands in its status, which no create can set.
    await followed?.meet(observation, abort);
    return rolledUp;
  }

  async #rollUp(
    finding: Finding,
    signal: Signal,
    lane: Lane,
    terms: BoundedTerms,
    abort: AbortSignal,
  ): Promise<Outcome> {
    if (terms.seat !== undefined && finding.isState) return await terms.seat.join(finding);
    const { budgets, recent, repeats } = this.#parts;
    const at = signalTime(finding, signal);
    const rolled = rollUpOfEvent(finding, at);
    const id = nameOf(rolled, signal, lane);
    const ref = { namespace: this.#namespaceOf(rolled, lane), name: id.name };
    const rolledUp = { kind: "deduplicated", observation: ref, isRolledUp: true } as const;
    if (!recent.has(ref)) {
      // It is about many, so it is none of any one object's.
      const own = { ...signal, origin: undefined };
      const observation = observationOf(rolled, id, ref.namespace, own, lane);
      const outcome = await this.#put(rolled, observation, own, lane, terms, abort);
      if (outcome.kind === "created") budgets.created(lane.ingester, lane.budget);
      if (outcome.kind !== "deduplicated") return outcome.kind === "created" ? rolledUp : outcome;
    }
    repeats.add(ref, { at });
    return rolledUp;
  }

  async #put(
    finding: Finding,
    wanted: Observation,
    signal: Signal,
    lane: Lane,
    terms: BoundedTerms,
    abort: AbortSignal,
  ): Promise<Outcome> {
    const paced = await this.#pace(lane, terms, abort);
    if (paced !== undefined) return paced;
    const { sink, toldStates, clock } = this.#parts;
    const { status: _, ...observation } = wanted;
    const outcome = await sink.put(observation, lane, terms, undefined, abort);
    if (outcome.kind !== "deduplicated" || !finding.isState) return outcome;
    if (terms.followed !== undefined) await terms.followed.meet(wanted, abort);
    else if (signal.origin === undefined) {
      const persisted = await toldStates.goesOn(observation, leftOf(terms, clock), abort);
      if (persisted.kind === "unavailable") return { ...persisted, kind: "open", isStalled: false };
    }
    return outcome;
  }

  /** Writes it to each of the other destinations, once; the worst of what became of that is what became of it. */
  async #putElsewhere(
    observation: Observation,
    lane: Lane,
    { others }: Destinations,
    terms: BoundedTerms,
    abort: AbortSignal,
  ): Promise<Outcome> {
    const { namespace, name } = observation.metadata;
    const ref = { namespace, name };
    const { sink, recent } = this.#parts;
    let worst: Outcome = { kind: "deduplicated", observation: ref };
    for (const destination of others) {
      if (recent.has(recentOf(ref, destination))) continue;
      const paced = await this.#pace(lane, terms, abort);
      if (paced !== undefined) return paced;
      const outcome = await sink.put(observation, lane, terms, destination, abort);
      if (outcome.kind === "open" || lane.isDryRun) return outcome;
      if (worst.kind === "deduplicated" || (worst.kind === "created" && outcome.kind !== "deduplicated")) {
        worst = outcome;
      }
    }
    return worst;
  }

  /** Whether a finding has its Observation already: then it needs no room. */
  async #isThere(ref: ObservationRef, terms: BoundedTerms, abort: AbortSignal): Promise<boolean> {
    const { store, clock } = this.#parts;
    const get = (inner: AbortSignal) => store.get(ref, inner);
    const read = await persist(get, leftOf(terms, clock), clock, abort);
    // Where nothing can be read nothing can be written either: the create tells how it stands.
    return read.kind !== "done" || read.value !== undefined;
  }

  #namespaceOf(finding: Finding, lane: Lane): string {
    return place(finding.resource?.namespace, lane.ingester.namespace, lane.namespaces, this.#parts.place);
  }

  /** Waits for its turn at the rate of its Ingester; open when its sender cannot wait for that. */
  async #pace(lane: Lane, terms: BoundedTerms, abort: AbortSignal): Promise<Open | undefined> {
    if (lane.rateLimit === undefined) return undefined;
    const bucket = this.#rates.of(lane.rateLimit);
    if (terms.patientUntil === Infinity) {
      if (await bucket.take(abort)) this.#parts.metrics.rateLimitWaits.inc({ source: lane.source });
      return undefined;
    }
    const retryAfterMilliseconds = bucket.tryTake();
    if (retryAfterMilliseconds === undefined) return undefined;
    this.#parts.metrics.rateLimitWaits.inc({ source: lane.source });
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
  const observation = buildObservation(finding, id, {
    source: lane.source,
    namespace,
    ingester: lane.ingester,
    origin: signal.origin,
    receivedAt: signal.receivedAt,
    ttlSeconds: lane.ttlSeconds(finding.severity),
  });
  // How many a roll-up of a report stands for; what happened is counted as it comes.
  const { count } = finding;
  return finding.isState && count !== undefined ? { ...observation, status: { count } } : observation;
}
