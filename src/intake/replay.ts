import type { Spooled } from "../model/spooled.ts";
import type { Verdict } from "../model/verdict.ts";
import { tellsStates } from "../normalize/normalize.ts";
import type { Log } from "../observe/log.ts";
import type { Lane } from "../pipeline/lane.ts";
import type { Ledger } from "../pipeline/ledger.ts";
import type { ProcessTerms } from "../pipeline/observation_sink.ts";
import type { Outcome } from "../pipeline/outcome.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { Backoff } from "../run/backoff.ts";
import type { Clock } from "../run/clock.ts";
import type { DeadLetterBox } from "../write/dead_letters.ts";
import { isExhausted, waitAfter } from "../write/retry.ts";
import type { ObservationWriter } from "../write/writer.ts";
import {
  bareLane,
  dueAt,
  emptyQueue,
  firstOf,
  judgeAnew,
  putBack,
  type ReplayQueue,
} from "./replay_queue.ts";
import type { Spool } from "./spool.ts";
import type { Pending } from "./spool_shelf.ts";

/** Under which rules a spooled signal is processed now. */
export type LaneNow =
  | { readonly kind: "lane"; readonly lane: Lane; readonly onStall: ProcessTerms["onStall"] }
  /** It is suspended or invalid, or the Ingesters are not known yet. */
  | { readonly kind: "wait" }
  /** There is no such Ingester any more. */
  | { readonly kind: "gone" };

/** What the replay works with. */
export interface ReplayParts {
  readonly spool: Spool;
  readonly pipeline: Pipeline;
  readonly writer: Pick<ObservationWriter, "isAway">;
  readonly ledger: Ledger;
  readonly deadLetters: DeadLetterBox;
  readonly laneOf: (ingester: Spooled["ingester"]) => LaneNow;
  /** SPOOL_MAX_AGE. */
  readonly maxAgeMilliseconds: number;
  readonly clock: Clock;
  readonly log: Log;
}

const MOST_AT_ONCE = 16;
const MOST_AT_ONCE_OF_ONE = 8;
const TURN_MILLISECONDS = 1_000;
const DRAIN_LOOK_MILLISECONDS = 20;
const REQUEST_MILLISECONDS = 10_000;
/** While the API server is away, so that the one that asks for it finds it soon. */
const PROBE_MILLISECONDS = 2_000;

/**
 * Takes what lies in the spool to its verdicts: begun in order for each Ingester, several at once, one alone while the API
 * server is away. What tells that a state begins or ends waits until all before it is over. What hinders one Ingester
 * hinders no other, and an Ingester that was changed is tried at once.
 */
export class Replay {
  readonly #parts: ReplayParts;
  readonly #log: Log;
  readonly #queues = new Map<string, ReplayQueue>();
  readonly #backoff: Backoff;
  #pausedUntil = -Infinity;
  #running = 0;
  #begun = 0;
  #isAwayTold = false;
  #wake: () => void = () => {};

  constructor(parts: ReplayParts) {
    this.#parts = parts;
    this.#log = parts.log.component("spool");
    this.#backoff = new Backoff({ minMilliseconds: 50, maxMilliseconds: 800 }, parts.clock);
    parts.spool.listen((pending) => {
      this.#queueOf(pending).waiting.add(pending);
      this.#wake();
    });
  }

  /** Whether a write for this Ingester would only find out again that it waits for a right. */
  isStalled(ingester: Spooled["ingester"]): boolean {
    const queue = this.#queues.get(keyOf(ingester));
    return queue !== undefined && queue.isStalled && queue.waiting.size > 0;
  }

  /** Whether something of this Ingester waits its turn already, so that what comes now has to wait behind it. */
  isBehind(ingester: Spooled["ingester"]): boolean {
    const queue = this.#queues.get(keyOf(ingester));
    return queue !== undefined && queue.waiting.size + queue.running.size > 0;
  }

  /** Wakes it, since Ingesters have changed. */
  nudge(): void {
    this.#wake();
  }

  /** Works until `signal` aborts, and until what was begun has ended. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#start(signal);
      await this.#woken(this.#nextTurn(), signal);
    }
    while (this.#running > 0) await new Promise<void>((resolve) => this.#wake = resolve);
  }

  /**
   * Resolves when nothing more can be done: all is done, or the API server was asked once more and is away, or what is left
   * waits for a person; or after so long.
   */
  async drained(milliseconds: number): Promise<void> {
    const { clock, writer } = this.#parts;
    const until = clock.monotonic() + milliseconds;
    const never = new AbortController().signal;
    const before = this.#begun;
    this.#pausedUntil = -Infinity;
    this.#wake();
    while (clock.monotonic() < until) {
      const isAway = writer.isAway && this.#begun > before;
      if (this.#running === 0 && (isAway || !this.#hasWork())) return;
      await clock.sleep(DRAIN_LOOK_MILLISECONDS, never);
    }
  }

  #hasWork(): boolean {
    return [...this.#queues.values()].some((queue) =>
      queue.waiting.size > 0 && !queue.isStalled && !queue.isPaced && this.#laneOf(queue).kind === "lane"
    );
  }

  #start(signal: AbortSignal): void {
    const now = this.#parts.clock.monotonic();
    if (now < this.#pausedUntil) return;
    const most = this.#parts.writer.isAway ? 1 : MOST_AT_ONCE;
    for (const [key, queue] of [...this.#queues]) {
      if (queue.waiting.size === 0 && queue.running.size === 0) {
        this.#queues.delete(key);
        continue;
      }
      this.#followRules(queue);
      if (now < dueAt(queue)) continue;
      for (const pending of firstOf(queue, MOST_AT_ONCE_OF_ONE)) {
        if (this.#running >= most) return;
        if (queue.running.size >= (queue.isStalled ? 1 : MOST_AT_ONCE_OF_ONE)) break;
        if (!this.#begin(pending, queue, signal)) break;
        // The others are asked first in the next turn.
        this.#queues.delete(key);
        this.#queues.set(key, queue);
      }
    }
  }

  /** False when nothing of this Ingester can be begun now. */
  #begin(pending: Pending, queue: ReplayQueue, signal: AbortSignal): boolean {
    const now = this.#laneNow(pending);
    if (now.kind === "wait") return false;
    if (now.kind === "gone" && !this.#isTooOld(pending)) return false;
    const rules = this.#rulesOf(pending.ingester);
    queue.waiting.delete(pending);
    this.#running++;
    this.#begun++;
    const work = now.kind === "gone"
      ? this.#layAside(pending, "ingester_gone", "Its Ingester does not exist any more")
      : this.#attempt(pending, queue, now, signal);
    const end = work.catch((error: unknown) => {
      this.#log.error("Spooled signal not handled", {
        source: pending.source,
        ingester: pending.ingester.name,
        error: error instanceof Error ? error.stack ?? error.message : String(error),
      });
      return false;
    });
    queue.running.set(pending, end);
    end.then((isOver) => {
      queue.running.delete(pending);
      this.#running--;
      if (!isOver) this.#putBack(queue, pending, rules);
      this.#wake();
    });
    return true;
  }

  /** In its place, and never tried again in the same turn. */
  #putBack(queue: ReplayQueue, pending: Pending, rules: Lane | undefined): void {
    putBack(queue, pending);
    queue.parkedUnder = rules;
    const now = this.#parts.clock.monotonic();
    if (dueAt(queue) <= now && this.#pausedUntil <= now) this.#park(queue, queue.stallBackoff.next());
  }

  /** Tries one record; true when all of it has its verdicts. */
  async #attempt(
    pending: Pending,
    queue: ReplayQueue,
    { lane, onStall }: Extract<LaneNow, { kind: "lane" }>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { spool, ledger, writer } = this.#parts;
    const before = [...queue.running.values()];
    const spooled = await spool.read(pending);
    if (spooled === undefined) {
      ledger.recount(pending.source, pending.openCount, 0);
      spool.lose(pending);
      return true;
    }
    if (spooled.kind === "signal" && tellsStates(spooled) && !(await Promise.all(before)).every(Boolean)) {
      return false;
    }
    const { isAway } = writer;
    const terms: ProcessTerms = {
      patienceMilliseconds: 0,
      requestMilliseconds: isAway ? PROBE_MILLISECONDS : REQUEST_MILLISECONDS,
      mayWrite: () => true,
      onStall,
    };
    const outcomes = await this.#resume(pending, spooled, lane, terms, isAway ? 1 : Infinity, signal);
    const hindered = outcomes.filter((outcome) => outcome.kind === "open");
    if (hindered.length < outcomes.length) {
      this.#backoff.reset();
      queue.backoff.reset();
      if (this.#isAwayTold) this.#log.info("API server takes writes again", { spooled: spool.pending.size });
      this.#isAwayTold = false;
    }
    const [first] = hindered;
    if (first === undefined) {
      queue.isStalled = false;
      queue.isPaced = false;
      queue.stallBackoff.reset();
      spool.done(pending);
      return true;
    }
    if (signal.aborted) return false;
    pending.tries += Math.max(0, ...hindered.map(({ tries }) => tries ?? 0));
    const reason = this.#isTooOld(pending)
      ? "too_old"
      : isExhausted(lane.errorHandling?.retry, pending.tries)
      ? "retries_exhausted"
      : undefined;
    if (reason !== undefined) return await this.#giveUp(pending, lane, reason, first.message);
    this.#slowDown(queue, hindered, lane, pending.tries);
    return false;
  }

  async #resume(
    pending: Pending,
    spooled: Spooled,
    lane: Lane,
    terms: ProcessTerms,
    most: number,
    signal: AbortSignal,
  ): Promise<readonly Outcome[]> {
    const { pipeline } = this.#parts;
    if (spooled.kind === "observation") {
      return [await pipeline.resumeObservation(spooled, lane, terms, signal)];
    }
    const known = pending.progress ?? { open: spooled.open, total: spooled.total };
    const { outcomes, total } = await pipeline.resume({ ...spooled, ...known }, lane, terms, most, signal);
    const open = outcomes.flatMap(([index, { kind }]) => kind === "open" ? [index] : []);
    pending.progress = { open, total };
    pending.openCount = open.length;
    return outcomes.map(([, outcome]) => outcome);
  }

  #slowDown(
    queue: ReplayQueue,
    hindered: readonly Extract<Outcome, { kind: "open" }>[],
    { errorHandling }: Lane,
    tries: number,
  ): void {
    const asked = longestOf(hindered.filter(({ isPaced }) => isPaced !== true));
    const turn = longestOf(hindered.filter(({ isPaced }) => isPaced === true));
    queue.isStalled = hindered.some(({ isStalled }) => isStalled);
    queue.isPaced = hindered.every(({ isPaced }) => isPaced === true);
    const retry = tries > 0 ? errorHandling?.retry : undefined;
    if (queue.isStalled) this.#park(queue, queue.stallBackoff.next());
    else if (this.#parts.writer.isAway) {
      this.#pausedUntil = this.#parts.clock.monotonic() + Math.max(asked, this.#backoff.next());
      if (!this.#isAwayTold) {
        this.#log.warn("API server is away: signals of webhooks wait in the spool", {
          error: hindered[0]?.message,
        });
      }
      this.#isAwayTold = true;
    } else if (queue.isPaced) this.#park(queue, turn);
    else {
      const wait = retry === undefined ? queue.backoff.next() : waitAfter(retry, tries, this.#parts.clock);
      this.#park(queue, Math.max(turn, wait));
      queue.askedUntil = this.#parts.clock.monotonic() + asked;
    }
  }

  #park(queue: ReplayQueue, milliseconds: number): void {
    queue.parkedUntil = this.#parts.clock.monotonic() + milliseconds;
  }

  /** What is tried no longer becomes a dead letter, or nothing where its Ingester wants none. */
  async #giveUp(
    pending: Pending,
    { errorHandling }: Lane,
    reason: "too_old" | "retries_exhausted",
    message: string,
  ): Promise<boolean> {
    if (errorHandling?.keepsDeadLetters !== false) return await this.#layAside(pending, reason, message);
    this.#end(pending, { kind: "rejected", reason: "refused", message });
    this.#log.error("Spooled signal was given up without a dead letter, as its Ingester says", {
      source: pending.source,
      ingester: keyOf(pending.ingester),
      reason,
      error: message,
    });
    return true;
  }

  /** True when it lies with the dead letters now; else it stays where it is. */
  async #layAside(
    pending: Pending,
    reason: "too_old" | "ingester_gone" | "retries_exhausted",
    message: string,
  ): Promise<boolean> {
    const { spool, deadLetters } = this.#parts;
    const spooled = await spool.read(pending);
    if (spooled === undefined) return false;
    const what = spooled.kind === "signal" ? { ...spooled, ...pending.progress } : spooled;
    if (!await deadLetters.put({ reason, message, what })) return false;
    this.#end(pending, { kind: "dead-lettered", reason, message });
    this.#log.error("Spooled signal became a dead letter", {
      source: pending.source,
      ingester: keyOf(pending.ingester),
      reason,
      error: message,
    });
    return true;
  }

  /** What was still open of it has this verdict, and it leaves the spool. */
  #end(pending: Pending, verdict: Verdict): void {
    const { spool, ledger } = this.#parts;
    for (let count = 0; count < pending.openCount; count++) ledger.settle(pending.source, verdict, undefined);
    spool.done(pending);
  }

  #isTooOld({ spooledAt }: Pending): boolean {
    return this.#parts.clock.now() - spooledAt > this.#parts.maxAgeMilliseconds;
  }

  #laneNow(pending: Pending): LaneNow {
    const now = this.#parts.laneOf(pending.ingester);
    if (now.kind !== "gone" || pending.kind !== "observation") return now;
    // What is made already needs no rules any more.
    const { source, ingester } = pending;
    return { kind: "lane", lane: bareLane(source, ingester), onStall: () => {} };
  }

  /** What an edit of its Ingester changes; undefined while there is no Ingester that works. */
  #rulesOf(ingester: Spooled["ingester"]): Lane | undefined {
    const now = this.#parts.laneOf(ingester);
    return now.kind === "lane" ? now.lane : undefined;
  }

  #followRules(queue: ReplayQueue): void {
    const [first] = queue.waiting;
    if (first !== undefined) judgeAnew(queue, this.#rulesOf(first.ingester));
  }

  #laneOf(queue: ReplayQueue): LaneNow {
    const [first] = queue.waiting;
    return first === undefined ? { kind: "wait" } : this.#laneNow(first);
  }

  #nextTurn(): number {
    const now = this.#parts.clock.monotonic();
    let milliseconds = TURN_MILLISECONDS;
    if (now < this.#pausedUntil) return Math.min(milliseconds, this.#pausedUntil - now);
    for (const queue of this.#queues.values()) {
      const dueIn = dueAt(queue) - now;
      if (queue.waiting.size > 0 && dueIn > 0) milliseconds = Math.min(milliseconds, dueIn);
    }
    return milliseconds;
  }

  async #woken(milliseconds: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const stop = (): void => over.abort();
    signal.addEventListener("abort", stop, { once: true });
    this.#wake = stop;
    try {
      if (!signal.aborted) await this.#parts.clock.sleep(milliseconds, over.signal);
    } catch {
      // Woken before its time.
    } finally {
      signal.removeEventListener("abort", stop);
      this.#wake = () => {};
    }
  }

  #queueOf({ ingester }: Pending): ReplayQueue {
    const key = keyOf(ingester);
    const queue = this.#queues.get(key) ?? emptyQueue(this.#parts.clock);
    this.#queues.set(key, queue);
    return queue;
  }
}

function longestOf(hindered: readonly Extract<Outcome, { kind: "open" }>[]): number {
  return Math.max(0, ...hindered.map(({ retryAfterMilliseconds }) => retryAfterMilliseconds ?? 0));
}

function keyOf({ namespace, name }: Spooled["ingester"]): string {
  return `${namespace}/${name}`;
}
