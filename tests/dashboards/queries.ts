import type { Query } from "./panels.ts";

/** What the variable namespace selects. */
export const HERE = 'namespace=~"$namespace"';
/** What the variables namespace and source select. */
export const SOURCES: string = `${HERE},source=~"$source"`;
/** All that becomes of a finding. */
const VERDICTS: readonly (readonly [string, string])[] = [
  ["created", "zen_watcher_observations_created_total"],
  ["deduplicated", "zen_watcher_observations_deduped_total"],
  ["filtered", "zen_watcher_observations_filtered_total"],
  ["rejected", "zen_watcher_signals_rejected_total"],
  ["dead-lettered", "zen_watcher_dead_letters_total"],
];

/** How many a second, as a sum over all but `by`. */
export function rate(series: string, by: string, matchers: string = SOURCES): string {
  return `sum by (${by}) (rate(${series}{${matchers}}[$__rate_interval]))`;
}

/** How many in the time that the dashboard shows. */
export function inRange(series: string, by: string, matchers: string = SOURCES): string {
  return `sum by (${by}) (increase(${series}{${matchers}}[$__range]))`;
}

/** A quantile over the time of a rate. */
export function quantile(of: number, series: string, by: string, matchers: string = SOURCES): string {
  const labels = by === "" ? "le" : `le, ${by}`;
  return `histogram_quantile(${of}, ${rate(`${series}_bucket`, labels, matchers)})`;
}

/** One query for each verdict, as a rate. */
export const VERDICT_RATES: readonly Query[] = VERDICTS.map(([name, series]) => [
  `sum(rate(${series}{${SOURCES}}[$__rate_interval]))`,
  name,
]);

/** One query for each verdict, since the replicas started. */
export const VERDICT_TOTALS: readonly Query[] = [
  ["received", "zen_watcher_signals_received_total"] as const,
  ...VERDICTS,
  ["in flight", "zen_watcher_signals_in_flight"] as const,
].map(([name, series]) => [`sum by (source) (${series}{${SOURCES}})`, name]);

/** Which part of what was received has one of the given verdicts. */
export function share(...series: readonly string[]): string {
  return `sum({__name__=~"${
    series.join("|")
  }",${SOURCES}}) / sum(zen_watcher_signals_received_total{${SOURCES}})`;
}
