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

const OR_ZERO = " or on () vector(0)";

/** An expression that is 0 where nothing has happened of which it could tell: a panel without data looks like a fault. */
export function orZero(expression: string): string {
  return expression + OR_ZERO;
}

/** An expression of {@link orZero} and what is made of it, without the 0. */
export function withoutZero(expression: string): string {
  return expression.replaceAll(OR_ZERO, "");
}

/** How many a second, as a sum over all but `by`. */
export function rate(series: string, by: string, matchers: string = SOURCES): string {
  return orZero(rateOf(series, by, matchers));
}

function rateOf(series: string, by: string, matchers: string): string {
  return `sum by (${by}) (rate(${series}{${matchers}}[$__rate_interval]))`;
}

/** How many in the time that the dashboard shows. */
export function inRange(series: string, by: string, matchers: string = SOURCES): string {
  return orZero(`sum by (${by}) (increase(${series}{${matchers}}[$__range]))`);
}

/** A quantile over the time of a rate. */
export function quantile(of: number, series: string, by: string, matchers: string = SOURCES): string {
  const labels = by === "" ? "le" : `le, ${by}`;
  return `histogram_quantile(${of}, ${rateOf(`${series}_bucket`, labels, matchers)})`;
}

/** One query for each verdict, as a rate. */
export const VERDICT_RATES: readonly Query[] = VERDICTS.map(([name, series]) => [
  orZero(`sum(rate(${series}{${SOURCES}}[$__rate_interval]))`),
  name,
]);

/** One query for each verdict, since the replicas started; of each source, verdicts that never were too. */
export const VERDICT_TOTALS: readonly Query[] = [
  ["received", "zen_watcher_signals_received_total"] as const,
  ...VERDICTS,
  ["in flight", "zen_watcher_signals_in_flight"] as const,
].map(([name, series]) => [
  orZero(
    `sum by (source) (${series}{${SOURCES}}) or 0 * sum by (source) (zen_watcher_signals_received_total{${SOURCES}})`,
  ),
  name,
]);

/** Which part of what was received has one of the given verdicts. */
export function share(...series: readonly string[]): string {
  return `sum({__name__=~"${
    series.join("|")
  }",${SOURCES}}) / sum(zen_watcher_signals_received_total{${SOURCES}})`;
}
