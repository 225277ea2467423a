/** A line that is on its way to its verdict. */
export interface LineMark {
  readonly nanoseconds: bigint;
}

/**
 * How far the log of one container has come: the time before which every line was read and has its verdict, though lines
 * are done in parallel and end in any order (promise P3). What {@link ../low_water.ts} is for resourceVersions, but a
 * line that is no finding leaves nothing behind, however many of them pass while one waits.
 */
export class LogPosition {
  readonly #open = new Set<LineMark>();
  #readTo: bigint;

  /** @param start where the reading begins, in nanoseconds since 1970 */
  constructor(start: bigint) {
    this.#readTo = start;
  }

  /** The latest timestamp that was read. */
  get readTo(): bigint {
    return this.#readTo;
  }

  /** Whether every line that was read has its verdict. */
  get isSettled(): boolean {
    return this.#open.size === 0;
  }

  /** Every line before this time has its verdict. */
  get settledTo(): bigint {
    let earliest = this.#readTo;
    for (const { nanoseconds } of this.#open) if (nanoseconds < earliest) earliest = nanoseconds;
    return earliest;
  }

  /** A line was read that is no finding, or has its verdict already; also one that stands after a later one. */
  pass(nanoseconds: bigint): void {
    if (nanoseconds > this.#readTo) this.#readTo = nanoseconds;
  }

  /** A line was read that goes to its verdict now. */
  begin(nanoseconds: bigint): LineMark {
    this.pass(nanoseconds);
    const mark = { nanoseconds };
    this.#open.add(mark);
    return mark;
  }

  /** The line has its verdict. */
  settle(mark: LineMark): void {
    this.#open.delete(mark);
  }
}
