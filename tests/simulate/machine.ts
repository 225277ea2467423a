import type { Clock } from "../../src/run/clock.ts";
import { seededRandom } from "../support/seeded_random.ts";
import type { Timeline } from "./timeline.ts";

/** Wall time at the beginning of every schedule, in milliseconds since 1970. */
export const EPOCH: number = Date.UTC(2026, 0, 2, 12);

/** Something that a process waits for: a timer, an answer, a piece of a stream. */
export interface Due {
  cancel(): void;
}

interface Waiting {
  readonly run: () => void;
  isCancelled: boolean;
}

/**
 * One process: its clocks, and the gate through which time and the network come to it. A process that is stopped (SIGSTOP)
 * is given nothing, and everything at once when it is continued; one that was killed is never given anything again.
 */
export class Machine {
  readonly clock: Clock;
  readonly #timeline: Timeline;
  readonly #startedAt: number;
  #state: "running" | "stopped" | "dead" = "running";
  #wallOffset: number;
  #backlog: Waiting[] = [];

  constructor(timeline: Timeline, seed: number, wallOffsetMilliseconds: number) {
    this.#timeline = timeline;
    this.#startedAt = timeline.now;
    this.#wallOffset = wallOffsetMilliseconds;
    this.clock = {
      now: () => EPOCH + timeline.now + this.#wallOffset,
      monotonic: () => timeline.now - this.#startedAt,
      random: seededRandom(seed),
      sleep: (milliseconds, signal) => this.#sleep(milliseconds, signal),
    };
  }

  /** Whether it runs. */
  get state(): "running" | "stopped" | "dead" {
    return this.#state;
  }

  /** What its wall clock is ahead of the true time, in milliseconds. */
  get wallOffset(): number {
    return this.#wallOffset;
  }

  /** Gives something to the process at a time of the timeline, or when it can take it. */
  post(time: number, run: () => void): Due {
    const waiting: Waiting = { run, isCancelled: false };
    const happening = this.#timeline.at(time, () => this.#give(waiting));
    return {
      cancel: () => {
        waiting.isCancelled = true;
        happening.isCancelled = true;
      },
    };
  }

  /** SIGSTOP. */
  stop(): void {
    if (this.#state === "running") this.#state = "stopped";
  }

  /** SIGCONT: what was due meanwhile comes now, one after the other. */
  resume(): void {
    if (this.#state !== "stopped") return;
    this.#state = "running";
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const waiting of backlog) this.#timeline.at(this.#timeline.now, () => this.#give(waiting));
  }

  /** SIGKILL, or the end of the process. */
  kill(): void {
    this.#state = "dead";
    this.#backlog = [];
  }

  /** Steps the wall clock; the monotonic one knows nothing of it. */
  stepWall(milliseconds: number): void {
    this.#wallOffset += milliseconds;
  }

  #give(waiting: Waiting): void {
    if (waiting.isCancelled || this.#state === "dead") return;
    if (this.#state === "stopped") this.#backlog.push(waiting);
    else waiting.run();
  }

  #sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        due.cancel();
        reject(signal.reason);
      };
      // No timer is finer than a microsecond; what rounding leaves of a wait must not be waited for without end.
      const rounded = Math.ceil(Math.max(0, milliseconds) * 1000) / 1000;
      const due = this.post(this.#timeline.now + rounded, () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      });
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}
