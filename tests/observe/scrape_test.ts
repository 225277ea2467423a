import assert from "node:assert/strict";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import { scrape } from "../../src/observe/scrape.ts";

Deno.test("at rest the text is the one that prom-client makes", async () => {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: "plain_total", help: "No labels", registers }).inc(3);
  new Counter({ name: "empty_total", help: "Never counted", labelNames: ["a"], registers });
  const labelled = new Counter({
    name: "a_total",
    help: "Two\nlines \\ here",
    labelNames: ["a", "b"],
    registers,
  });
  labelled.inc({ a: 'quo"te', b: "back\\slash\nline" });
  labelled.inc({ b: "only b" }, 2.5);
  const infinite = new Gauge({ name: "infinite", help: "Odd values", labelNames: ["v"], registers });
  infinite.set({ v: "+" }, Infinity);
  infinite.set({ v: "-" }, -Infinity);
  infinite.set({ v: "large" }, 1e21);
  new Gauge({
    name: "collected",
    help: "Sets itself",
    registers,
    collect() {
      this.set(7);
    },
  });
  const histogram = new Histogram({
    name: "h_seconds",
    help: "H",
    labelNames: ["s"],
    buckets: [0.1, 1],
    registers,
  });
  for (const value of [0.05, 0.5, 5]) histogram.observe({ s: "x" }, value);
  assert.equal(await scrape(registry), await registry.metrics());
});

Deno.test("no number is written as the text format spells it", async () => {
  const registry = new Registry();
  new Gauge({ name: "odd", help: "Odd", registers: [registry] }).set(NaN);
  assert.match(await scrape(registry), /^odd NaN$/m);
});

Deno.test("all series of this program are exposed", async () => {
  const metrics = createMetrics("1.2.3");
  metrics.webhookDuration.observe({ source: "falco" }, 0.2);
  const steady = (text: string): string => text.replace(/^process_.*$/gm, "");
  assert.equal(steady(await scrape(metrics.registry)), steady(await metrics.registry.metrics()));
});

Deno.test("the equation of conservation holds in every scrape while findings come and go", async () => {
  const metrics = createMetrics("1.2.3");
  let isOver = false;
  const storm = Promise.all(Array.from({ length: 4 }, async (_, worker) => {
    for (let n = 0; !isOver; n++) await oneFinding(metrics, worker, n);
  }));
  const torn: string[] = [];
  try {
    for (let round = 0; round < 100; round++) {
      const [one, two] = await Promise.all([scrape(metrics.registry), scrape(metrics.registry)]);
      torn.push(...[one, two].filter((text) => !isConserved(text)));
    }
  } finally {
    isOver = true;
    await storm;
  }
  assert.equal(torn.length, 0);
});

/** Takes some microtasks, so that it goes on between the awaits of a scrape; now and then a series is new. */
async function oneFinding(metrics: Metrics, worker: number, n: number): Promise<void> {
  const source = `s${n % 40}-${worker}`;
  metrics.received.inc({ source });
  metrics.inFlight.inc({ source });
  for (let wait = 0; wait <= n % 5; wait++) await undefined;
  if (n % 3 === 0) metrics.created.inc({ source, category: "security", severity: `v${n % 7}` });
  else if (n % 3 === 1) metrics.rejected.inc({ source, reason: `r${n % 11}` });
  else metrics.deduplicated.inc({ source });
  metrics.inFlight.dec({ source });
  await undefined;
}

function isConserved(text: string): boolean {
  const sum = (name: string): number =>
    text.split("\n").filter((line) => line.startsWith(`${name}{`))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" "))), 0);
  return sum("zen_watcher_signals_received_total") === sum("zen_watcher_observations_created_total") +
      sum("zen_watcher_signals_rejected_total") + sum("zen_watcher_observations_deduped_total") +
      sum("zen_watcher_signals_in_flight");
}
