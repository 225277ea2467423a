import { fingerprint } from "../deduplicate/fingerprint.ts";
import type { RecentNames } from "../deduplicate/recent_names.ts";
import type { Finding, Normalized } from "../model/finding.ts";
import type { Fingerprint } from "../model/fingerprint.ts";
import type { Signal } from "../model/signal.ts";
import type { ObservationRef, Verdict } from "../model/verdict.ts";
import { normalize, type Self } from "../normalize/normalize.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Clock } from "../run/clock.ts";
import { buildObservation } from "../write/build_observation.ts";
import { place, type PlaceSettings } from "../write/place.ts";
import { type ObservationWriter, TermEndedError, type WriteTerms } from "../write/writer.ts";
import { Admission, type ClusterFilter } from "./admission.ts";
import type { Lane } from "./lane.ts";
import { signalTime } from "./signal_time.ts";

/** How long and for whom the findings of one signal are written. */
export type ProcessTerms = Omit<WriteTerms, "isDryRun">;

interface BoundedTerms extends ProcessTerms {
  /** Monotonic time, in milliseconds, up to which all findings of the signal are written. */
  readonly patientUntil: number;
}

/** The way of one signal: normalize, filter, deduplicate, write; every finding gets exactly one verdict (promise P5). */
export class Pipeline {
  readonly #writer: ObservationWriter;
  readonly #recent: RecentNames;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #place: PlaceSettings;
  readonly #self: () => Self;
  readonly #admission: Admission;
  /** What is being written for senders that wait, by namespace and name; what a source writes may wait for long. */
  readonly #writing = new Map<string, Promise<void>>();

  constructor(parts: {
    readonly writer: ObservationWriter;
    readonly recent: RecentNames;
    readonly metrics: Metrics;
    readonly clock: Clock;
    readonly log: Log;
    readonly place: PlaceSettings;
    /** Who this installation is, so that what it caused itself is left out (contract, section 3). */
    readonly self: () => Self;
    /** The filter for all Ingesters, when there is one. */
    readonly clusterFilter?: ClusterFilter | undefined;
  }) {
    this.#writer = parts.writer;
    this.#recent = parts.recent;
    this.#metrics = parts.metrics;
    this.#clock = parts.clock;
    this.#log = parts.log.component("pipeline");
    this.#place = parts.place;
    this.#self = parts.self;
    this.#admission = new Admission({ ...parts, log: this.#log });
  }

  /**
   * Takes a signal to its verdicts, one for each finding in it and in their order.
   *
   * @throws the signal's reason when `abort` aborts, and TermEndedError; findings without a verdict are then counted as
   * rejected with reason term_ended
   */
  async process(
    signal: Signal,
    lane: Lane,
    terms: ProcessTerms,
    abort: AbortSignal,
  ): Promise<readonly Verdict[]> {
    const bounded = { ...terms, patientUntil: this.#clock.monotonic() + terms.patienceMilliseconds };
    const items = normalize(signal, { stages: lane.stages, self: this.#self() });
    const { source } = lane;
    this.#metrics.received.inc({ source }, items.length);
    this.#metrics.inFlight.inc({ source }, items.length);
    const settled = await Promise.allSettled(
      items.map((item) => this.#settle(item, signal, lane, bounded, abort)),
    );
    return settled.map((outcome) => {
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    });
  }

  /** History went back (etcd was restored): what was written lately may be gone, and is written again when it is seen. */
  forgetNames(): void {
    this.#recent.clear();
  }

  async #settle(
    found: Normalized,
    signal: Signal,
    lane: Lane,
    terms: BoundedTerms,
    abort: AbortSignal,
  ): Promise<Verdict> {
    let item = found;
    try {
      item = this.#admission.conform(found, signal, lane);
      const verdict = item.kind === "finding"
        ? await this.#decide(item.finding, signal, lane, terms, abort)
        : item;
      this.#count(verdict, item, lane);
      return verdict;
    } catch (error) {
      const isEnd = abort.aborted || error instanceof TermEndedError;
      const verdict: Verdict = {
        kind: "rejected",
        reason: isEnd ? "term_ended" : "internal",
        message: "the program made a mistake; its log says more",
      };
      this.#count(verdict, item, lane);
      if (isEnd) throw error;
      // One finding that we cannot handle must not stop the others, nor the source.
      this.#log.error("Finding not handled", {
        source: lane.source,
        ingester: lane.ingester.name,
        error: error instanceof Error ? error.stack ?? error.message : String(error),
      });
      return verdict;
    }
  }

  async #decide(
    finding: Finding,
    signal: Signal,
    lane: Lane,
    terms: BoundedTerms,
    abort: AbortSignal,
  ): Promise<Verdict> {
    const reason = this.#admission.filter(finding, signal, lane) ??
      (this.#isExpired(finding, signal, lane) ? "expired" : undefined);
    if (reason !== undefined) return { kind: "filtered", reason };
    const id = fingerprint(lane.source, finding, signalTime(finding, signal), lane.windowSeconds);
    const observation = { namespace: this.#namespaceOf(finding, lane), name: id.name };
    if (this.#recent.has(observation)) return this.#asSeen({ kind: "deduplicated", observation }, lane);
    if (terms.patientUntil === Infinity) {
      return await this.#write(finding, id, observation, signal, lane, terms, abort);
    }
    const key = `${observation.namespace}/${observation.name}`;
    const before = this.#writing.get(key);
    if (before !== undefined) {
      // The same is being written at this moment, and soon over: its end tells whether anything is left to do.
      await before;
      if (this.#recent.has(observation)) return this.#asSeen({ kind: "deduplicated", observation }, lane);
    }
    const writing = this.#write(finding, id, observation, signal, lane, terms, abort);
    const ended = writing.then(() => {}, () => {}).finally(() => {
      if (this.#writing.get(key) === ended) this.#writing.delete(key);
    });
    this.#writing.set(key, ended);
    return await writing;
  }

  async #write(
    finding: Finding,
    id: Fingerprint,
    { namespace }: ObservationRef,
    signal: Signal,
    lane: Lane,
    terms: BoundedTerms,
    abort: AbortSignal,
  ): Promise<Verdict> {
    const observation = buildObservation(finding, id, {
      source: lane.source,
      namespace,
      ingester: lane.ingester,
      origin: signal.origin,
      receivedAt: signal.receivedAt,
      ttlSeconds: lane.ttlSeconds(finding.severity),
    });
    const result = await this.#writer.write(observation, {
      ...terms,
      // However many findings a signal has, and whatever each waited for: the sender waits once.
      patienceMilliseconds: Math.max(1, terms.patientUntil - this.#clock.monotonic()),
      isDryRun: lane.isDryRun,
    }, abort);
    switch (result.kind) {
      case "created":
      case "exists": {
        const ref = result.observation;
        if (!lane.isDryRun) this.#recent.add(ref);
        return this.#asSeen({
          kind: result.kind === "created" ? "created" : "deduplicated",
          observation: ref,
        }, lane);
      }
      case "refused":
        this.#log.error("Observation refused by the API server", {
          source: lane.source,
          namespace,
          name: id.name,
          reason: result.message,
        });
        return this.#asSeen({ kind: "rejected", reason: "refused", message: result.message }, lane);
      case "unavailable":
        return { kind: "rejected", reason: "unavailable", message: result.message };
      default:
        return result satisfies never;
    }
  }

  /** With dryRun nothing was written: what would have happened is counted beside. */
  #asSeen(verdict: Verdict, lane: Lane): Verdict {
    if (!lane.isDryRun) return verdict;
    this.#metrics.dryRun.inc({ source: lane.source, verdict: verdict.kind });
    this.#log.info("Dry run", { source: lane.source, ingester: lane.ingester.name, verdict: verdict.kind });
    return { kind: "filtered", reason: "dry_run" };
  }

  #namespaceOf(finding: Finding, lane: Lane): string {
    return place(finding.resource?.namespace, lane.ingester.namespace, lane.namespaces, this.#place);
  }

  /** What the API still has although it would have been collected by now must not come back (contract, section 4). */
  #isExpired(finding: Finding, signal: Signal, lane: Lane): boolean {
    const { createdAt } = signal;
    if (finding.isState || createdAt === undefined) return false;
    const last = Math.max(Date.parse(createdAt) || 0, signalTime(finding, signal));
    return last + lane.ttlSeconds(finding.severity) * 1000 < this.#clock.now();
  }

  #count(verdict: Verdict, item: Normalized, lane: Lane): void {
    const { source } = lane;
    this.#metrics.inFlight.dec({ source });
    switch (verdict.kind) {
      case "created": {
        const { category, severity } = item.kind === "finding"
          ? item.finding
          : { category: "operations", severity: "info" };
        this.#metrics.created.inc({ source, category, severity });
        return;
      }
      case "deduplicated":
        this.#metrics.deduplicated.inc({ source });
        return;
      case "filtered":
        this.#metrics.filtered.inc({ source, reason: verdict.reason });
        return;
      case "rejected":
        this.#metrics.rejected.inc({ source, reason: verdict.reason });
        return;
      default:
        verdict satisfies never;
    }
  }
}
