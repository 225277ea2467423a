import { createMetrics } from "../../src/observe/metrics.ts";
import { readsOf } from "./promql.ts";

/** Labels that Prometheus adds to what it scrapes, and the one that it renames then. */
export const TARGET_LABELS: readonly string[] = [
  "job",
  "instance",
  "namespace",
  "pod",
  "container",
  "service",
  "endpoint",
  "exported_namespace",
];

/** What Prometheus itself knows of a target. */
const OF_TARGETS: readonly (readonly [string, readonly string[]])[] = [["up", []]];

/** Every series that the program can export, with its labels, as they are known from its registry. */
export function knownSeries(): ReadonlyMap<string, readonly string[]> {
  const known = new Map<string, readonly string[]>(OF_TARGETS);
  for (const metric of createMetrics("").registry.getMetricsAsArray()) {
    const labels = "labelNames" in metric ? [...metric.labelNames as readonly string[]] : [];
    const { name } = metric;
    // Declared as number by prom-client, but a word at run time.
    const type: unknown = metric.type;
    if (type === "histogram") {
      known.set(`${name}_bucket`, [...labels, "le"]);
      known.set(`${name}_sum`, labels);
      known.set(`${name}_count`, labels);
    } else known.set(name, labels);
  }
  return known;
}

/** What an expression reads that is not there: series, and labels that none of its series has. */
export function strangersIn(
  expression: string,
  known: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const { selectors, grouping } = readsOf(expression);
  const strangers: string[] = [];
  const all = new Set(TARGET_LABELS);
  for (const { names, labels } of selectors) {
    for (const name of names) {
      const has = known.get(name);
      if (has === undefined) strangers.push(name);
      for (const label of has ?? []) all.add(label);
      for (const label of labels) {
        if (![...TARGET_LABELS, ...has ?? []].includes(label)) strangers.push(`${name}{${label}}`);
      }
    }
  }
  return [...strangers, ...grouping.filter((label) => !all.has(label)).map((label) => `by (${label})`)];
}
