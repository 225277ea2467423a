import type { Api } from "../kube/api.ts";
import { ApiError } from "../kube/errors.ts";
import type { GroupVersionResource } from "../model/ingester.ts";
import type { Observation } from "../model/observation.ts";
import type { DeadLetterReason, ObservationRef } from "../model/verdict.ts";
import type { Metrics } from "../observe/metrics.ts";
import { Backoff } from "../run/backoff.ts";
import type { Clock } from "../run/clock.ts";
import { DeadlineError, withDeadline } from "../run/deadline.ts";
import { AdaptiveConcurrency } from "./concurrency.ts";
import { DestinationObjects } from "./destination_objects.ts";
import { isStall, refusalOf } from "./refusal.ts";
import { isExhausted, type RetryRule, waitAfter } from "./retry.ts";

/** What became of a write. */
export type WriteResult =
  | { readonly kind: "created" | "exists"; readonly observation: ObservationRef }
  /** The API server refuses this object for good. */
  | {
    readonly kind: "refused";
    readonly reason: DeadLetterReason;
    readonly message: string;
    /** Which fields of it, where it named any. */
    readonly fields?: readonly string[] | undefined;
  }
  /** It could not be written in the time that was given; `isStalled`: only a person can mend that. */
  | {
    readonly kind: "unavailable";
    readonly message: string;
    readonly isStalled: boolean;
    /** What the API server asked to wait. */
    readonly retryAfterMilliseconds?: number | undefined;
    /** How many tries failed in a way that may pass. */
    readonly tries?: number | undefined;
  };

/** Under what terms one object is written. */
export interface WriteTerms {
  /** How long failures that may pass are tried again, in milliseconds; Infinity: until the signal aborts. */
  readonly patienceMilliseconds: number;
  /** Deadline of one request; default follows from the patience. */
  readonly requestMilliseconds?: number | undefined;
  /** True: nothing is tried while the API server is known to be away, since something else asks for it. */
  readonly sparesAway?: boolean | undefined;
  /** Another custom resource that it is written as; undefined: an Observation. */
  readonly destination?: GroupVersionResource | undefined;
  /** How failures that may pass are tried again; undefined: as is usual, without end. */
  readonly retry?: RetryRule | undefined;
  /** True: the API server checks everything and stores nothing (dryRun=All). */
  readonly isDryRun: boolean;
  /** Asked before every request: false when the caller's term as a leader has ended. */
  readonly mayWrite: () => boolean;
  /** Called when a write waits for something that a person must mend (403), and with undefined when it went through. */
  readonly onStall: (error: ApiError | undefined) => void;
}

/** A leader's term ended before its write was sent. */
export class TermEndedError extends Error {
  override readonly name = "TermEndedError";

  constructor() {
    super("Cannot write an Observation: the term as a leader has ended");
  }
}

/** How long what is replayed waits at most, its turn included. */
const LONGEST_WAIT_MILLISECONDS = 15_000;
/** Somebody who sends waits as long as he has patience, and so much longer that a request without an answer ends first. */
const SLACK_MILLISECONDS = 250;

/** Writes Observations: bounded, adaptive, retried, and never twice, since the name decides (promise P2). */
export class ObservationWriter {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #concurrency: AdaptiveConcurrency;
  readonly #objects: DestinationObjects;
  readonly #fallbackNamespace: string;
  /** Writes in a row that got no answer, or one of a server that is not well. */
  #unanswered = 0;

  constructor(
    options: { readonly concurrency: number; readonly fallbackNamespace: string },
    parts: { readonly api: Api; readonly clock: Clock; readonly metrics: Metrics },
  ) {
    this.#api = parts.api;
    this.#clock = parts.clock;
    this.#metrics = parts.metrics;
    this.#objects = new DestinationObjects(parts);
    this.#fallbackNamespace = options.fallbackNamespace;
    this.#concurrency = new AdaptiveConcurrency(options.concurrency, parts.clock);
  }

  /** True when the last writes found nobody to take them; the first that is answered ends that. */
  get isAway(): boolean {
    return this.#unanswered >= AWAY_AFTER;
  }

  /**
   * Creates the Observation; 409 AlreadyExists is `exists`. Where its namespace is gone or going it is written into the
   * watcher's own under the same name (contract, section 5).
   *
   * @throws the signal's reason when it aborts, and {@link TermEndedError}
   */
  async write(observation: Observation, terms: WriteTerms, signal: AbortSignal): Promise<WriteResult> {
    if (terms.patienceMilliseconds === Infinity) return await this.#writeAtLast(observation, terms, signal);
    try {
      return await withDeadline(
        terms.requestMilliseconds === undefined
          ? deadlineOf(terms) + SLACK_MILLISECONDS
          : LONGEST_WAIT_MILLISECONDS,
        this.#clock,
        (inner) => this.#writeAtLast(observation, terms, inner),
        signal,
      );
    } catch (error) {
      // It waited for its turn, or for an answer. If the create went through all the same, the next try finds it there.
      if (!(error instanceof DeadlineError)) throw error;
      return { kind: "unavailable", isStalled: false, message: "The API server did not take it in time" };
    }
  }

  async #writeAtLast(
    observation: Observation,
    terms: WriteTerms,
    signal: AbortSignal,
  ): Promise<WriteResult> {
    const startedAt = this.#clock.monotonic();
    const backoff = new Backoff({ minMilliseconds: 50, maxMilliseconds: 15_000 }, this.#clock);
    let target = observation;
    let tries = 0;
    while (true) {
      const answer = await this.#concurrency.run(
        () => this.#isSpared(terms) ? Promise.resolve(AWAY) : this.#create(target, terms, signal),
        (tried) => tried.kind === "failed" && tried.error.isPassing ? "overloaded" : "ok",
        signal,
      );
      if (answer === AWAY) return AWAY;
      if (answer.kind !== "failed") {
        terms.onStall(undefined);
        return answer;
      }
      const { error } = answer;
      if (isNamespaceGone(error) && target.metadata.namespace !== this.#fallbackNamespace) {
        target = { ...target, metadata: { ...target.metadata, namespace: this.#fallbackNamespace } };
        continue;
      }
      const refusal = refusalOf(error);
      if (refusal !== undefined) {
        const { message, fields } = error;
        return { kind: "refused", reason: refusal, message, ...(fields.length === 0 ? {} : { fields }) };
      }
      const isStalled = isStall(error);
      if (isStalled) terms.onStall(error);
      else tries++;
      const { message, retryAfterMilliseconds } = error;
      const isOver = !isStalled && isExhausted(terms.retry, tries);
      // Whoever has no patience lays it aside to try again himself, and counts on.
      if (isOver && terms.patienceMilliseconds === Infinity) {
        return { kind: "refused", reason: "retries_exhausted", message };
      }
      const ownWait = isStalled || terms.retry === undefined
        ? backoff.next()
        : waitAfter(terms.retry, tries, this.#clock);
      const wait = Math.max(retryAfterMilliseconds ?? 0, ownWait);
      if (isOver || this.#clock.monotonic() - startedAt + wait > terms.patienceMilliseconds) {
        return { kind: "unavailable", message, isStalled, retryAfterMilliseconds, tries };
      }
      this.#metrics.writeRetries.inc({ reason: error.kind });
      await this.#clock.sleep(wait, signal);
    }
  }

  #isSpared({ sparesAway }: WriteTerms): boolean {
    return sparesAway === true && this.isAway;
  }

  async #create(
    observation: Observation,
    terms: WriteTerms,
    signal: AbortSignal,
  ): Promise<WriteResult | { readonly kind: "failed"; readonly error: ApiError }> {
    const { name, namespace } = observation.metadata;
    if (!terms.mayWrite()) throw new TermEndedError();
    const startedAt = this.#clock.monotonic();
    const timed = (outcome: string): void => {
      this.#metrics.writeDuration.observe({ outcome }, (this.#clock.monotonic() - startedAt) / 1000);
    };
    try {
      const { path, body } = await this.#objects.of(observation, terms.destination, signal);
      await this.#api.request({
        role: "write",
        method: "POST",
        path,
        body,
        ...(terms.isDryRun ? { query: { dryRun: "All" } } : {}),
        timeoutMilliseconds: deadlineOf(terms),
      }, signal);
      this.#unanswered = 0;
      timed("created");
      return { kind: "created", observation: { namespace, name } };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#unanswered = error.kind === "unreachable" || error.kind === "server" ? this.#unanswered + 1 : 0;
      if (error.kind === "already-exists") {
        timed("exists");
        return { kind: "exists", observation: { namespace, name } };
      }
      timed("failed");
      return { kind: "failed", error };
    }
  }
}

/** The deadline of one request, in milliseconds. */
function deadlineOf({ requestMilliseconds, patienceMilliseconds }: WriteTerms): number {
  return requestMilliseconds ?? Math.min(30_000, Math.max(1000, patienceMilliseconds));
}

/** Writes in a row without an answer after which the API server is taken to be away. */
const AWAY_AFTER = 3;
const AWAY: Extract<WriteResult, { kind: "unavailable" }> = {
  kind: "unavailable",
  isStalled: false,
  message: "The API server is away",
};

function isNamespaceGone(error: ApiError): boolean {
  return error.kind === "namespace-terminating" ||
    (error.kind === "not-found" && error.subject === "namespaces");
}
