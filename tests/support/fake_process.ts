import type { LeaseLock } from "../../src/leadership/lock.ts";
import type { Clock } from "../../src/run/clock.ts";
import type { FakeClock } from "./fake_clock.ts";
import { seededRandom } from "./seeded_random.ts";

/**
 * One process of a world: its own clock, which may run a little fast or slow and tell another wall time, and nothing of it
 * goes on while it is stopped (SIGSTOP), or ever again when it was killed.
 */
export class FakeProcess {
  /** What the process takes for time. */
  readonly clock: Clock;
  #continued: Promise<void> = Promise.resolve();
  #continue: () => void = () => {};
  #isStopped = false;

  constructor(
    world: FakeClock,
    options: { readonly seed: number; readonly rate?: number; readonly wallOffsetMilliseconds?: number },
  ) {
    const { seed, rate = 1, wallOffsetMilliseconds = 0 } = options;
    this.clock = {
      now: () => world.now() + wallOffsetMilliseconds,
      monotonic: () => world.monotonic() * rate,
      random: seededRandom(seed),
      sleep: async (milliseconds, signal) => {
        await world.sleep(milliseconds / rate, signal);
        await this.#running();
        signal.throwIfAborted();
      },
    };
  }

  /** True while it is stopped, or for ever when it was killed. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** SIGSTOP, or SIGKILL when it is never continued. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#continued = new Promise((resolve) => this.#continue = resolve);
  }

  /** SIGCONT. */
  continue(): void {
    this.#isStopped = false;
    this.#continue();
  }

  /** The same access to the Lease, whose answers reach the process only while it runs. */
  lock(lock: LeaseLock): LeaseLock {
    const gated = async <T>(answer: Promise<T>): Promise<T> => {
      try {
        return await answer;
      } finally {
        await this.#running();
      }
    };
    const running = (): Promise<void> => this.#running();
    return {
      get: (signal) => gated(lock.get(signal)),
      create: (record, signal) => gated(lock.create(record, signal)),
      update: (record, signal) => gated(lock.update(record, signal)),
      async *watch(signal) {
        for await (const record of lock.watch(signal)) {
          await running();
          signal.throwIfAborted();
          yield record;
        }
      },
    };
  }

  async #running(): Promise<void> {
    while (this.#isStopped) await this.#continued;
  }
}
