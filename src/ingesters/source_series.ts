import { DEAD_LETTER_REASONS, REJECTED_REASONS } from "../model/verdict.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { IngesterRegistry } from "./registry.ts";

/**
 * Begins at 0 what alerts look at, for each source as soon as an Ingester of it runs: a series that came into being with its
 * first increase would hide that increase from `increase()` and `rate()`. Only label values that are known beforehand: what
 * was created and filtered has too many, and no alert of its own.
 */
export function beginSeries(registry: IngesterRegistry, metrics: Metrics): void {
  const begun = new Set<string>();
  const begin = (source: string): void => {
    metrics.received.inc({ source }, 0);
    metrics.inFlight.inc({ source }, 0);
    metrics.deduplicated.inc({ source }, 0);
    for (const reason of REJECTED_REASONS) metrics.rejected.inc({ source, reason }, 0);
    for (const reason of DEAD_LETTER_REASONS) metrics.deadLetters.inc({ source, reason }, 0);
  };
  registry.onChange(() => {
    for (const { compiled } of registry.entries.values()) {
      if (!("lane" in compiled) || begun.has(compiled.lane.source)) continue;
      begun.add(compiled.lane.source);
      begin(compiled.lane.source);
    }
  });
}
