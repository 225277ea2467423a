import type { Spooled } from "../model/spooled.ts";
import type { Lane } from "../pipeline/lane.ts";
import { Backoff } from "../run/backoff.ts";
import type { Clock } from "../run/clock.ts";
import type { Pending } from "./spool_shelf.ts";

/** The records of one Ingester, oldest first. */
export interface ReplayQueue {
  readonly waiting: Set<Pending>;
  /** What was begun and has not ended, oldest first, with what says whether it is over. */
  readonly running: Map<Pending, Promise<boolean>>;
  readonly backoff: Backoff;
  readonly stallBackoff: Backoff;
  /** Until when nothing is tried, as long as its Ingester stays as it is. */
  parkedUntil: number;
  /** Under which rules that was found; undefined: there were none. */
  parkedUnder: Lane | undefined;
  /** Until when the API server asked to wait, whatever becomes of its Ingester. */
  askedUntil: number;
  isStalled: boolean;
  /** Nothing hinders it but the rate of its Ingester. */
  isPaced: boolean;
}

/** A queue in which nothing waits. */
export function emptyQueue(clock: Clock): ReplayQueue {
  return {
    waiting: new Set(),
    running: new Map(),
    backoff: new Backoff({ minMilliseconds: 50, maxMilliseconds: 1_000 }, clock),
    stallBackoff: new Backoff({ minMilliseconds: 1_000, maxMilliseconds: 15_000 }, clock),
    parkedUntil: -Infinity,
    parkedUnder: undefined,
    askedUntil: -Infinity,
    isStalled: false,
    isPaced: false,
  };
}

/** When it is tried again, as far as is known now. */
export function dueAt({ parkedUntil, askedUntil }: ReplayQueue): number {
  return Math.max(parkedUntil, askedUntil);
}

/** Ends a wait that was found under other rules than those of now: they may ask for less, or for something else. */
export function judgeAnew(queue: ReplayQueue, rules: Lane | undefined): void {
  if (queue.parkedUnder === rules) return;
  queue.parkedUnder = rules;
  queue.parkedUntil = -Infinity;
  queue.isPaced = false;
  queue.backoff.reset();
  queue.stallBackoff.reset();
}

/** The first of those that wait. */
export function firstOf(queue: ReplayQueue, count: number): readonly Pending[] {
  const found: Pending[] = [];
  for (const pending of queue.waiting) {
    if (found.length >= count) break;
    found.push(pending);
  }
  return found;
}

/** Puts back in its place what was begun and is not over. */
export function putBack(queue: ReplayQueue, pending: Pending): void {
  const others = [...queue.waiting];
  const place = others.findIndex(({ order }) => order > pending.order);
  queue.waiting.clear();
  for (const one of others.toSpliced(place < 0 ? others.length : place, 0, pending)) queue.waiting.add(one);
}

/** The rules for what is made already, when its Ingester has none any more. */
export function bareLane(source: string, ingester: Spooled["ingester"]): Lane {
  return {
    source,
    ingester,
    namespaces: [],
    filter: () => undefined,
    stages: [],
    windowSeconds: 1,
    isDryRun: false,
    ttlSeconds: () => 1,
  };
}
