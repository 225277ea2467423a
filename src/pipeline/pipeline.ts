import type { RecentNames } from "../deduplicate/recent_names.ts";
import type { Finding, Normalized } from "../model/finding.ts";
import type { Signal } from "../model/signal.ts";
import type { SpooledObservation, SpooledSignal } from "../model/spooled.ts";
import type { ObservationRef, Verdict } from "../model/verdict.ts";
import { normalize, reviewAt, type Self } from "../normalize/normalize.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Clock } from "../run/clock.ts";
import { mapAtMost } from "../run/map_at_most.ts";
import { Valve } from "../run/valve.ts";
import type { Budgets } from "../write/budget.ts";
import type { FollowedReport } from "../write/followed_report.ts";
import { place, type PlaceSettings } from "../write/place.ts";
import type { Repeats } from "../write/repeats.ts";
import type { ToldStates } from "../write/told_states.ts";
import { TermEndedError } from "../write/writer.ts";
import { Admission, type AdmissionParts } from "./admission.ts";
import { Gathering } from "./gathering.ts";
import type { Lane } from "./lane.ts";
import { nameOf } from "./name_of.ts";
import type { Ledger } from "./ledger.ts";
import {
  type BoundedTerms,
  FindingWriter,
  type FindingWriterParts,
  observationOf,
} from "./finding_writer.ts";
import { leftOf, ObservationSink, type ObservationSinkParts, type ProcessTerms } from "./observation_sink.ts";
import type { Open, Outcome, Resumed } from "./outcome.ts";
import { signalTime } from "./signal_time.ts";

/** Terms of one signal; undefined: nothing is written now. */
type Terms = BoundedTerms | undefined;

/** Large reports are opened one after the other: their findings take far more memory than they do. */
const MOST_FINDINGS_AT_ONCE = 1000;
/** Of one webhook: twice what is written at once, so that a long list takes no more memory than a short one. */
const MOST_OF_ONE_REQUEST = 64;

const UNTRIED: Open = { kind: "open", message: "Nothing was tried yet", isStalled: false };

/** The way of one signal: normalize, filter, deduplicate, write; every finding gets exactly one verdict (promise P5). */
export class Pipeline {
  readonly #sink: ObservationSink;
  readonly #writing: FindingWriter;
  readonly #recent: RecentNames;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #place: PlaceSettings;
  readonly #self: () => Self;
  readonly #admission: Admission;
  readonly #repeats: Pick<Repeats, "add">;
  readonly #toldStates: ToldStates;
  readonly #budgets: Budgets;
  readonly #metrics: Pick<Metrics, "rolledUp">;
  /** How many findings of an Ingester's sources are open at once; what one waits for hinders no other. */
  readonly #valves = new WeakMap<Lane, Valve>();
  /** What is being written for senders that wait, by namespace and name; what a source writes may wait for long. */
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(
    parts: ObservationSinkParts & AdmissionParts & Omit<FindingWriterParts, "sink"> & {
      readonly ledger: Ledger;
      /** Who this installation is, so that what it caused itself is left out (contract, section 3). */
      readonly self: () => Self;
    },
  ) {
    this.#sink = new ObservationSink(parts);
    this.#writing = new FindingWriter({ ...parts, sink: this.#sink });
    this.#recent = parts.recent;
    this.#ledger = parts.ledger;
    this.#clock = parts.clock;
    this.#log = parts.log.component("pipeline");
    this.#place = parts.place;
    this.#self = parts.self;
    this.#repeats = parts.repeats;
    this.#toldStates = parts.toldStates;
    this.#budgets = parts.budgets;
    this.#metrics = parts.metrics;
    this.#admission = new Admission({ ...parts, log: this.#log });
  }

  /**
   * Takes a signal to its verdicts, one for each finding in it and in their order.
   *
   * @param report for a report that is followed: what stands of it is kept true to what it says now
   * @throws the signal's reason when `abort` aborts, and TermEndedError; findings without a verdict are then counted as
   * rejected with reason term_ended
   */
  async process(
    signal: Signal,
    lane: Lane,
    terms: ProcessTerms,
    report: FollowedReport | undefined,
    abort: AbortSignal,
  ): Promise<readonly Verdict[]> {
    const followed = lane.isDryRun ? undefined : report;
    await followed?.begin(abort);
    const valve = this.#valveOf(lane);
    const items = await valve.enter(() => this.#split(signal, lane), abort);
    try {
      return await this.#processAll(items, signal, lane, { ...terms, followed }, abort);
    } finally {
      valve.leave(items.length);
    }
  }

  async #processAll(
    items: readonly Normalized[],
    signal: Signal,
    lane: Lane,
    terms: ProcessTerms & { readonly followed: FollowedReport | undefined },
    abort: AbortSignal,
  ): Promise<readonly Verdict[]> {
    const { followed } = terms;
    this.#ledger.receive(lane.source, items.length);
    const bounded = { ...this.#bounded(terms), followed };
    const { origin } = signal;
    const rollUps = origin === undefined ? undefined : new Gathering<Finding, Outcome>(
      items.length,
      (findings) => this.#writing.rollUpReport(findings, origin, signal, lane, bounded, abort),
    );
    const settled = await Promise.allSettled(items.map(async (item) => {
      const seat = rollUps?.seat();
      try {
        const outcome = await this.#handle(item, signal, lane, { ...bounded, seat }, abort);
        return this.#count(outcome.kind === "open" ? unavailable(outcome.message) : outcome, item, lane);
      } catch (error) {
        this.#count(TERM_ENDED, item, lane);
        throw error;
      } finally {
        seat?.leave();
      }
    }));
    const verdicts = settled.map((outcome) => {
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    });
    this.#tellRejected(verdicts, signal, lane);
    // What cannot be read may be what stands: then nothing is taken for gone.
    const areAllRead = verdicts.every((verdict) =>
      verdict.kind !== "rejected" || verdict.reason === "budget"
    );
    if (areAllRead) await followed?.end(abort);
    return verdicts;
  }

  /** Nobody reads an answer to what was read from the API: the log names the object, but nothing that it says. */
  #tellRejected(verdicts: readonly Verdict[], { origin }: Signal, { source, ingester }: Lane): void {
    const reasons = verdicts.flatMap((verdict) => verdict.kind === "rejected" ? [verdict.reason] : [])
      .filter((reason) => reason !== "budget");
    if (origin === undefined || reasons.length === 0) return;
    this.#log.warn("Findings rejected", {
      source,
      ingester: `${ingester.namespace}/${ingester.name}`,
      object: `${origin.kind} ${origin.namespace === undefined ? "" : `${origin.namespace}/`}${origin.name}`,
      reasons: [...new Set(reasons)].join(", "),
      count: reasons.length,
    });
  }

  /** When an unchanged object of the API would be judged otherwise, in milliseconds since 1970; undefined: never. */
  reviewAt(signal: Signal, lane: Lane): number | undefined {
    return reviewAt(signal, { ...lane, self: this.#self() });
  }

  #valveOf(lane: Lane): Valve {
    const valve = this.#valves.get(lane) ?? new Valve(MOST_FINDINGS_AT_ONCE);
    this.#valves.set(lane, valve);
    return valve;
  }

  /** History went back (etcd was restored): what was written lately may be gone, and is written again when it is seen. */
  forgetNames(): void {
    this.#recent.clear();
  }

  /**
   * Takes a signal as far as it goes under these terms. What is left open is in flight until it is resumed or given up;
   * when `abort` aborts, that is all that had no verdict.
   *
   * @param terms undefined: findings that are to be written are all left open
   */
  async receive(
    signal: Signal,
    lane: Lane,
    terms: ProcessTerms | undefined,
    abort: AbortSignal,
  ): Promise<readonly Outcome[]> {
    const items = this.#split(signal, lane);
    this.#ledger.receive(lane.source, items.length);
    const bounded = terms === undefined ? undefined : this.#bounded(terms);
    const termsNow = (): Terms =>
      bounded === undefined || this.#clock.monotonic() > bounded.patientUntil ? undefined : bounded;
    return await mapAtMost(
      items,
      MOST_OF_ONE_REQUEST,
      (item) => this.#proceed(item, signal, lane, termsNow(), abort),
    );
  }

  /**
   * Goes on with a signal that was left open, and counted as received, by this process.
   *
   * @param most so many of its findings are tried at most
   */
  async resume(
    spooled: SpooledSignal,
    given: Lane,
    terms: ProcessTerms,
    most: number,
    abort: AbortSignal,
  ): Promise<Resumed> {
    const lane = { ...given, source: spooled.source };
    const signal: Signal = {
      source: spooled.source,
      payload: spooled.payload,
      receivedAt: spooled.receivedAt,
    };
    const items = this.#split(signal, lane);
    // Another version may split it otherwise; then all of it is taken, since names make that harmless.
    const open = items.length === spooled.total ? spooled.open : items.map((_, index) => index);
    this.#ledger.recount(spooled.source, spooled.open.length, open.length);
    const bounded = this.#bounded(terms);
    const outcomes = await mapAtMost(
      open,
      MOST_OF_ONE_REQUEST,
      async (index, place): Promise<readonly [number, Outcome]> => {
        const item = items[index];
        if (item === undefined || place >= most) return [index, UNTRIED];
        return [index, await this.#proceed(item, signal, lane, bounded, abort)];
      },
    );
    return { outcomes, total: items.length };
  }

  /** Writes an Observation that was laid aside as it is, and counted as received by this process. */
  async resumeObservation(
    { observation, source, destination }: SpooledObservation,
    lane: Pick<Lane, "ingester" | "isDryRun" | "budget" | "errorHandling">,
    terms: ProcessTerms,
    abort: AbortSignal,
  ): Promise<Outcome> {
    const { category = "operations", severity = "info" } = observation.spec;
    try {
      const { ingester, isDryRun, errorHandling } = lane;
      const own = { source, ingester, isDryRun, errorHandling };
      const outcome = await this.#sink.put(observation, own, this.#bounded(terms), destination, abort);
      if (outcome.kind === "created" && destination === undefined) {
        this.#budgets.created(lane.ingester, lane.budget);
      }
      if (outcome.kind !== "open") this.#ledger.settle(source, outcome, { category, severity });
      return outcome;
    } catch (error) {
      if (abort.aborted || error instanceof TermEndedError) return STOPPING;
      throw error;
    }
  }

  #split(signal: Signal, lane: Lane): readonly Normalized[] {
    const items = normalize(signal, { ...lane, self: this.#self() });
    return items.map((item) => {
      try {
        return this.#admission.conform(item, signal, lane);
      } catch (error) {
        return this.#mistake(error, lane);
      }
    });
  }

  /** One finding that we cannot handle must not stop the others, nor the source. */
  #mistake(error: unknown, lane: Lane): Extract<Verdict, { kind: "rejected" }> {
    this.#log.error("Finding not handled", {
      source: lane.source,
      ingester: lane.ingester.name,
      error: error instanceof Error ? error.stack ?? error.message : String(error),
    });
    return { kind: "rejected", reason: "internal", message: "the program made a mistake; its log says more" };
  }

  #bounded(terms: ProcessTerms): BoundedTerms {
    return { ...terms, patientUntil: this.#clock.monotonic() + terms.patienceMilliseconds };
  }

  /** Takes one finding as far as it goes, and counts it if it has its verdict. */
  async #proceed(
    item: Normalized,
    signal: Signal,
    lane: Lane,
    terms: Terms,
    abort: AbortSignal,
  ): Promise<Outcome> {
    try {
      const outcome = await this.#handle(item, signal, lane, terms, abort);
      return outcome.kind === "open" ? outcome : this.#count(outcome, item, lane);
    } catch {
      return STOPPING;
    }
  }

  /** Throws only when the term or the program ends. */
  async #handle(
    item: Normalized,
    signal: Signal,
    lane: Lane,
    terms: Terms,
    abort: AbortSignal,
  ): Promise<Outcome> {
    if (item.kind === "rejected") return item;
    if (item.kind === "filtered" && item.finding === undefined) return item;
    try {
      if (item.kind === "filtered") return await this.#end(item, signal, lane, terms, abort);
      const outcome = await this.#decide(item.finding, signal, lane, terms, abort);
      this.#fold(outcome, item.finding, signal, lane);
      return outcome;
    } catch (error) {
      if (abort.aborted || error instanceof TermEndedError) throw error;
      return this.#mistake(error, lane);
    }
  }

  async #decide(
    finding: Finding,
    signal: Signal,
    lane: Lane,
    terms: Terms,
    abort: AbortSignal,
  ): Promise<Outcome> {
    const reason = this.#admission.filter(finding, signal, lane) ??
      (this.#isExpired(finding, signal, lane) ? "expired" : undefined);
    if (reason !== undefined) return { kind: "filtered", reason };
    const id = nameOf(finding, signal, lane);
    const observation = { namespace: this.#namespaceOf(finding, lane), name: id.name };
    // What shows a state may have changed since it was written.
    if (this.#isKnown(finding, observation, lane)) {
      return this.#sink.asSeen({ kind: "deduplicated", observation }, lane);
    }
    if (terms === undefined) return UNTRIED;
    if (terms.patientUntil === Infinity) {
      return await this.#writing.write(finding, id, observation, signal, lane, terms, abort);
    }
    const key = `${observation.namespace}/${observation.name}`;
    const before = this.#underWay.get(key);
    if (before !== undefined) {
      // The same is being written at this moment, and soon over: its end tells whether anything is left to do.
      await before;
      if (this.#isKnown(finding, observation, lane)) {
        return this.#sink.asSeen({ kind: "deduplicated", observation }, lane);
      }
    }
    const writing = this.#writing.write(finding, id, observation, signal, lane, terms, abort);
    const ended = writing.then(() => {}, () => {}).finally(() => {
      if (this.#underWay.get(key) === ended) this.#underWay.delete(key);
    });
    this.#underWay.set(key, ended);
    return await writing;
  }

  /** Whether nothing is to be written; what goes to several places is asked for at each of them. */
  #isKnown(finding: Finding, observation: ObservationRef, lane: Lane): boolean {
    return !finding.isState && lane.destinations === undefined && this.#recent.has(observation);
  }

  /** The end of a state that its sender tells (an alert that is resolved). */
  async #end(
    item: Extract<Normalized, { kind: "filtered" }>,
    signal: Signal,
    lane: Lane,
    terms: Terms,
    abort: AbortSignal,
  ): Promise<Outcome> {
    const { finding } = item;
    if (finding === undefined || lane.isDryRun) return item;
    const reason = this.#admission.filter(finding, signal, lane);
    if (reason !== undefined) return { kind: "filtered", reason };
    if (terms === undefined) return UNTRIED;
    const id = nameOf(finding, signal, lane);
    const observation = observationOf(finding, id, this.#namespaceOf(finding, lane), signal, lane);
    const ended = await this.#toldStates.ends(
      observation,
      finding.resolved?.at,
      leftOf(terms, this.#clock),
      abort,
    );
    switch (ended.kind) {
      case "done": {
        const { namespace, name } = observation.metadata;
        return ended.value === "none" ? item : { kind: "deduplicated", observation: { namespace, name } };
      }
      case "unavailable":
        return { ...ended, kind: "open", isStalled: false };
      case "refused":
        return { kind: "rejected", reason: "refused", message: ended.message };
      default:
        return ended satisfies never;
    }
  }

  /** A repeat of what happened is told by the Observation that it has. */
  #fold(outcome: Outcome, finding: Finding, signal: Signal, lane: Lane): void {
    if (finding.isState || lane.isDryRun) return;
    if (outcome.kind !== "created" && outcome.kind !== "deduplicated") return;
    if (outcome.kind === "deduplicated" && outcome.isRolledUp === true) return;
    if (lane.destinations?.areObservationsWritten === false) return;
    const at = signalTime(finding, signal);
    const first = Date.parse(finding.firstSeen ?? "");
    const firstAt = first < at ? first : undefined;
    const total = finding.count;
    // An object of the API that is read again is no repeat, unless it says so itself.
    const isRepeat = total === undefined
      ? outcome.kind === "deduplicated" && signal.origin === undefined
      : total > 1;
    if (isRepeat || firstAt !== undefined) this.#repeats.add(outcome.observation, { total, at, firstAt });
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

  #count(verdict: Verdict, item: Normalized, { source }: Lane): Verdict {
    if (verdict.kind === "deduplicated" && verdict.isRolledUp === true) {
      this.#metrics.rolledUp.inc({ source });
    }
    this.#ledger.settle(source, verdict, item.kind === "finding" ? item.finding : undefined);
    return verdict;
  }
}

const STOPPING: Open = { kind: "open", message: "This replica is stopping", isStalled: false };
const TERM_ENDED: Verdict = {
  kind: "rejected",
  reason: "term_ended",
  message: "This replica stopped leading before it was written",
};

function unavailable(message: string): Verdict {
  return { kind: "rejected", reason: "unavailable", message };
}
