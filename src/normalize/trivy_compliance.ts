import type { Normalized } from "../model/finding.ts";
import { isJsonObject, type Json, type JsonObject, property } from "../model/json.ts";
import type { Severity } from "../model/severity.ts";
import { looseBoolean, looseInteger } from "./loose.ts";
import { idAndTitle } from "./id_and_title.ts";
import { makeFinding } from "./make_finding.ts";
import { severityWord, worstOf } from "./severity_word.ts";
import { TRIVY_STATE, type TrivyReport } from "./trivy_report.ts";
import { wordAt } from "./word_at.ts";
import { wrongShape } from "./wrong_shape.ts";

/** Failed checks of a control that are shown; a control may fail on every object of a cluster. */
const MAX_SHOWN_CHECKS = 20;

/**
 * One control of a ClusterComplianceReport's detail report; undefined for one that passed. It failed when one of its
 * checks did, or by its own status where it has none. Its severity is its own, else that of the worst failed check.
 */
export function trivyControl(item: JsonObject, report: TrivyReport): Normalized | undefined {
  const checks = property(item, "checks") ?? [];
  if (!Array.isArray(checks)) return wrongShape("a trivy control", "checks must be a list", checks as Json);
  const failed = checks.filter(isJsonObject).filter((check) =>
    looseBoolean(property(check, "success")) === false
  );
  if (failed.length === 0 && wordAt(item, "status")?.toUpperCase() !== "FAIL") return undefined;
  const worst = worstOf(failed.map((check) => severityWord(property(check, "severity")) ?? "info"));
  return controlFinding(item, report, severityWord(property(item, "severity")) ?? worst ?? "info", {
    failedChecks: failed.length,
    checks: failed.slice(0, MAX_SHOWN_CHECKS).map(shownCheck),
  });
}

/** One control of a ClusterComplianceReport's summary report; undefined for one without failures. */
export function trivyControlSummary(item: JsonObject, report: TrivyReport): Normalized | undefined {
  const given = property(item, "totalFail") ?? 0;
  const totalFail = looseInteger(given);
  if (totalFail === undefined) {
    return wrongShape("a trivy control", "totalFail must be a whole number", given);
  }
  if (totalFail <= 0) return undefined;
  return controlFinding(item, report, severityWord(property(item, "severity")) ?? "info", {
    failedChecks: totalFail,
  });
}

function controlFinding(
  item: JsonObject,
  report: TrivyReport,
  severity: Severity,
  more: JsonObject,
): Normalized {
  const id = wordAt(item, "id");
  const name = wordAt(item, "name");
  if ((id ?? name) === undefined) {
    return wrongShape("a trivy control", "it must have the text id or name", item);
  }
  return makeFinding({
    ...TRIVY_STATE,
    category: "compliance",
    severity,
    eventType: "compliance_check",
    title: idAndTitle(id, name, "Failed control"),
    description: wordAt(item, "description"),
    detectedAt: report.detectedAt,
    resource: report.resource,
    rule: id ?? name,
    identity: [report.name, id ?? name],
    details: { report: report.name, id, name, severity: property(item, "severity"), ...more },
  });
}

function shownCheck(check: JsonObject): JsonObject {
  const fields = ["checkID", "title", "severity", "target", "messages", "remediation"];
  return Object.fromEntries(fields.map((field) => [field, property(check, field)]));
}
