import assert from "node:assert/strict";
import { IngesterRegistry } from "../../src/ingesters/registry.ts";
import { KEPT_MILLISECONDS, SourceSeries } from "../../src/ingesters/source_series.ts";
import type { IngesterSpec } from "../../src/model/ingester.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import { scrape } from "../../src/observe/scrape.ts";
import { Ledger } from "../../src/pipeline/ledger.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { COMPILE_SETTINGS, ingesterOf } from "../support/ingester_of.ts";

const MINUTE = 60_000;
const hook: IngesterSpec = { source: "own", webhook: { auth: { type: "none" } } };
const reading = (resource: string): IngesterSpec => ({
  source: "own",
  ingester: "informer",
  informer: { gvr: { group: "example.com", version: "v1", resource } },
});

interface Scene {
  readonly registry: IngesterRegistry;
  readonly metrics: Metrics;
  readonly ledger: Ledger;
  readonly series: SourceSeries;
  readonly clock: FakeClock;
  put(spec: IngesterSpec, name?: string): void;
  /** All lines of a scrape about a source. */
  lines(source: string): Promise<readonly string[]>;
  /** Time passes, with a sweep each minute. */
  pass(milliseconds: number): Promise<void>;
}

function scene(): Scene {
  const registry = new IngesterRegistry(COMPILE_SETTINGS);
  const metrics = createMetrics("test");
  const clock = new FakeClock();
  const series = new SourceSeries({ registry, metrics, clock });
  let generation = 1;
  return {
    registry,
    metrics,
    ledger: new Ledger(metrics),
    series,
    clock,
    put: (spec, name = "a") => registry.put(ingesterOf(name, spec, { generation: generation++ })),
    lines: async (source) =>
      (await scrape(metrics.registry)).split("\n").filter((line) => line.includes(`source="${source}"`)),
    async pass(milliseconds) {
      for (let at = 0; at < milliseconds; at += MINUTE) {
        await clock.advance(MINUTE);
        await series.sweep();
      }
    },
  };
}

const created = { kind: "created", observation: { namespace: "zen", name: "own-x" } } as const;

/** A finding of a source is received and created, and everything else that has the label is told of it. */
function work({ ledger, metrics }: Scene, source: string): void {
  ledger.receive(source, 2);
  ledger.settle(source, created, { category: "security", severity: "high" });
  ledger.settle(source, { kind: "filtered", reason: "severity" }, undefined);
  metrics.webhookRequests.inc({ source, code: "201" });
  metrics.webhookDuration.observe({ source }, 0.1);
  metrics.relistDuration.observe({ source, reason: "first" }, 0.1);
  metrics.dryRun.inc({ source, verdict: "created" });
  metrics.expressionErrors.inc({ source, field: "filters.expression" });
  metrics.rateLimitWaits.inc({ source });
  metrics.rolledUp.inc({ source });
}

Deno.test("What alerts look at begins at 0 when an Ingester becomes known", async () => {
  const { lines, put } = scene();
  put({ source: "trivy" });
  const begun = await lines("trivy");
  for (
    const expected of [
      'zen_watcher_signals_received_total{source="trivy"} 0',
      'zen_watcher_signals_in_flight{source="trivy"} 0',
      'zen_watcher_observations_deduped_total{source="trivy"} 0',
      'zen_watcher_signals_rejected_total{source="trivy",reason="wrong_shape"} 0',
      'zen_watcher_dead_letters_total{source="trivy",reason="too_old"} 0',
    ]
  ) assert.ok(begun.includes(expected), expected);
  assert.ok(begun.every((line) => line.endsWith(" 0")));
});

Deno.test("A change of an Ingester takes no count back, and one that cannot run begins none", async () => {
  const { metrics, lines, put } = scene();
  put(hook);
  metrics.received.inc({ source: "own" }, 5);
  put({ ...hook, webhook: { path: "/other", auth: { type: "none" } } });
  assert.ok((await lines("own")).includes('zen_watcher_signals_received_total{source="own"} 5'));
  put({ source: "wrong", ingester: "informer" });
  assert.deepEqual(await lines("wrong"), []);
});

Deno.test("All series of a source go when no Ingester names it any more, a while later, and begin at 0 again", async () => {
  const one = scene();
  const { registry, lines, put, pass } = one;
  put(hook);
  put({ ...hook, webhook: { path: "/second", auth: { type: "none" } } }, "b");
  put({ source: "trivy" }, "c");
  for (const source of ["own", "trivy"]) work(one, source);
  registry.remove("zen/a");
  await pass(3 * KEPT_MILLISECONDS);
  assert.ok((await lines("own")).length > 20, "b names it too");
  registry.remove("zen/b");
  const before = await lines("own");
  await pass(KEPT_MILLISECONDS);
  assert.deepEqual(await lines("own"), before, "its last counts are scraped");
  await pass(2 * MINUTE);
  assert.deepEqual(await lines("own"), []);
  assert.ok((await lines("trivy")).includes('zen_watcher_signals_received_total{source="trivy"} 2'));
  put(hook);
  const again = await lines("own");
  assert.ok(again.includes('zen_watcher_signals_received_total{source="own"} 0'));
  assert.ok(again.every((line) => line.endsWith(" 0")));
});

Deno.test("An Ingester that is suspended or invalid still names its source", async () => {
  const one = scene();
  one.put(hook);
  one.put(reading("reports"), "b");
  work(one, "own");
  one.metrics.watchRestarts.inc({ source: "own", gvr: "example.com/v1/reports", reason: "closed" });
  const before = (await one.lines("own")).length;
  one.registry.remove("zen/b");
  one.put({ ...hook, suspend: true });
  await one.pass(3 * KEPT_MILLISECONDS);
  one.put({ source: "own", ingester: "informer" });
  await one.pass(3 * KEPT_MILLISECONDS);
  assert.equal((await one.lines("own")).length, before);
});

Deno.test("What is in flight or comes in late of a source that is gone keeps its counts together", async () => {
  const one = scene();
  const { registry, ledger, lines, put, pass } = one;
  put(hook);
  work(one, "own");
  ledger.receive("own", 1);
  registry.remove("zen/a");
  await pass(5 * KEPT_MILLISECONDS);
  assert.ok(
    (await lines("own")).includes('zen_watcher_signals_in_flight{source="own"} 1'),
    "it lies in the spool",
  );
  ledger.settle("own", { kind: "dead-lettered", reason: "ingester_gone", message: "" }, undefined);
  await pass(KEPT_MILLISECONDS - MINUTE);
  // A dead letter is tried again.
  ledger.receive("own", 1);
  ledger.settle("own", created, undefined);
  await pass(KEPT_MILLISECONDS);
  assert.ok((await lines("own")).includes('zen_watcher_signals_received_total{source="own"} 4'));
  await pass(2 * MINUTE);
  assert.deepEqual(await lines("own"), []);
});

Deno.test("Whatever comes in while a sweep looks, and whenever it is scraped, received is the sum of all verdicts", async () => {
  const one = scene();
  one.put(hook);
  work(one, "own");
  one.registry.remove("zen/a");
  const sum = (text: string): readonly [number, number] => {
    let [received, verdicts] = [0, 0];
    for (const line of text.split("\n").filter((each) => each.includes('source="own"'))) {
      const value = Number(line.slice(line.lastIndexOf(" ")));
      if (line.startsWith("zen_watcher_signals_received_total")) received += value;
      else if (
        /^zen_watcher_(observations_(created|deduped|filtered)|signals_(rejected|in_fl)|dead_letters_t)/.test(
          line,
        )
      ) {
        verdicts += value;
      }
    }
    return [received, verdicts];
  };
  for (let turn = 0; turn < 20; turn++) {
    await one.clock.advance(MINUTE);
    const sweeping = one.series.sweep();
    const scrapes = [scrape(one.metrics.registry)];
    for (let step = 0; step < turn % 4; step++) await Promise.resolve();
    if (turn % 8 === 7) {
      one.ledger.receive("own", 1);
      one.ledger.settle("own", created, { category: "compliance", severity: "low" });
    }
    scrapes.push(scrape(one.metrics.registry));
    await sweeping;
    scrapes.push(scrape(one.metrics.registry));
    for (const text of await Promise.all(scrapes)) {
      const [received, verdicts] = sum(text);
      assert.equal(verdicts, received, `turn ${turn}`);
    }
  }
});

Deno.test("A resource that a source reads no more loses its series, however much the source is at work", async () => {
  const one = scene();
  const { metrics, lines, put, clock, series } = one;
  const restarted = (resource: string): void =>
    metrics.watchRestarts.inc({ source: "own", gvr: `example.com/v1/${resource}`, reason: "closed" });
  put(reading("reports"));
  restarted("reports");
  put(reading("widgets"));
  for (let turn = 0; turn < 8; turn++) {
    restarted("widgets");
    work(one, "own");
    await clock.advance(MINUTE);
    await series.sweep();
  }
  const restarts = (await lines("own")).filter((line) => line.includes("gvr="));
  assert.deepEqual(restarts, [
    'zenwatcher_source_watch_restarts_total{source="own",gvr="example.com/v1/widgets",reason="closed"} 8',
  ]);
  assert.ok((await lines("own")).includes('zen_watcher_signals_received_total{source="own"} 16'));
});

Deno.test("Requests for no webhook are counted for ever, and a source that was never named goes as well", async () => {
  const one = scene();
  one.metrics.webhookRequests.inc({ source: "", code: "404" });
  work(one, "foundling");
  await one.pass(KEPT_MILLISECONDS + 2 * MINUTE);
  assert.deepEqual(await one.lines("foundling"), []);
  assert.deepEqual(await one.lines(""), ['zen_watcher_webhook_requests_total{source="",code="404"} 1']);
});

Deno.test("It sweeps each minute until it is told to stop", async () => {
  const one = scene();
  const stop = new AbortController();
  work(one, "foundling");
  const sweeping = one.series.keepSweeping(stop.signal);
  for (let minute = 0; minute < 8; minute++) {
    await one.clock.advance(MINUTE);
    await one.clock.settle();
  }
  assert.deepEqual(await one.lines("foundling"), []);
  stop.abort(new Error("the end"));
  await assert.rejects(sweeping, /the end/);
  assert.equal(one.clock.sleeping, 0);
});
