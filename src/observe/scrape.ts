import type { Registry } from "prom-client";

type Family = Awaited<ReturnType<Registry["getMetricsAsJSON"]>>[number];
type Sample = Family["values"][number] & { readonly metricName?: string };

/** More tries than a scrape ever needs: each one more means that a series came into being in the one before. */
const MAX_TRIES = 100;

/**
 * The text exposition of a registry, with all counters and gauges as they stood at one moment: sums over them
 * hold in every single scrape (promise P5). `registry.metrics()` cannot do that: it reads value after value with
 * an await between, while its lists hold the live samples.
 *
 * Here the samples are listed first. Then, without an await, the values of the listed ones are copied and the
 * list is taken again. What is on the second list and not on the first came up in between: one more round.
 */
export async function scrape(registry: Registry): Promise<string> {
  const selfSetting = new Set(registry.getMetricsAsArray().filter(isSelfSetting).map(({ name }) => name));
  let families: readonly Family[] = await registry.getMetricsAsJSON();
  for (let tries = 1;; tries++) {
    const values = new Map<object, number>();
    for (const { values: samples } of families) {
      for (const sample of samples) values.set(sample, sample.value);
    }
    families = await registry.getMetricsAsJSON();
    const isWhole = families.every(({ name, values: samples }) =>
      selfSetting.has(name) || samples.every((sample) => values.has(sample))
    );
    if (isWhole || tries === MAX_TRIES) return expose(families, values);
  }
}

/** Histograms copy themselves when they are listed; gauges with a collect function set themselves then. */
function isSelfSetting(family: Omit<Family, "values">): boolean {
  // Declared as number by prom-client, but a word at run time.
  const type: unknown = family.type;
  return type === "histogram" || type === "summary" || family.collect !== undefined;
}

function expose(families: readonly Family[], values: ReadonlyMap<object, number>): string {
  return families.map((family) => {
    const lines = family.values.map((sample: Sample) =>
      `${sample.metricName ?? family.name}${labelsOf(sample)} ${numeral(values.get(sample) ?? sample.value)}`
    );
    return [`# HELP ${family.name} ${escape(family.help)}`, `# TYPE ${family.name} ${family.type}`, ...lines]
      .join("\n");
  }).join("\n\n") + "\n";
}

function labelsOf(sample: Sample): string {
  const labels = Object.entries(sample.labels).map(([name, value]) =>
    `${name}="${escape(String(value)).replaceAll('"', '\\"')}"`
  );
  return labels.length === 0 ? "" : `{${labels.join(",")}}`;
}

function escape(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function numeral(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}
