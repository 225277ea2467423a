import { at, listAt, textAt } from "../../src/model/json.ts";
import { alertsOf, ruleFiles } from "../guards/alert_rules.ts";
import { knownSeries } from "../guards/known_series.ts";
import { readsOf } from "../guards/promql.ts";
import type { Replica } from "../support/process.ts";
import { dashboardFiles } from "./dashboards.ts";
import { expressionsOf, panelsOf, withValues } from "./expressions.ts";
import type { Prometheus } from "./prometheus.ts";
import { withoutZero } from "./queries.ts";

/** What Prometheus answered to one expression of a panel. */
export interface PanelAnswer {
  /** Its dashboard and its title. */
  readonly panel: string;
  /** How many values it shows. */
  readonly values: number;
  /** How many of them were measured; the others are the 0 of what never happened. */
  readonly measured: number;
}

/** Asks for every expression of every panel, with all values of the variables chosen. */
export async function askPanels(
  prometheus: Prometheus,
  rangeSeconds: number,
): Promise<readonly PanelAnswer[]> {
  const answers: PanelAnswer[] = [];
  for (const { dashboard } of dashboardFiles()) {
    for (const panel of panelsOf(dashboard)) {
      const count = async (expression: string): Promise<number> => {
        const query = withValues(expression, rangeSeconds);
        const values = panel.type === "timeseries"
          ? await prometheus.range(query, rangeSeconds)
          : await prometheus.instant(query);
        return values.length;
      };
      for (const [index, expression] of expressionsOf(panel).entries()) {
        answers.push({
          panel: `${dashboard.uid}: ${panel.title} (${String.fromCharCode(65 + index)})`,
          values: await count(expression),
          measured: await count(withoutZero(expression)),
        });
      }
    }
  }
  return answers;
}

/** Rules that Prometheus could not evaluate, and alerts whose text speaks of what is not there. */
export async function badRules(prometheus: Prometheus): Promise<readonly string[]> {
  const answer = await prometheus.ask("rules");
  const rules = listAt(answer, "data", "groups").flatMap((group) => listAt(group, "rules"));
  if (rules.length === 0) return ["There are no rules"];
  const bad = rules.filter((rule) => textAt(rule, "health") !== "ok")
    .map((rule) => `Rule ${textAt(rule, "name")} is ${textAt(rule, "health")}: ${textAt(rule, "lastError")}`);
  const texts = rules.flatMap((rule) =>
    listAt(rule, "alerts").map((alert) =>
      `Rule ${textAt(rule, "name")} says ${JSON.stringify(at(alert, "annotations"))}`
    )
  );
  return [...bad, ...texts.filter((text) => /<no value>|<error/.test(text))];
}

/** What a replica exports of the series that rules and dashboards read. */
export interface Exported {
  /** Those that it does not know. */
  readonly absent: readonly string[];
  /** Those that it exports with other labels. */
  readonly otherwise: readonly string[];
  /** Those that it knows, without a value up to now. */
  readonly valueless: readonly string[];
}

/** Compares /metrics of a replica with all that is read. */
export async function exportedBy(replica: Replica): Promise<Exported> {
  const text = await (await replica.observe("/metrics")).text();
  const families = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? ""));
  const { samples } = await replica.metrics();
  const known = knownSeries();
  const names = seriesRead();
  const isExported = (name: string): boolean =>
    families.has(name) || families.has(name.replace(/_(bucket|sum|count)$/, ""));
  const otherwise = samples.filter(({ name, labels }) =>
    names.includes(name) && Object.keys(labels).sort().join() !== [...known.get(name) ?? []].sort().join()
  );
  return {
    absent: names.filter((name) => !isExported(name)),
    otherwise: [...new Set(otherwise.map(({ name, labels }) => `${name}{${Object.keys(labels)}}`))],
    valueless: names.filter((name) => isExported(name) && !samples.some((one) => one.name === name)),
  };
}

/** Every series that a rule or a dashboard reads, but for what Prometheus itself says of its targets. */
function seriesRead(): readonly string[] {
  const expressions = [
    ...ruleFiles().flatMap(alertsOf).map(({ expr }) => expr),
    ...dashboardFiles().flatMap(({ dashboard }) => panelsOf(dashboard).flatMap(expressionsOf)),
  ];
  const names = expressions.flatMap((one) => readsOf(one).selectors.flatMap((selector) => selector.names));
  return [...new Set(names)].filter((name) => name !== "up").sort();
}
