import type { Json } from "../../src/model/json.ts";

/** How many findings and rejections a payload must give. */
export interface Counts {
  readonly findings: number;
  readonly rejected: number;
}

type Any = Readonly<Record<string, unknown>>;

const ONE: Counts = { findings: 1, rejected: 0 };
const NONE: Counts = { findings: 0, rejected: 0 };
const WRONG: Counts = { findings: 0, rejected: 1 };
const TAKEN_STAGES = ["ResponseComplete", "Panic"];
const LONG_SUBRESOURCES = ["exec", "attach", "portforward", "proxy"];

/** Counts by walking plain JSON, with no code of the program, by the name of a source. */
export const COUNTERS: Readonly<Record<string, (payload: Json) => Counts>> = {
  "trivy": (payload) => sum(itemsOf(payload).map(trivy)),
  "kyverno": (payload) => sum(itemsOf(payload).map(policyReport)),
  "kubernetes-events": (payload) => sum(itemsOf(payload).map((item) => isEvent(item) ? ONE : WRONG)),
  "audit": (payload) => sum(itemsOf(payload).map(audit)),
  "falco": (payload) => {
    const keys = Object.keys(payload as object).map((key) => key.toLowerCase());
    return keys.includes("rule") && keys.includes("priority") ? ONE : WRONG;
  },
  "kube-bench": (payload) => {
    const outcomes = valuesOf(payload, "status").filter((status) => status === "FAIL" || status === "WARN");
    return { findings: outcomes.length, rejected: 0 };
  },
  "checkov": (payload) => {
    const outcomes = valuesOf(payload, "result").filter((result) => result === "FAILED");
    return { findings: outcomes.length, rejected: 0 };
  },
  "alertmanager": (payload) => {
    const { version, alerts } = payload as Any;
    if (version !== "4" || !Array.isArray(alerts)) {
      return Array.isArray(payload) ? wrong(payload.length) : WRONG;
    }
    return { findings: alerts.filter(({ status }: Any) => status === "firing").length, rejected: 0 };
  },
  "my-tool": (payload) => {
    const alerts = (payload as Any)["alerts"];
    if (Array.isArray(alerts) && (payload as Any)["version"] === "4") {
      return { findings: alerts.length, rejected: 0 };
    }
    return { findings: Array.isArray(payload) ? payload.length : 1, rejected: 0 };
  },
};

function trivy(item: Any): Counts {
  if (!String(item["apiVersion"]).startsWith("aquasecurity.github.io/")) return WRONG;
  const { report = {}, status = {} } = item as { report?: Any; status?: Any };
  const list = (value: unknown): readonly Any[] => Array.isArray(value) ? value : [];
  const controls = list((status["detailReport"] as Any | undefined)?.["results"]);
  const failed = (checks: unknown): readonly Any[] => list(checks).filter(({ success }) => success === false);
  return {
    findings: list(report["vulnerabilities"]).length + list(report["secrets"]).length +
      failed(report["checks"]).length +
      controls.filter(({ checks }) => failed(checks).length > 0).length,
    rejected: 0,
  };
}

function policyReport(item: Any): Counts {
  if (!/^(wgpolicyk8s|openreports)\.io\//.test(String(item["apiVersion"]))) return WRONG;
  const results = Array.isArray(item["results"]) ? item["results"] as readonly Any[] : [];
  const wrongOnes = results.filter((result) =>
    ["fail", "warn", "error"].includes(String(result["result"] ?? result["status"]))
  );
  const about = (result: Any): number => {
    const { resources, subjects } = result as { resources?: unknown[]; subjects?: unknown[] };
    return Math.max(1, (resources?.length ?? 0) + (subjects?.length ?? 0));
  };
  return { findings: wrongOnes.reduce((total, result) => total + about(result), 0), rejected: 0 };
}

function isEvent(item: Any): boolean {
  return item["kind"] === "Event" && /^(v1|events\.k8s\.io\/\w+)$/.test(String(item["apiVersion"]));
}

function audit(item: Any): Counts {
  if (typeof item["auditID"] !== "string" || typeof item["verb"] !== "string") return WRONG;
  const { subresource = "" } = (item["objectRef"] ?? {}) as { subresource?: string };
  const stage = String(item["stage"]);
  const isTaken = TAKEN_STAGES.includes(stage) ||
    stage === "ResponseStarted" && LONG_SUBRESOURCES.includes(subresource);
  return isTaken ? ONE : NONE;
}

/** The items of a list of objects, else the object itself. */
function itemsOf(payload: Json): readonly Any[] {
  const { kind, items, apiVersion } = payload as Any;
  if (typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(items)) return [payload as Any];
  const own = kind === "List" ? {} : { apiVersion, kind: kind.slice(0, -4) };
  return items.map((item: Any) => ({ ...own, ...item }));
}

/** All texts under a key, at any depth. */
function valuesOf(value: unknown, key: string): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name === key && typeof member === "string" ? [member] : valuesOf(member, key)
  );
}

function wrong(rejected: number): Counts {
  return { findings: 0, rejected };
}

function sum(counts: readonly Counts[]): Counts {
  return counts.reduce((total, { findings, rejected }) => ({
    findings: total.findings + findings,
    rejected: total.rejected + rejected,
  }), NONE);
}
