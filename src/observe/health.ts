import type { Clock } from "../run/clock.ts";

/** What a probe is told. */
export type Probe = { readonly kind: "passing" } | {
  readonly kind: "failing";
  readonly failures: readonly string[];
};

/** All that the probes depend on; times are monotonic. */
export interface HealthState {
  readonly areIngestersSynced: boolean;
  readonly areListenersUp: boolean;
  readonly isSpoolWritable: boolean;
  readonly isStopping: boolean;
  readonly isTermStuck: boolean;
  readonly lastTickMilliseconds: number;
  /** When a probe first found the last tick too old; undefined while it is not. */
  readonly suspectedMilliseconds: number | undefined;
}

/** How old the last tick may be. */
export const STALL_MILLISECONDS = 30_000;
/** How long a late tick may take from the probe that missed it. */
export const SUSPICION_MILLISECONDS = 5_000;
const TICK_MILLISECONDS = 1_000;

/** Whether this replica should be sent webhooks; never a matter of the API server or of leading. */
export function judgeReadiness(state: HealthState): Probe {
  return probe([
    state.areIngestersSynced ? undefined : "Ingesters were not synced yet",
    state.areListenersUp ? undefined : "Listeners are not up",
    state.isSpoolWritable ? undefined : "Spool is not writable",
    state.isStopping ? "Stopping" : undefined,
  ]);
}

/**
 * Whether this process should go on; failing asks the kubelet to kill it. A process that was stopped as a whole
 * (SIGSTOP, a frozen node) has an old tick too when it is continued, and the probe may be quicker than the timer:
 * so an old tick is only suspected at first, and fatal when it is still the same one after
 * {@link SUSPICION_MILLISECONDS} in which probes were answered.
 */
export function judgeLiveness(state: HealthState, nowMilliseconds: number): Probe {
  const isStalled = isTickOld(state, nowMilliseconds) && state.suspectedMilliseconds !== undefined &&
    nowMilliseconds - state.suspectedMilliseconds >= SUSPICION_MILLISECONDS;
  return probe([
    isStalled ? `Event loop stood still for more than ${STALL_MILLISECONDS / 1000} s` : undefined,
    state.isTermStuck ? "Tasks of the last term as leader could not be ended" : undefined,
  ]);
}

/** Remembers what the parts of the program say of themselves, and answers the probes. */
export class Health {
  readonly #clock: Clock;
  #state: HealthState;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#state = {
      areIngestersSynced: false,
      areListenersUp: false,
      isSpoolWritable: true,
      isStopping: false,
      isTermStuck: false,
      lastTickMilliseconds: clock.monotonic(),
      suspectedMilliseconds: undefined,
    };
  }

  /** The Ingesters are known, from the API server or from what was kept. */
  markIngestersSynced(): void {
    this.#change({ areIngestersSynced: true });
  }

  /** Both ports are open, or no longer. */
  markListenersUp(areListenersUp: boolean): void {
    this.#change({ areListenersUp });
  }

  /** The spool has room and takes writes, or not. */
  markSpoolWritable(isSpoolWritable: boolean): void {
    this.#change({ isSpoolWritable });
  }

  /** The process was asked to end. */
  markStopping(): void {
    this.#change({ isStopping: true });
  }

  /** Tasks of a term that is over go on regardless. */
  markTermStuck(): void {
    this.#change({ isTermStuck: true });
  }

  /** Records each second that the event loop turns; rejects with the signal's reason when that aborts. */
  async keepTicking(signal: AbortSignal): Promise<void> {
    for (;;) {
      this.#change({ lastTickMilliseconds: this.#clock.monotonic(), suspectedMilliseconds: undefined });
      await this.#clock.sleep(TICK_MILLISECONDS, signal);
    }
  }

  /** For /readyz. */
  readyz(): Probe {
    return judgeReadiness(this.#state);
  }

  /** For /livez. */
  livez(): Probe {
    const now = this.#clock.monotonic();
    if (isTickOld(this.#state, now)) {
      this.#change({ suspectedMilliseconds: this.#state.suspectedMilliseconds ?? now });
    }
    return judgeLiveness(this.#state, now);
  }

  #change(part: Partial<HealthState>): void {
    this.#state = { ...this.#state, ...part };
  }
}

function isTickOld(state: HealthState, nowMilliseconds: number): boolean {
  return nowMilliseconds - state.lastTickMilliseconds > STALL_MILLISECONDS;
}

function probe(failures: readonly (string | undefined)[]): Probe {
  const named = failures.filter((failure) => failure !== undefined);
  return named.length === 0 ? { kind: "passing" } : { kind: "failing", failures: named };
}
