/**
 * Runs every query of the dashboards, and every rule, on a real Prometheus that scrapes two replicas while they work and
 * while the leader changes. Exit code 0 when no panel is empty but those that say so, and all that is read is exported.
 */
import { at, type Json, listAt, textAt } from "../../src/model/json.ts";
import { systemClock } from "../../src/run/clock.ts";
import { alertsOf, ruleFiles } from "../guards/alert_rules.ts";
import { knownSeries } from "../guards/known_series.ts";
import { readsOf } from "../guards/promql.ts";
import { HOME, install, isLeading, REPORT_CRDS, untilLeading } from "../integration/installation.ts";
import type { Replica } from "../support/process.ts";
import { findPrometheusTools } from "../support/prometheus_tools.ts";
import { dashboardFiles } from "./dashboards.ts";
import { expressionsOf, panelsOf, withValues } from "./expressions.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";
import { applyIngesters, feedObjects, NAMESPACES, sendAlerts } from "./work.ts";

/** Shorter than the defaults, so that nobody waits long for the new leader. */
const LEASE = { LEASE_DURATION_SECONDS: "3", RENEW_DEADLINE_SECONDS: "2", RETRY_PERIOD_SECONDS: "0.5" };
const WORK_SECONDS = 10;
/** Longer than all of the work takes, so that a hand-over is in it. */
const RANGE_SECONDS = 300;

Deno.exit(await main() ? 0 : 1);

async function main(): Promise<boolean> {
  const tools = await findPrometheusTools();
  if (typeof tools === "string") {
    console.log(`not run: queries of the dashboards; ${tools}`);
    return false;
  }
  const { signal } = new AbortController();
  await using installed = await install({ crds: [REPORT_CRDS] });
  await installed.createNamespaces(...NAMESPACES);
  await applyIngesters(installed);
  await using first = await installed.start(0, LEASE);
  await untilLeading(first);
  await using second = await installed.start(1, LEASE);
  const groups = ruleFiles().flatMap(({ object }) => object.spec.groups);
  await using prometheus = await startPrometheus(tools.prometheus, HOME, [first, second], groups);
  await systemClock.sleep(2000, signal);
  await feedObjects(installed, first, signal);
  await sendAlerts(first, WORK_SECONDS, signal);
  const problems = [...await strangersOf(first)];
  await first.stop();
  await untilLeading(second);
  await sendAlerts(second, WORK_SECONDS, signal);
  if (!await isLeading(second)) problems.push("The second replica must lead");
  problems.push(
    ...await strangersOf(second),
    ...await emptyPanels(prometheus),
    ...await badRules(prometheus),
  );
  for (const problem of problems) console.log(problem);
  console.log(problems.length === 0 ? "Dashboards and rules: all is well" : `${problems.length} problems`);
  return problems.length === 0;
}

/** Panels without a value, other than those that say when they have none. */
async function emptyPanels(prometheus: Prometheus): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { path, dashboard } of dashboardFiles()) {
    let filled = 0;
    const excused: string[] = [];
    for (const panel of panelsOf(dashboard)) {
      const counts: number[] = [];
      for (const expression of expressionsOf(panel)) {
        const query = withValues(expression, RANGE_SECONDS);
        const values = panel.type === "timeseries"
          ? await prometheus.range(query, RANGE_SECONDS)
          : await prometheus.instant(query);
        counts.push(values.length);
      }
      if (counts.some((count) => count > 0)) filled++;
      else if (panel.description?.includes("Empty while")) excused.push(panel.title ?? "");
      else problems.push(`${path}: panel "${panel.title}" is empty`);
    }
    const rest = excused.length === 0 ? "" : `; empty, as they say: ${excused.join(", ")}`;
    console.log(`${path}: ${filled} of ${panelsOf(dashboard).length} panels have values${rest}`);
  }
  return problems;
}

/** Rules that Prometheus could not evaluate, and alerts whose text speaks of what is not there. */
async function badRules(prometheus: Prometheus): Promise<readonly string[]> {
  const answer = await prometheus.ask("rules");
  const rules = listAt(answer, "data", "groups").flatMap((group) => listAt(group, "rules"));
  const bad = rules.filter((rule) => textAt(rule, "health") !== "ok")
    .map((rule) => `Rule ${textAt(rule, "name")} is ${textAt(rule, "health")}: ${textAt(rule, "lastError")}`);
  const active = rules.flatMap((rule) => listAt(rule, "alerts").map((alert) => ({ rule, alert })));
  const speechless = active.filter(({ alert }) =>
    /<no value>|<error/.test(JSON.stringify(at(alert, "annotations")))
  )
    .map(({ rule, alert }) =>
      `Rule ${textAt(rule, "name")} says ${JSON.stringify(at(alert, "annotations"))}`
    );
  console.log(`Rules: ${rules.length} evaluated, active: ${namesOf(active.map(({ rule }) => rule))}`);
  return [...bad, ...speechless];
}

/** Series that rules or dashboards read and a replica does not export, or with other labels. */
async function strangersOf(replica: Replica): Promise<readonly string[]> {
  const text = await (await replica.observe("/metrics")).text();
  const families = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? ""));
  const { samples } = await replica.metrics();
  const known = knownSeries();
  const expressions = [
    ...ruleFiles().flatMap(alertsOf).map(({ expr }) => expr),
    ...dashboardFiles().flatMap(({ dashboard }) => panelsOf(dashboard).flatMap(expressionsOf)),
  ];
  const names = new Set(
    expressions.flatMap((one) => readsOf(one).selectors.flatMap((selector) => selector.names)),
  );
  const isExported = (name: string): boolean =>
    families.has(name) || families.has(name.replace(/_(bucket|sum|count)$/, ""));
  const absent = [...names].filter((name) => !isExported(name));
  const others = samples.filter(({ name, labels }) =>
    names.has(name) && Object.keys(labels).sort().join() !== [...known.get(name) ?? []].sort().join()
  );
  const withoutSample = [...names].filter((name) =>
    isExported(name) && !samples.some((one) => one.name === name)
  );
  console.log(
    `${replica.name}: ${names.size} series are read; exported without a value up to now: ${
      withoutSample.join(", ")
    }`,
  );
  return [
    ...absent.map((name) => `${replica.name} does not export ${name}`),
    ...new Set(
      others.map(({ name, labels }) => `${replica.name} exports ${name} with ${Object.keys(labels)}`),
    ),
  ];
}

function namesOf(rules: readonly Json[]): string {
  return [...new Set(rules.map((rule) => textAt(rule, "name")))].join(", ") || "none";
}
