import type { Clock } from "../run/clock.ts";

/** Longest sleep at once; who waits looks again and goes on waiting. */
const MOST_MILLISECONDS = 60_000;

/** Wakes the one loop that waits for it; a ring while nobody waits is heard by the next who does. */
export class Bell {
  #isRung = false;
  #wake: (() => void) | undefined;

  /** Wakes who waits. */
  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  /**
   * Resolves at the next ring, after `milliseconds`, or after a minute, whatever comes first.
   *
   * @throws the signal's reason
   */
  async wait(milliseconds: number, clock: Clock, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    signal.addEventListener("abort", this.#wake, { once: true });
    try {
      if (!this.#isRung) await clock.sleep(Math.min(milliseconds, MOST_MILLISECONDS), woken.signal);
    } catch (error) {
      if (!woken.signal.aborted) throw error;
    } finally {
      signal.removeEventListener("abort", this.#wake);
      this.#wake = undefined;
      this.#isRung = false;
    }
    signal.throwIfAborted();
  }
}
