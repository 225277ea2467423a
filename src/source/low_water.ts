import { isOlder } from "../kube/resource_version.ts";

/** One event of a watch that is under way. */
export interface Mark {
  readonly resourceVersion: string;
}

/**
 * How far a watch has come: the highest resourceVersion below which everything has its verdict, though what it brings is
 * done in parallel and ends in any order (promise P3).
 */
export class LowWater {
  readonly #open = new Set<Mark & { isSettled: boolean }>();
  #position: string | undefined;

  /** @param position where the watch resumes; undefined when it lists first */
  constructor(position: string | undefined) {
    this.#position = position;
  }

  /** Where a watch may resume without losing anything; undefined while nothing is known. */
  get position(): string | undefined {
    return this.#position;
  }

  /** Begins anew at a resourceVersion, also a smaller one: a list was read whole, and every item has its verdict. */
  reset(resourceVersion: string | undefined): void {
    this.#open.clear();
    this.#position = resourceVersion;
  }

  /** To be called for each event in the order of the watch, before its work begins. */
  pass(resourceVersion: string): Mark {
    const mark = { resourceVersion, isSettled: false };
    this.#open.add(mark);
    return mark;
  }

  /** The event has its verdict. Returns whether the position has moved. */
  settle(mark: Mark): boolean {
    const own = mark as Mark & { isSettled: boolean };
    if (!this.#open.has(own)) return false;
    own.isSettled = true;
    const before = this.#position;
    for (const first of this.#open) {
      if (!first.isSettled) break;
      this.#open.delete(first);
      // What is sent twice, on an old and on a new watch, takes nothing back.
      if (this.#position === undefined || !isOlder(first.resourceVersion, this.#position)) {
        this.#position = first.resourceVersion;
      }
    }
    return this.#position !== before;
  }
}
