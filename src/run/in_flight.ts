/**
 * Tasks that run beside each other, at most so many at once, and one after the other where they have the same key: a
 * bounded way to read ahead of what is being done.
 */
export class InFlight {
  readonly #limit: number;
  readonly #running = new Set<Promise<void>>();
  readonly #lastByKey = new Map<string, Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Takes `task` in when fewer than the limit are running; it starts when the one before it with the same key has ended.
   *
   * @throws what an earlier task threw
   */
  async start(key: string, task: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#limit) await Promise.race(this.#running);
    this.#throwFailure();
    const running = this.#runAfter(this.#lastByKey.get(key), task).then(() => {
      this.#running.delete(running);
      if (this.#lastByKey.get(key) === running) this.#lastByKey.delete(key);
    });
    this.#running.add(running);
    this.#lastByKey.set(key, running);
  }

  /**
   * Resolves when all started tasks have ended.
   *
   * @throws what one of them threw
   */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running);
    this.#throwFailure();
  }

  async #runAfter(before: Promise<void> | undefined, task: () => Promise<void>): Promise<void> {
    try {
      await before;
      await task();
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
