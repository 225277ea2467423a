/** The place of one who takes part in a {@link Gathering}. */
export interface Seat<T, R> {
  /** Brings something; resolves to what became of all that was brought. */
  join(item: T): Promise<R>;
  /** Brings nothing; without effect after it has joined or left. */
  leave(): void;
}

/** Waits until each of so many has brought something or nothing, and then settles in one go all that was brought. */
export class Gathering<T, R> {
  readonly #settle: (items: readonly T[]) => Promise<R>;
  readonly #items: T[] = [];
  readonly #ended: PromiseWithResolvers<R> = Promise.withResolvers<R>();
  #missing: number;

  /** @param settle is not called when nothing was brought */
  constructor(count: number, settle: (items: readonly T[]) => Promise<R>) {
    this.#missing = count;
    this.#settle = settle;
  }

  /** One for each of those who take part. */
  seat(): Seat<T, R> {
    let isOpen = true;
    const close = (): boolean => {
      if (!isOpen) return false;
      isOpen = false;
      this.#missing--;
      return true;
    };
    return {
      join: (item) => {
        if (close()) this.#items.push(item);
        this.#endIfComplete();
        return this.#ended.promise;
      },
      leave: () => {
        if (close()) this.#endIfComplete();
      },
    };
  }

  #endIfComplete(): void {
    if (this.#missing > 0 || this.#items.length === 0) return;
    const items = this.#items.splice(0);
    this.#settle(items).then(this.#ended.resolve, this.#ended.reject);
  }
}
