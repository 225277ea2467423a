import type { Verdict } from "../model/verdict.ts";
import type { Metrics } from "../observe/metrics.ts";

/**
 * Counts every finding once when it comes in and once when it has its verdict, in one turn of the event loop each, so that
 * received is the sum of all verdicts and of what is in flight in every scrape (promise P5).
 */
export class Ledger {
  readonly #metrics: Metrics;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** Findings came in: from outside, out of a spool of another process, or as dead letters that are tried again. */
  receive(source: string, count: number): void {
    this.#metrics.received.inc({ source }, count);
    this.#metrics.inFlight.inc({ source }, count);
  }

  /** What was in flight as so many findings turns out to be another number of them. */
  recount(source: string, before: number, now: number): void {
    if (now > before) this.receive(source, now - before);
    const verdict = { kind: "rejected", reason: "wrong_shape", message: "" } as const;
    for (let gone = now; gone < before; gone++) this.settle(source, verdict, undefined);
  }

  /** A finding in flight has its verdict; `of` says what was created. */
  settle(
    source: string,
    verdict: Verdict,
    of: { readonly category: string; readonly severity: string } | undefined,
  ): void {
    const metrics = this.#metrics;
    metrics.inFlight.dec({ source });
    switch (verdict.kind) {
      case "created": {
        const { category, severity } = of ?? { category: "operations", severity: "info" };
        metrics.created.inc({ source, category, severity });
        return;
      }
      case "deduplicated":
        metrics.deduplicated.inc({ source });
        return;
      case "filtered":
        metrics.filtered.inc({ source, reason: verdict.reason });
        return;
      case "rejected":
        metrics.rejected.inc({ source, reason: verdict.reason });
        return;
      case "dead-lettered":
        metrics.deadLetters.inc({ source, reason: verdict.reason });
        return;
      default:
        verdict satisfies never;
    }
  }
}
