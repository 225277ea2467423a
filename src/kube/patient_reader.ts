import type { Clock } from "../run/clock.ts";

/**
 * Reads an iterator and says when nothing came for a while, without letting go of it: what is awaited is awaited on. One
 * timer serves all waits, since a timer for each item would cost more than the item.
 */
export class PatientReader<T> implements AsyncDisposable {
  readonly #items: AsyncGenerator<T, void, undefined>;
  readonly #clock: Clock;
  readonly #end: (reason: unknown) => void;
  #pending: Promise<IteratorResult<T, void>> | undefined;
  #onLate: (() => void) | undefined;
  #lateAt = Infinity;
  #wakesAt = Infinity;
  #timer: AbortController | undefined;

  /** @param open makes the iterator, which ends when its signal aborts */
  constructor(
    open: (signal: AbortSignal) => AsyncGenerator<T, void, undefined>,
    clock: Clock,
    signal: AbortSignal,
  ) {
    const controller = new AbortController();
    const forward = (): void => controller.abort(signal.reason);
    signal.addEventListener("abort", forward, { once: true });
    if (signal.aborted) forward();
    this.#end = (reason) => {
      signal.removeEventListener("abort", forward);
      controller.abort(reason);
    };
    this.#items = open(controller.signal);
    this.#clock = clock;
  }

  /**
   * The next item, the end, or "late" when neither came up to `lateAt` (monotonic; Infinity: waits for ever).
   *
   * @throws what the iterator throws
   */
  next(lateAt: number): Promise<IteratorResult<T, void> | "late"> {
    const pending = this.#pending ??= this.#items.next();
    return new Promise((resolve, reject) => {
      let isLate = false;
      this.#lateAt = lateAt;
      this.#onLate = () => {
        isLate = true;
        this.#onLate = undefined;
        resolve("late");
      };
      // What comes for somebody who was told "late" is kept for whoever asks next.
      pending.then((result) => {
        if (isLate) return;
        this.#take();
        resolve(result);
      }, (error) => {
        if (isLate) return;
        this.#take();
        reject(error);
      });
      this.#arm();
    });
  }

  /** Ends the iterator, also while it is awaited. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.abort();
    this.#pending?.catch(() => {});
    this.#end(new DOMException("The reader was closed", "AbortError"));
    // It may still throw why it ended; nobody reads it any more.
    await this.#items.return().catch(() => {});
  }

  #take(): void {
    this.#pending = undefined;
    this.#onLate = undefined;
  }

  /** Sees to it that somebody wakes when the wait that goes on is late. */
  #arm(): void {
    if (this.#wakesAt <= this.#lateAt) return;
    this.#timer?.abort();
    const timer = new AbortController();
    this.#timer = timer;
    this.#wakesAt = this.#lateAt;
    this.#clock.sleep(this.#lateAt - this.#clock.monotonic(), timer.signal).then(() => {
      this.#wakesAt = Infinity;
      if (this.#onLate === undefined) return;
      if (this.#clock.monotonic() >= this.#lateAt) this.#onLate();
      else this.#arm();
    }, () => {});
  }
}
