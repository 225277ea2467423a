import assert from "node:assert/strict";
import { at, type Json, listAt, textAt } from "../../src/model/json.ts";
import type { Observation } from "../../src/model/observation.ts";
import { samplesIn } from "../normalize/samples.ts";
import type { Replica } from "../support/process.ts";
import { assertConservation } from "./conservation.ts";
import { install, type Installation, REPORT_CRDS, untilLeading, untilSettled } from "./installation.ts";
import { createReports, type ReportObject, reportsIn } from "./report_objects.ts";

/** What kube-apiserver refuses by the definitions of today's operator, and takes by those of an older one. */
const OLDER_TRIVY = [
  "trivy/defectdojo/vulnerabilityreport_many.json",
  "trivy/defectdojo/vulnerabilityreport_single_vuln.json",
  "trivy/envtest/vulnerability-ttl.yaml",
] as const;
/** No definition at hand takes them: fields are missing that are required in each. */
const NO_TRIVY = [
  "trivy/cli-json/exposedsecret_report.json",
  "trivy/cli-json/vulnerability_report.json",
  "trivy/defectdojo/compliance_severity.json",
  "trivy/defectdojo/configauditreport_missing_checkid.json",
  "trivy/docs/vulnerability-report-1.yaml",
] as const;
/** Of an API version that is no longer served, or of a kind that their group never had. */
const NO_POLICY_REPORT = [
  "kyverno/website/kyverno-cli-1.yaml",
  "kyverno/wg-policy/kube-bench-adapter-policy-report.yaml",
  "openreports/sample-co.yaml",
  "openreports/sample-falco-policy.1.yaml",
  "openreports/sample-falco-policy.2.yaml",
  "openreports/sample-rhacm-policy.yaml",
  "openreports/sample-v1beta1-kyverno.yaml",
  "openreports/sample-v1beta2-kyverno.yaml",
] as const;

/** How many findings of the samples were said before by another of them: the same workload, alert or auditID. */
const REPEATED = { trivy: 2, kyverno: 1, falco: 1, audit: 2 } as const;

/** What one Observation must say. */
interface Expected {
  readonly title: string;
  readonly severity: string;
  readonly category: string;
  readonly eventType: string;
  /** `kind namespace/name` of what it is about. */
  readonly resource: string;
}

const EXPECTED_TRIVY: readonly Expected[] = [
  {
    title: "privilegeEscalationAllowed",
    severity: "critical",
    category: "security",
    eventType: "config_audit",
    resource: "ReplicaSet default/nginx-6d4cf56db6",
  },
  {
    title: "github-pat: GitHub Personal Access Token",
    severity: "critical",
    category: "security",
    eventType: "exposed_secret",
    resource: "ReplicaSet default/nginx-deployment-c868466d4",
  },
];
const EXPECTED_OLDER_TRIVY: readonly Expected[] = [{
  title: "CVE-2023-23914 in curl 7.87.0-r1",
  severity: "critical",
  category: "security",
  eventType: "vulnerability",
  resource: "ReplicaSet default/nginx-deployment-965685897",
}];
const EXPECTED_KYVERNO: readonly Expected[] = [
  {
    title: "disallow-host-namespaces/host-namespaces",
    severity: "medium",
    category: "compliance",
    eventType: "policy_violation",
    resource: "Pod kube-system/kube-apiserver-kind-control-plane",
  },
  {
    title: "check-pod-name-from-configmap",
    severity: "high",
    category: "compliance",
    eventType: "policy_violation",
    resource: "Pod default/bad-pod",
  },
];
const EXPECTED_FALCO: readonly Expected[] = [
  {
    title: "Terminal shell in container",
    severity: "low",
    category: "security",
    eventType: "terminal_shell_in_container",
    resource: "Pod default/alpine-deployment-77789455d6-m7flp",
  },
  {
    title: "Test NetworkPolicy",
    severity: "critical",
    category: "security",
    eventType: "test_networkpolicy",
    resource: "Pod default/static-web",
  },
  {
    title: "Read sensitive file untrusted",
    severity: "medium",
    category: "security",
    eventType: "read_sensitive_file_untrusted",
    resource: "Node /x86",
  },
];
const EXPECTED_AUDIT: readonly Expected[] = [
  {
    title: "create pods/test-pod-1 by minikube-user",
    severity: "high",
    category: "security",
    eventType: "audit_exec",
    resource: "Pod foo/test-pod-1",
  },
  {
    title: "delete deployments/nginx-deployment by minikube-user",
    severity: "medium",
    category: "security",
    eventType: "audit_delete",
    resource: "Deployment default/nginx-deployment",
  },
  {
    title: "create secrets/example-secret by minikube-user",
    severity: "low",
    category: "security",
    eventType: "audit_create",
    resource: "Secret default/example-secret",
  },
];

/** The severities of the findings in a report of trivy-operator, read off by eye and none of our code. */
function trivySeverities({ content }: ReportObject): readonly string[] {
  const failed = listAt(content, "report", "checks").filter((check) => at(check, "success") === false);
  return [...listAt(content, "report", "vulnerabilities"), ...listAt(content, "report", "secrets"), ...failed]
    .map((item) => textAt(item, "severity") ?? "");
}

/** How many results of a policy report are no pass and no skip; none of them names more than one resource. */
function failedResults({ content }: ReportObject): number {
  const outcomes: readonly Json[] = ["fail", "warn", "error"];
  return listAt(content, "results").filter((result) => outcomes.includes(at(result, "result") ?? null))
    .length;
}

function shownOf({ spec }: Observation): Expected {
  const { title = "", severity = "", category = "", eventType = "", resource } = spec;
  const about = `${resource?.kind} ${resource?.namespace ?? ""}/${resource?.name}`;
  return { title, severity, category, eventType, resource: about };
}

function assertShown(observations: readonly Observation[], expected: readonly Expected[]): void {
  const shown = observations.map(shownOf);
  for (const one of expected) {
    const alike = shown.filter(({ title }) => title === one.title);
    assert.ok(
      shown.some((other) => JSON.stringify(other) === JSON.stringify(one)),
      JSON.stringify({ one, alike }),
    );
  }
}

async function observationsOf(installed: Installation, source: string): Promise<readonly Observation[]> {
  return (await installed.oracle.observations()).filter(({ spec }) => spec.source === source);
}

interface Counts {
  readonly received: number;
  readonly filtered: number;
  readonly kept: number;
  readonly created: number;
  readonly rejected: number;
}

async function countsOf(replica: Replica, source: string): Promise<Counts> {
  const metrics = await replica.metrics();
  const created = metrics.sum("zen_watcher_observations_created_total", { source });
  return {
    received: metrics.sum("zen_watcher_signals_received_total", { source }),
    filtered: metrics.sum("zen_watcher_observations_filtered_total", { source, reason: "severity" }),
    kept: created + metrics.sum("zen_watcher_observations_deduped_total", { source }),
    created,
    rejected: metrics.sum("zen_watcher_signals_rejected_total", { source }),
  };
}

async function repeatsOf(replica: Replica, source: string): Promise<number> {
  const { kept, created } = await countsOf(replica, source);
  return kept - created;
}

/** Sends every payload below a folder, and returns what the answers add up to. */
async function sendAll(replica: Replica, source: string): Promise<Counts> {
  const sum = { received: 0, filtered: 0, kept: 0, created: 0, rejected: 0 };
  for (const { file, payloads = [] } of samplesIn(source)) {
    for (const payload of payloads) {
      const { status, json, text } = await replica.webhook(`/ingest/${source}`, payload);
      const body = json as Readonly<Record<string, number>>;
      const isWrong = /fal_01_003/.test(file);
      assert.ok(isWrong ? status === 400 : status === 200 || status === 201, `${file}: ${status} ${text}`);
      sum.received += body["received"] ?? 1;
      sum.filtered += body["filtered"] ?? 0;
      sum.kept += (body["created"] ?? 0) + (body["deduplicated"] ?? 0);
      sum.created += body["created"] ?? 0;
      sum.rejected += body["rejected"] ?? 1;
    }
  }
  return sum;
}

Deno.test("payloads of real tools become the Observations that they speak of", async (test) => {
  await using installed = await install({ crds: [REPORT_CRDS] });
  const { oracle } = installed;
  const trivy = reportsIn("trivy");
  const policies = [...reportsIn("kyverno"), ...reportsIn("openreports")];
  await installed.createNamespaces(
    ...new Set([...trivy, ...policies].map(({ object }) => object.metadata?.namespace ?? "samples")),
  );
  await installed.applyIngester("trivy", { source: "trivy" });
  await installed.applyIngester("kyverno", { source: "kyverno" });
  await installed.applyIngester("falco", { source: "falco", webhook: { auth: { type: "none" } } });
  await installed.applyIngester("audit", { source: "audit", webhook: { auth: { type: "none" } } });
  await using replica = await installed.start(0);
  await untilLeading(replica);

  /** The preset lets only what is high and critical through. */
  const assertTrivy = async (
    reports: readonly ReportObject[],
    expected: readonly Expected[],
  ): Promise<void> => {
    const severities = reports.flatMap(trivySeverities);
    const kept = severities.filter((severity) => severity === "CRITICAL" || severity === "HIGH").length;
    await untilSettled(replica, "trivy", severities.length);
    const { created, ...counts } = await countsOf(replica, "trivy");
    console.log(`trivy: ${JSON.stringify({ reports: reports.length, created, ...counts })}`);
    assert.deepEqual(counts, {
      received: severities.length,
      filtered: severities.length - kept,
      kept,
      rejected: 0,
    });
    const observations = await observationsOf(installed, "trivy");
    assert.equal(observations.length, created);
    assert.ok(observations.every(({ spec }) => spec.severity === "critical" || spec.severity === "high"));
    assertShown(observations, expected);
  };

  await test.step("reports of trivy-operator", async () => {
    const today = trivy.filter(({ file }) => !OLDER_TRIVY.some((older) => older === file));
    const { taken, refused } = await createReports(oracle, today);
    assert.deepEqual(refused, NO_TRIVY);
    await assertTrivy(taken, EXPECTED_TRIVY);
  });

  await test.step("reports of an older trivy-operator, whose definition comes while it is watched", async () => {
    await installed.plane.installCrds(`${REPORT_CRDS}/trivy-operator-v0.15.0`);
    const older = OLDER_TRIVY.flatMap(reportsIn);
    assert.deepEqual((await createReports(oracle, older)).refused, []);
    const refused: readonly string[] = NO_TRIVY;
    const taken = trivy.filter(({ file }) => !refused.includes(file));
    await assertTrivy(taken, [...EXPECTED_TRIVY, ...EXPECTED_OLDER_TRIVY]);
    const many = (await observationsOf(installed, "trivy")).filter(({ spec }) =>
      spec.origin?.name === older[0]?.object.metadata?.name
    );
    const kept = older.slice(0, 1).flatMap(trivySeverities).filter((severity) =>
      severity === "CRITICAL" || severity === "HIGH"
    );
    assert.equal(many.length, kept.length);
    assert.equal(await repeatsOf(replica, "trivy"), REPEATED.trivy);
  });

  await test.step("policy reports, of both APIs", async () => {
    const { taken, refused } = await createReports(oracle, policies);
    assert.deepEqual([...new Set(refused)], NO_POLICY_REPORT);
    const expected = taken.reduce((sum, report) => sum + failedResults(report), 0);
    await untilSettled(replica, "kyverno", expected);
    const { created, ...counts } = await countsOf(replica, "kyverno");
    console.log(`kyverno: ${JSON.stringify({ reports: taken.length, created, ...counts })}`);
    assert.deepEqual(counts, { received: expected, filtered: 0, kept: expected, rejected: 0 });
    const observations = await observationsOf(installed, "kyverno");
    assert.equal(observations.length, created);
    assertShown(observations, EXPECTED_KYVERNO);
    assert.equal(await repeatsOf(replica, "kyverno"), REPEATED.kyverno);
  });

  await test.step("events of Falco", async () => {
    const expected = samplesIn("falco").length;
    const answered = await sendAll(replica, "falco");
    console.log(`falco: ${JSON.stringify(answered)}`);
    assert.deepEqual(answered, await countsOf(replica, "falco"));
    const { created, ...counts } = answered;
    assert.deepEqual(counts, { received: expected, filtered: 0, kept: expected, rejected: 0 });
    const observations = await observationsOf(installed, "falco");
    assert.equal(observations.length, created);
    assertShown(observations, EXPECTED_FALCO);
    assert.equal(await repeatsOf(replica, "falco"), REPEATED.falco);
  });

  await test.step("events of the audit log, alone and in lists", async () => {
    const expected = samplesIn("audit").reduce(
      (sum, { text }) => sum + (text.match(/"?auditID"?:/g)?.length ?? 0),
      0,
    );
    const answered = await sendAll(replica, "audit");
    console.log(`audit: ${JSON.stringify(answered)}`);
    assert.deepEqual(answered, await countsOf(replica, "audit"));
    // One sample is wrong on purpose, and speaks of no event.
    assert.equal(answered.received, expected + 1);
    assert.equal(answered.rejected, 1);
    assert.equal(answered.kept + answered.filtered, expected);
    const observations = await observationsOf(installed, "audit");
    assert.equal(observations.length, answered.created);
    assert.ok(observations.every(({ spec }) => spec.severity !== "info"));
    assertShown(observations, EXPECTED_AUDIT);
    assert.equal(await repeatsOf(replica, "audit"), REPEATED.audit);
  });

  assert.deepEqual(await assertConservation(replica), ["audit", "falco", "kyverno", "trivy"]);
  assert.deepEqual(await replica.stop(), { code: 0, signal: null });
});
