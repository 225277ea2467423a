import type { LabelValues, Registry } from "prom-client";

/** One series, or all buckets of one histogram, that is about a source. */
export interface SourceLabelSet {
  /** Of the metric. */
  readonly name: string;
  readonly source: string;
  /** Where the metric has this label too. */
  readonly gvr: string | undefined;
  /** As it stands when it is asked for; of a histogram the count. */
  readonly value: number;
  remove(): void;
}

/** All that stands in a registry with a label `source`. Counters and gauges tell their values live. */
export async function sourceLabelSets(registry: Registry): Promise<readonly SourceLabelSet[]> {
  const found: SourceLabelSet[] = [];
  for (const { name, values } of await registry.getMetricsAsJSON()) {
    for (const sample of values) {
      // Of a histogram one sample stands for all.
      const part = "metricName" in sample ? String(sample.metricName) : undefined;
      if (part !== undefined && !part.endsWith("_count")) continue;
      const labels: LabelValues<string> = { ...sample.labels };
      const { source, gvr } = labels;
      if (source === undefined) continue;
      found.push({
        name,
        source: String(source),
        gvr: gvr === undefined ? undefined : String(gvr),
        get value() {
          return sample.value;
        },
        remove: () => registry.getSingleMetric<string>(name)?.remove(labels),
      });
    }
  }
  return found;
}
