/**
 * How many may do something at once. Who finds no slot free waits in a queue, so that those who give theirs back and ask again
 * let the others have a turn; however many wait, only the one whose turn it is wakes.
 */
export class Slots {
  readonly limit: number;
  readonly #queue = new Set<() => void>();
  #taken = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Whether who asks now must wait. */
  get isFull(): boolean {
    return this.#taken >= this.limit;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * Takes a slot, which is given back when the returned object is disposed.
   *
   * @throws the signal's reason
   */
  async take(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#taken < this.limit) this.#taken++;
    else await this.#turn(signal);
    let isGiven = false;
    return {
      [Symbol.dispose]: () => {
        if (isGiven) return;
        isGiven = true;
        this.#give();
      },
    };
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#queue.delete(enter);
        reject(signal.reason);
      };
      const enter = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#queue.add(enter);
    });
  }

  /** Hands the slot to who has waited longest. */
  #give(): void {
    const [next] = this.#queue;
    if (next === undefined) {
      this.#taken--;
      return;
    }
    this.#queue.delete(next);
    next();
  }
}
