/**
 * Tasks that live and end together: the first failure ends the rest, and so does the parent. A task that rejects after the
 * end was asked for has only obeyed, and is no failure.
 */
export class Group implements AsyncDisposable {
  readonly #controller = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #leaveParent: () => void;
  #failure: { readonly error: unknown } | undefined;
  #isFailureTold = false;

  constructor(parent: AbortSignal) {
    const onAbort = (): void => this.close(parent.reason);
    parent.addEventListener("abort", onAbort, { once: true });
    this.#leaveParent = () => parent.removeEventListener("abort", onAbort);
    if (parent.aborted) onAbort();
  }

  /** Aborts when the group ends; what every task is given. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts a task; `name` is said when it fails. */
  run(name: string, task: (signal: AbortSignal) => Promise<void>): void {
    const running = this.#watch(name, task).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Asks all tasks to end. */
  close(reason: unknown = new DOMException("The group was closed", "AbortError")): void {
    this.#leaveParent();
    this.#controller.abort(reason);
  }

  /**
   * Resolves when all tasks have ended.
   *
   * @throws the first failure
   */
  async settled(): Promise<void> {
    await this.#ended();
    if (this.#failure === undefined) return;
    this.#isFailureTold = true;
    throw this.#failure.error;
  }

  /** Ends all tasks; throws the first failure unless `settled` has: told twice, it would hide itself (SuppressedError). */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#ended();
    if (this.#failure !== undefined && !this.#isFailureTold) throw this.#failure.error;
  }

  async #ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    this.#leaveParent();
  }

  async #watch(name: string, task: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await task(this.signal);
    } catch (error) {
      if (this.signal.aborted) return;
      this.#failure ??= { error: new Error(`Task ${name} failed`, { cause: error }) };
      this.close(this.#failure.error);
    }
  }
}
