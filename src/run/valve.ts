/**
 * Lets groups of things in while fewer than the limit are inside: what is large is opened one after the other. One group may
 * go beyond the limit, so that none is too large to come in.
 */
export class Valve {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many are inside. */
  get inside(): number {
    return this.#inside;
  }

  /**
   * Opens a group when there is room for some of it, first come first served; {@link leave} is to be told its size.
   *
   * @throws the signal's reason when it aborts before, and what `open` throws
   */
  async enter<T>(open: () => readonly T[], signal: AbortSignal): Promise<readonly T[]> {
    signal.throwIfAborted();
    if (this.#hasRoom && this.#waiting.length === 0) return this.#open(open);
    return await new Promise<readonly T[]>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      const enter = (): void => {
        signal.removeEventListener("abort", onAbort);
        try {
          resolve(this.#open(open));
        } catch (error) {
          reject(error);
        }
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(enter);
    });
  }

  /** So many have gone out. */
  leave(count: number): void {
    this.#inside -= count;
    while (this.#hasRoom) {
      const enter = this.#waiting.shift();
      if (enter === undefined) return;
      enter();
    }
  }

  get #hasRoom(): boolean {
    return this.#inside < this.#limit;
  }

  #open<T>(open: () => readonly T[]): readonly T[] {
    const group = open();
    this.#inside += group.length;
    return group;
  }
}
