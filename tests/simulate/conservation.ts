import type { Metrics } from "../../src/observe/metrics.ts";

interface Series {
  get(): Promise<{ readonly values: readonly { readonly value: number; readonly labels: unknown }[] }>;
}

/** What is wrong with the counts of one process (promise P5); undefined: nothing. Nothing may be in flight any more. */
export async function conservationProblem(metrics: Metrics): Promise<string | undefined> {
  const received = await sums(metrics.received);
  const inFlight = await sums(metrics.inFlight);
  const verdicts = await Promise.all(
    [metrics.created, metrics.deduplicated, metrics.filtered, metrics.rejected].map(sums),
  );
  for (const [source, count] of received) {
    const waiting = inFlight.get(source) ?? 0;
    const told = verdicts.reduce((sum, each) => sum + (each.get(source) ?? 0), 0);
    if (count !== told + waiting || waiting !== 0) {
      return `${source} received ${count}, with a verdict ${told}, in flight ${waiting}`;
    }
  }
  return undefined;
}

async function sums(series: Series): Promise<Map<string, number>> {
  const bySource = new Map<string, number>();
  for (const { value, labels } of (await series.get()).values) {
    const { source } = labels as { readonly source: string };
    bySource.set(source, (bySource.get(source) ?? 0) + value);
  }
  return bySource;
}
