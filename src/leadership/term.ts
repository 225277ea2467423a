import type { Clock } from "../run/clock.ts";

/** From what state of the Lease a term was won. */
export interface Takeover {
  readonly kind: "none" | "released" | "expired" | "own";
  /**
   * When (monotonic) the release was seen, else the last renewal; undefined when neither was, as at the first start.
   */
  readonly sinceMonotonic: number | undefined;
}

/** Why a term ended unasked. */
export type LossReason =
  | "renew-deadline"
  | "taken"
  | "twin"
  | "foreign-release"
  | "work-ended"
  | "work-stuck"
  | "failed";

/** One term as the leader, as the work of the leader sees it. */
export interface Term {
  /** Name of the Lease. */
  readonly lease: string;
  readonly takeover: Takeover;
  /** Aborts when the work should end: at once when the lease was lost; the lease is still held after a stop that was asked for. */
  readonly signal: AbortSignal;
  /**
   * Whether the lease is held at this very moment; asked before every write. It is arithmetic on the monotonic clock: right
   * also in a process that was stopped and continued, before any of its timers ran. Finding the time run out it ends the
   * term, so that {@link signal} has aborted whenever this says no while the work goes on.
   */
  isValid(): boolean;
  /** When the last renewal that is known to have succeeded was sent (monotonic); without a Lease it is always now. */
  readonly renewedAt: number;
}

/** The reason of {@link Term.signal} when a term ended unasked. */
export class TermLostError extends Error {
  override readonly name = "TermLostError";
  readonly reason: LossReason;

  constructor(lease: string, reason: LossReason) {
    super(`The term as the leader ended: Lease ${lease} was lost (${reason})`);
    this.reason = reason;
  }
}

/** A term that lasts as long as it is renewed. It ends itself at its deadline, whatever else goes on or hangs. */
export class LeaseTerm implements Term {
  readonly lease: string;
  readonly takeover: Takeover;
  readonly #clock: Clock;
  readonly #renewDeadline: number;
  readonly #onLost: (reason: LossReason) => void;
  readonly #work = new AbortController();
  readonly #over = new AbortController();
  #renewedAt: number;
  #askedToEndAt: number | undefined;
  #lost: LossReason | undefined;

  constructor(
    options: {
      readonly lease: string;
      readonly takeover: Takeover;
      /** When the write that won it was sent (monotonic). */
      readonly renewedAt: number;
      readonly renewDeadlineMilliseconds: number;
      /** Called once, when the term ends unasked. */
      readonly onLost: (reason: LossReason) => void;
    },
    clock: Clock,
  ) {
    this.lease = options.lease;
    this.takeover = options.takeover;
    this.#renewedAt = options.renewedAt;
    this.#renewDeadline = options.renewDeadlineMilliseconds;
    this.#onLost = options.onLost;
    this.#clock = clock;
  }

  /** {@inheritDoc Term.signal} */
  get signal(): AbortSignal {
    return this.#work.signal;
  }

  /** {@inheritDoc Term.isValid} */
  isValid(): boolean {
    if (this.#over.signal.aborted) return false;
    if (this.#clock.monotonic() < this.validUntil) return true;
    // Whoever asks first after a sleep of the process ends the term; its timer comes later.
    this.lose("renew-deadline");
    return false;
  }

  /** {@inheritDoc Term.renewedAt} */
  get renewedAt(): number {
    return this.#renewedAt;
  }

  /** When the term ends unless it is renewed (monotonic). */
  get validUntil(): number {
    return this.#renewedAt + this.#renewDeadline;
  }

  /** When its work was asked to end (monotonic); undefined while it goes on. */
  get askedToEndAt(): number | undefined {
    return this.#askedToEndAt;
  }

  /** Why it was lost; undefined when it was not. */
  get lost(): LossReason | undefined {
    return this.#lost;
  }

  /** Prolongs the term by a renewal that was sent at `sentAt`. What has run out stays so: a term never comes back. */
  renew(sentAt: number): void {
    if (this.isValid()) this.#renewedAt = Math.max(this.#renewedAt, sentAt);
  }

  /** Asks the work to end while the lease is still held and renewed. */
  stop(reason: unknown): void {
    this.#askedToEndAt ??= this.#clock.monotonic();
    this.#work.abort(reason);
  }

  /** Ends the term unasked, at once. */
  lose(reason: LossReason): void {
    if (this.#over.signal.aborted) return;
    this.#lost = reason;
    this.#over.abort();
    this.stop(new TermLostError(this.lease, reason));
    this.#onLost(reason);
  }

  /** Ends the term when its work has ended. */
  close(): void {
    this.#over.abort();
  }

  /** Ends the term at its deadline; resolves when it has ended, in whatever way. */
  async guard(): Promise<void> {
    try {
      while (this.isValid()) {
        await this.#clock.sleep(this.validUntil - this.#clock.monotonic(), this.#over.signal);
      }
    } catch {
      // The term ended before its deadline.
    }
  }
}
