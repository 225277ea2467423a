import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Clock } from "../run/clock.ts";
import type { RestartReason } from "../kube/restart.ts";

/** Why everything was listed: for the first time, or since a watch could not be resumed. */
export type RelistReason = "first" | RestartReason;

/** Measures the lists of one informer: each says in the log and in a metric how long it took until all had its verdict. */
export class RelistTimer {
  readonly #labels: { readonly source: string; readonly gvr: string };
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #log: Log;
  #reason: RelistReason = "first";
  #startedAt: number | undefined;
  #count = 0;

  constructor(
    labels: { readonly source: string; readonly gvr: string },
    parts: { readonly clock: Clock; readonly metrics: Metrics; readonly log: Log },
  ) {
    this.#labels = labels;
    this.#clock = parts.clock;
    this.#metrics = parts.metrics;
    this.#log = parts.log.component("source");
  }

  /** A watch is opened anew for this reason; it is that of the list, if one follows. */
  because(reason: RelistReason): void {
    this.#reason = reason;
  }

  /** A list begins; one that is begun again after a failure goes on counting its time. */
  begin(): void {
    this.#startedAt ??= this.#clock.monotonic();
    this.#count = 0;
  }

  /** An object was listed. */
  count(): void {
    this.#count++;
  }

  /** The list was read whole and everything in it has its verdict; `gone` were known before and are no more. */
  end(gone: number): void {
    if (this.#startedAt === undefined) return;
    const milliseconds = this.#clock.monotonic() - this.#startedAt;
    this.#startedAt = undefined;
    const { source } = this.#labels;
    this.#metrics.relistDuration.observe({ source, reason: this.#reason }, milliseconds / 1000);
    this.#log.info("Source listed", {
      ...this.#labels,
      reason: this.#reason,
      count: this.#count,
      gone,
      duration_ms: Math.round(milliseconds),
    });
  }
}
