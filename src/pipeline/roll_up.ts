import type { Finding } from "../model/finding.ts";
import { CATEGORIES, type Origin } from "../model/observation.ts";
import { SEVERITIES } from "../model/severity.ts";

const HOUR_MILLISECONDS = 3_600_000;
/** So many rules are named; how many there are beside is in the counts. */
const MOST_RULES = 20;

/**
 * What stands for everything of a kind that happened in an hour and has no room of its own. All replicas make the same of it.
 *
 * @param at when the finding happened, in milliseconds since 1970
 */
export function rollUpOfEvent(finding: Finding, at: number): Finding {
  const { category, severity, eventType, detectedAt, rule } = finding;
  const namespace = finding.resource?.namespace;
  const hour = Math.floor(at / HOUR_MILLISECONDS);
  return {
    category,
    severity,
    eventType,
    title: `More findings of type ${eventType}`,
    description:
      "The budget of the Ingester is used up: findings of this kind are counted here, hour by hour",
    detectedAt,
    ...(namespace === undefined
      ? {}
      : { resource: { apiVersion: "v1", kind: "Namespace", name: namespace, namespace } }),
    details: {
      rolledUp: true,
      eventType,
      hour: new Date(hour * HOUR_MILLISECONDS).toISOString(),
      ...(rule === undefined ? {} : { rule }),
    },
    identity: ["rollup", eventType, severity, namespace ?? null, hour],
    isWindowed: false,
    isState: false,
  };
}

/** What stands for those findings of a report that have no room of their own; `count` says how many they are. */
export function rollUpOfReport(findings: readonly Finding[], origin: Origin): Finding {
  const { apiVersion, kind, name, namespace } = origin;
  const worst = SEVERITIES.find((severity) => findings.some((finding) => finding.severity === severity));
  const eventTypes = countBy(findings, ({ eventType }) => eventType);
  const [eventType = "rollup", ...others] = Object.keys(eventTypes);
  const rules = [...new Set(findings.flatMap(({ rule }) => rule ?? []))].sort();
  const times = findings.flatMap(({ detectedAt }) => detectedAt ?? []).sort();
  const group = apiVersion?.includes("/") === true ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  return {
    category: CATEGORIES.find((category) => findings.some((finding) => finding.category === category)) ??
      "security",
    severity: worst ?? "info",
    eventType: others.length === 0 ? eventType : "rollup",
    title: `${findings.length} more of ${kind ?? "report"} ${name ?? ""}`.trim(),
    description: "The budget of the Ingester is used up: what this report says beside is counted here",
    detectedAt: times[0],
    resource: { apiVersion, kind, name, namespace },
    details: {
      rolledUp: true,
      count: findings.length,
      severities: countBy(findings, ({ severity }) => severity),
      eventTypes,
      rules: rules.slice(0, MOST_RULES),
    },
    identity: ["rollup", group, kind ?? null, namespace ?? null, name ?? null],
    isWindowed: false,
    isState: true,
    count: findings.length,
  };
}

/** How often each word was found, in the order of the words. */
function countBy(findings: readonly Finding[], wordOf: (finding: Finding) => string): Record<string, number> {
  const counts = new Map<string, number>();
  for (const finding of findings) counts.set(wordOf(finding), (counts.get(wordOf(finding)) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => a < b ? -1 : 1));
}
