/**
 * Many large reports against a small budget: what stands, what is counted in roll-ups, and the most memory that the program
 * took. Ends with 1 when a finding is neither, or the memory was more than --limit.
 *
 * Usage: many_reports.ts [--reports N] [--findings N] [--budget N] [--limit MB]
 */
import { parseArgs } from "node:util";
import { systemClock } from "../../src/run/clock.ts";
import { install, REPORT_CRDS, untilLeading } from "../integration/installation.ts";
import { vulnerabilityReport } from "../integration/many_reports.ts";
import { until } from "../support/until.ts";

const NAMESPACE = "production";
const REPORTS = { group: "aquasecurity.github.io", version: "v1alpha1", resource: "vulnerabilityreports" };
const GUARD_MILLISECONDS = 1_800_000;

const number = (text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`Cannot measure: options must be whole numbers of 1 or more, not ${text}`);
  Deno.exit(2);
};
const { values } = parseArgs({
  args: Deno.args,
  options: {
    reports: { type: "string", default: "1000" },
    findings: { type: "string", default: "200" },
    budget: { type: "string", default: "5000" },
    limit: { type: "string", default: "200" },
  },
});
const [reports, findings, budget, limit] = [
  number(values.reports),
  number(values.findings),
  number(values.budget),
  number(values.limit),
];

let isGood = false;
{
  await using installed = await install({ crds: [REPORT_CRDS] });
  const { oracle } = installed;
  await installed.createNamespaces(NAMESPACE);
  await installed.applyIngester("trivy", { source: "trivy", budget: { maxObservations: budget } });
  // As task start, the image and the executable have it.
  await using replica = await installed.start(0, { DENO_V8_FLAGS: "--memory-saver-mode" });
  await untilLeading(replica);
  let peak = 0;
  const megabytes = async (): Promise<number> =>
    ((await replica.metrics()).value("process_resident_memory_bytes") ?? 0) / 1e6;
  const idle = await megabytes();
  const stop = new AbortController();
  const watching = (async () => {
    while (!stop.signal.aborted) {
      peak = Math.max(peak, await megabytes());
      await systemClock.sleep(250, stop.signal).catch(() => {});
    }
  })();
  const startedAt = performance.now();
  const objects = (function* () {
    for (let index = 0; index < reports; index++) {
      yield vulnerabilityReport(`web-${index}`, NAMESPACE, findings);
    }
  })();
  await oracle.createObjects(REPORTS, objects, 4);
  await until("all have their verdict", async () => {
    const metrics = await replica.metrics();
    return metrics.sum("zen_watcher_signals_received_total") >= reports * findings &&
      metrics.sum("zen_watcher_signals_in_flight") === 0;
  }, GUARD_MILLISECONDS);
  const seconds = (performance.now() - startedAt) / 1000;
  stop.abort();
  await watching;
  const metrics = await replica.metrics();
  const all = await oracle.observations(NAMESPACE);
  const rolled = all.filter(({ spec }) => spec.details?.["rolledUp"] === true);
  const counted = rolled.reduce((sum, { status }) => sum + (status?.count ?? 0), 0);
  const own = all.length - rolled.length;
  const lost = reports * findings - own - counted;
  const refused = metrics.sum("zen_watcher_signals_rejected_total") +
    metrics.sum("zen_watcher_dead_letters_total");
  console.log(
    `${reports} reports of ${findings}, budget ${budget}: ${own} have their own, ${counted} in ${rolled.length} ` +
      `roll-ups, ${lost} in neither, ${refused} refused, in ${seconds.toFixed(0)} s; memory ` +
      `${idle.toFixed(0)} MB idle, ${peak.toFixed(0)} MB at most`,
  );
  isGood = lost === 0 && refused === 0 && peak <= limit;
}
Deno.exit(isGood ? 0 : 1);
