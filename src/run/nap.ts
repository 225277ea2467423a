import type { Clock } from "./clock.ts";

const WOKEN = new DOMException("Woken", "AbortError");

/** A wait that somebody else may end. */
export class Nap {
  readonly #clock: Clock;
  #current: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves after so long (Infinity: never by itself), or when woken.
   *
   * @throws the signal's reason
   */
  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const current = new AbortController();
    const forward = (): void => current.abort(signal.reason);
    signal.addEventListener("abort", forward, { once: true });
    this.#current = current;
    try {
      if (milliseconds < Infinity) await this.#clock.sleep(milliseconds, current.signal);
      else {
        await new Promise((_, reject) =>
          current.signal.addEventListener("abort", () => reject(current.signal.reason), { once: true })
        );
      }
    } catch (error) {
      if (error !== WOKEN) throw error;
    } finally {
      this.#current = undefined;
      signal.removeEventListener("abort", forward);
    }
  }

  /** Ends the wait that goes on, if any. */
  wake(): void {
    this.#current?.abort(WOKEN);
  }
}
