import type { Normalized } from "../model/finding.ts";
import { at, isJsonObject, type Json, type JsonObject, listAt } from "../model/json.ts";
import { trivyCheck, type TrivyCheckType } from "./trivy_check.ts";
import { trivyControl, trivyControlSummary } from "./trivy_compliance.ts";
import { readTrivyReport, type TrivyReport } from "./trivy_report.ts";
import { trivySecret } from "./trivy_secret.ts";
import { trivyVulnerability } from "./trivy_vulnerability.ts";
import { wordAt } from "./word_at.ts";
import { wrongShape } from "./wrong_shape.ts";

const GROUP = "aquasecurity.github.io/";

type ReadItem = (item: JsonObject, report: TrivyReport, body: Json | undefined) => Normalized | undefined;

interface List {
  readonly path: readonly string[];
  readonly read: ReadItem;
}

const checks = (eventType: TrivyCheckType): readonly List[] => [
  { path: ["report", "checks"], read: (item, report) => trivyCheck(item, report, eventType) },
];
const vulnerabilities: readonly List[] = [{ path: ["report", "vulnerabilities"], read: trivyVulnerability }];

/** Where each kind of report has its items, and what one becomes. An SBOM lists what is there, not what is wrong. */
const KINDS: ReadonlyMap<string, readonly List[]> = new Map([
  ["VulnerabilityReport", vulnerabilities],
  ["ClusterVulnerabilityReport", vulnerabilities],
  ["ConfigAuditReport", checks("config_audit")],
  ["ClusterConfigAuditReport", checks("config_audit")],
  ["RbacAssessmentReport", checks("rbac_assessment")],
  ["ClusterRbacAssessmentReport", checks("rbac_assessment")],
  ["InfraAssessmentReport", checks("infra_assessment")],
  ["ClusterInfraAssessmentReport", checks("infra_assessment")],
  ["ExposedSecretReport", [{ path: ["report", "secrets"], read: trivySecret }]],
  ["ClusterComplianceReport", [{ path: ["status", "detailReport", "results"], read: trivyControl }]],
  ["SbomReport", []],
  ["ClusterSbomReport", []],
]);

/** What a payload must be for {@link normalizeTrivy}. */
export const TRIVY_SHAPE =
  "it must be a report of aquasecurity.github.io with a known kind, such as VulnerabilityReport";

/** True for a report of trivy-operator. */
export function isTrivy(payload: JsonObject): boolean {
  return wordAt(payload, "apiVersion")?.startsWith(GROUP) === true &&
    KINDS.has(wordAt(payload, "kind") ?? "");
}

/** The findings of one report of trivy-operator: every vulnerability, failed check, secret or failed control. */
export function normalizeTrivy(payload: JsonObject): readonly Normalized[] {
  const kind = wordAt(payload, "kind") ?? "";
  const isCompliance = kind === "ClusterComplianceReport";
  const field = isCompliance ? "status" : "report";
  const body = at(payload, field);
  const lists = KINDS.get(kind) ?? [];
  if (lists.length === 0) return [];
  // A compliance report has no status until the first run has ended.
  if (isCompliance && (body === undefined || body === null)) return [];
  if (!isJsonObject(body)) return [wrongShape("a trivy report", `${field} must be an object`, body)];
  const report = readTrivyReport(payload, body);
  const findings = lists.flatMap((list) => readList(payload, list, report, body));
  return isCompliance ? [...findings, ...summaryOnly(payload, report, body)] : findings;
}

function readList(
  payload: JsonObject,
  { path, read }: List,
  report: TrivyReport,
  body: JsonObject,
): readonly Normalized[] {
  const list = at(payload, ...path);
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) {
    return [wrongShape("a trivy report", `${path.join(".")} must be a list`, list as Json)];
  }
  return (list as readonly Json[]).flatMap((item) => {
    if (!isJsonObject(item)) {
      return [wrongShape("an item of a trivy report", `${path.join(".")}[] must be an object`, item)];
    }
    return read(item, report, body) ?? [];
  });
}

/** A report of type summary has counts only; a control that has its details is not counted again. */
function summaryOnly(payload: JsonObject, report: TrivyReport, body: JsonObject): readonly Normalized[] {
  const detailed = new Set(
    listAt(payload, "status", "detailReport", "results").map((control) => wordAt(control, "id")),
  );
  const list: List = {
    path: ["status", "summaryReport", "controlCheck"],
    read: (item) => detailed.has(wordAt(item, "id")) ? undefined : trivyControlSummary(item, report),
  };
  return readList(payload, list, report, body);
}
