/** Something that will happen, unless it is cancelled before. */
export interface Happening {
  readonly at: number;
  /** Keeps what is due at the same time in the order in which it was asked for. */
  readonly order: number;
  readonly run: () => void;
  isCancelled: boolean;
}

/** Something goes on and on without time. */
export class TimeStandsStillError extends Error {
  override readonly name = "TimeStandsStillError";

  constructor(now: number) {
    super(`Cannot go on: time stands still at ${now.toFixed(1)} ms`);
  }
}

/** More than this at one instant: time stands still, something loops. */
const MOST_AT_ONCE = 20_000;

/**
 * Virtual time, in milliseconds from 0: one thing happens after the other, and whatever follows from it without time is
 * done before the next. Everything that happens in a simulation is on one timeline.
 */
export class Timeline {
  readonly #heap: Happening[] = [];
  #now = 0;
  #order = 0;
  #count = 0;

  /** The virtual time. */
  get now(): number {
    return this.#now;
  }

  /** How much has happened. */
  get count(): number {
    return this.#count;
  }

  /** Has `run` called at a time; one that is past means now. */
  at(time: number, run: () => void): Happening {
    const happening = { at: Math.max(this.#now, time), order: this.#order++, run, isCancelled: false };
    this.#push(happening);
    return happening;
  }

  /** Lets time go on up to `time`, or until `isOver`. */
  async runUntil(time: number, isOver: () => boolean): Promise<void> {
    await settle();
    let atOnce = 0;
    for (let next = this.#heap[0]; next !== undefined && next.at <= time; next = this.#heap[0]) {
      if (isOver()) return;
      this.#pop();
      if (next.isCancelled) continue;
      atOnce = next.at > this.#now ? 0 : atOnce + 1;
      if (atOnce > MOST_AT_ONCE) throw new TimeStandsStillError(this.#now);
      this.#now = next.at;
      this.#count++;
      next.run();
      await settle();
    }
    if (!isOver()) this.#now = Math.max(this.#now, time);
  }

  #push(added: Happening): void {
    const heap = this.#heap;
    let index = heap.length;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Happening;
      if (isBefore(above, added)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = added;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    while (true) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Happening, heap[child] as Happening)) {
        child++;
      }
      const below = heap[child] as Happening;
      if (isBefore(last, below)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(one: Happening, other: Happening): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** Resolves when all microtasks are done: the next macrotask comes after them. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
