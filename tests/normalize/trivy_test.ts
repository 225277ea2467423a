import assert from "node:assert/strict";
import type { Finding } from "../../src/model/finding.ts";
import { at, type Json, type JsonObject, listAt } from "../../src/model/json.ts";
import {
  findings,
  findingsIn,
  normalized,
  normalizedSample,
  onlyFinding,
  readSample,
  samplesIn,
} from "./samples.ts";

const API = "aquasecurity.github.io/v1alpha1";

/** Counted without the code under test. */
function contentOf(payload: Json): number {
  const failed = (items: readonly Json[]): number =>
    items.filter((item) => at(item, "success") === false).length;
  return listAt(payload, "report", "vulnerabilities").length + listAt(payload, "report", "secrets").length +
    failed(listAt(payload, "report", "checks")) +
    listAt(payload, "status", "detailReport", "results").filter((control) =>
      failed(listAt(control, "checks")) > 0
    )
      .length;
}

Deno.test("Every report of trivy-operator yields the findings that its content says", () => {
  let counted = 0;
  for (
    const sample of [
      ...samplesIn("trivy/defectdojo"),
      ...samplesIn("trivy/docs"),
      ...samplesIn("trivy/envtest"),
    ]
  ) {
    // One sample of the documentation is no valid YAML.
    if (sample.payloads === undefined) continue;
    const expected = sample.payloads.reduce<number>((sum, payload) => sum + contentOf(payload), 0);
    const given = normalizedSample("trivy", sample);
    assert.equal(given.filter(({ kind }) => kind === "finding").length, expected, sample.file);
    assert.equal(given.length, expected, sample.file);
    counted += expected;
  }
  assert.ok(counted > 100, `only ${counted} findings`);
});

Deno.test("A sample's first finding reads as a person would write it", () => {
  const replicaSet = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    name: "nginx-deployment-965685897",
    namespace: "default",
  };
  const cases: readonly [file: string, index: number, expected: Partial<Finding>][] = [
    ["defectdojo/vulnerabilityreport_many.json", 0, {
      category: "security",
      eventType: "vulnerability",
      severity: "critical",
      title: "CVE-2023-23914 in curl 7.87.0-r1",
      description: "curl: HSTS ignored on multiple requests",
      detectedAt: "2023-03-23T16:23:01Z",
      resource: replicaSet,
      rule: "CVE-2023-23914",
      isState: true,
      isWindowed: false,
      identity: [
        "ReplicaSet",
        "default",
        "nginx-deployment-965685897",
        "nginx",
        "CVE-2023-23914",
        "curl",
        "7.87.0-r1",
        null,
        null,
      ],
    }],
    ["docs/vulnerability-report-1.yaml", 1, {
      severity: "critical",
      title: "CVE-2018-25009 in libwebp6 0.6.1-2",
      detectedAt: undefined,
      identity: [
        "ReplicaSet",
        "default",
        "nginx-6d4cf56db6",
        "nginx",
        "CVE-2018-25009",
        "libwebp6",
        "0.6.1-2",
        "library/nginx:1.16",
        null,
      ],
    }],
    ["docs/clustervulnerability-report-1.yaml", 8, {
      eventType: "vulnerability",
      severity: "low",
      title: "GHSA-5j5w-g665-5m35 in github.com/containerd/containerd 1.5.2",
      resource: { apiVersion: API, kind: "ClusterSbomReport", name: "584b5cdcd5" },
      detectedAt: "2023-11-30T08:29:42Z",
    }],
    ["defectdojo/configauditreport_many.json", 0, {
      category: "security",
      eventType: "config_audit",
      severity: "low",
      title: "KSV014: Root file system is not read-only",
      resource: replicaSet,
      identity: ["ReplicaSet", "default", "nginx-deployment-965685897", "KSV014"],
      rule: "KSV014",
    }],
    ["defectdojo/configauditreport_missing_checkid.json", 0, {
      severity: "medium",
      title: "Missing checkID test",
      identity: ["ReplicaSet", "default", "test-deployment-12345", "Missing checkID test"],
      // No ownerReferences: the kind alone says the API.
      resource: {
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        name: "test-deployment-12345",
        namespace: "default",
      },
    }],
    ["docs/configaudit-report-1.yaml", 1, {
      severity: "critical",
      title: "privilegeEscalationAllowed",
      description: "Privilege escalation should not be allowed",
      detectedAt: "2021-05-20T12:38:10Z",
    }],
    ["envtest/api-server-infraassessmentreport-expected.yaml", 0, {
      category: "security",
      eventType: "infra_assessment",
      severity: "medium",
      title: "KCV0001: Ensure that the --anonymous-auth argument is set to false",
      // The label with the name is missing: the owner has it.
      resource: { apiVersion: "v1", kind: "Pod", name: "my-pod-kube-apiserver", namespace: "kube-system" },
      identity: ["Pod", "kube-system", "my-pod-kube-apiserver", "KCV0001"],
    }],
    ["envtest/role-rbacassessment-expected.yaml", 0, {
      category: "security",
      eventType: "rbac_assessment",
      severity: "medium",
      title: "KSV113: Manage namespace secrets",
      // The label with the namespace is missing: the report has it.
      resource: {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "Role",
        name: "proxy",
        namespace: "default",
      },
    }],
    ["defectdojo/exposedsecretreport_many.json", 1, {
      category: "security",
      eventType: "exposed_secret",
      severity: "critical",
      title: "github-pat: GitHub Personal Access Token",
      identity: [
        "ReplicaSet",
        "default",
        "nginx-deployment-c868466d4",
        "nginx",
        "github-pat",
        "root/github_secret.txt",
        null,
      ],
      rule: "github-pat",
    }],
    ["defectdojo/compliance_severity.json", 0, {
      category: "compliance",
      eventType: "compliance_check",
      severity: "high",
      title: "1.1.1: Test result name",
      identity: ["cis", "1.1.1"],
      resource: { apiVersion: API, kind: "ClusterComplianceReport", name: "cis" },
      detectedAt: "2024-03-05T10:38:15Z",
    }],
  ];
  for (const [file, index, expected] of cases) {
    const finding = findingsIn("trivy", `trivy/${file}`)[index] as Finding;
    const given = Object.fromEntries(
      Object.keys(expected).map((key) => [key, finding[key as keyof Finding]]),
    );
    assert.deepEqual(given, expected, `${file}[${index}]`);
  }
});

Deno.test("41 vulnerabilities of one report have 41 identities, though they have 31 ids", () => {
  const all = findingsIn("trivy", "trivy/defectdojo/vulnerabilityreport_many.json");
  assert.equal(new Set(all.map(({ rule }) => rule)).size, 31);
  assert.equal(new Set(all.map(({ identity }) => JSON.stringify(identity))).size, 41);
});

Deno.test("Details hold what helps to mend it, and never the text of a secret", () => {
  const [vulnerability] = findingsIn("trivy", "trivy/docs/clustervulnerability-report-1.yaml");
  assert.deepEqual(vulnerability?.details, {
    vulnerabilityID: "CVE-2021-43816",
    severity: "HIGH",
    package: "github.com/containerd/containerd",
    installedVersion: "1.5.2",
    container: "k8s-cluster",
    image: "k8s.io/kubernetes:1.21.1",
    title: "Unprivileged pod may bind mount any privileged regular file on disk",
    fixedVersion: "1.5.9",
    score: 9.1,
    primaryLink: "https://avd.aquasec.com/nvd/cve-2021-43816",
    publishedDate: "2022-01-05T19:15:00Z",
    lastModifiedDate: "2023-11-07T03:39:00Z",
  });
  for (const secret of findingsIn("trivy", "trivy/defectdojo/exposedsecretreport_many.json")) {
    assert.ok(!JSON.stringify(secret).includes("*****"), JSON.stringify(secret));
    assert.ok(!Object.hasOwn(secret.details, "match"));
  }
});

const checkReport = (metadata: JsonObject, severity: Json = "LOW"): Json => ({
  apiVersion: API,
  kind: "ConfigAuditReport",
  metadata,
  report: { checks: [{ checkID: "C1", severity, success: false }] },
});

Deno.test("A resource is what the labels say, else the owner, else the report", () => {
  const owner = { apiVersion: "example.com/v1", kind: "Widget", name: "w", controller: true };
  const other = { apiVersion: "v1", kind: "Pod", name: "p" };
  const label = (field: string): string => `trivy-operator.resource.${field}`;
  const cases: readonly [metadata: JsonObject, resource: JsonObject][] = [
    [{ name: "r", namespace: "ns" }, {
      apiVersion: API,
      kind: "ConfigAuditReport",
      name: "r",
      namespace: "ns",
    }],
    [{ name: "r", namespace: "ns", ownerReferences: [other, owner] }, {
      apiVersion: "example.com/v1",
      kind: "Widget",
      name: "w",
      namespace: "ns",
    }],
    [{ name: "r", labels: { [label("kind")]: "Pod" }, ownerReferences: [owner, other] }, {
      apiVersion: "v1",
      kind: "Pod",
      name: "p",
    }],
    [{
      name: "r",
      labels: { [label("kind")]: "ClusterRole", [label("namespace")]: "" },
      annotations: { [label("name")]: "system:node" },
    }, { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", name: "system:node" }],
    [{
      name: "r",
      namespace: "trivy",
      labels: { [label("kind")]: "Job", [label("name")]: "j", [label("namespace")]: "b" },
    }, {
      apiVersion: "batch/v1",
      kind: "Job",
      name: "j",
      namespace: "b",
    }],
  ];
  for (const [metadata, resource] of cases) {
    assert.deepEqual(
      onlyFinding("trivy", checkReport(metadata)).resource,
      resource,
      JSON.stringify(metadata),
    );
  }
});

Deno.test("Severities of any case are taken; UNKNOWN, NONE and what is no word are info", () => {
  const cases: readonly [Json, string][] = [
    ["CRITICAL", "critical"],
    ["High", "high"],
    ["medium", "medium"],
    ["LOW", "low"],
    ["UNKNOWN", "info"],
    ["NONE", "info"],
    ["", "info"],
    [null, "info"],
    [7, "info"],
  ];
  for (const [given, expected] of cases) {
    assert.equal(onlyFinding("trivy", checkReport({ name: "r" }, given)).severity, expected, String(given));
  }
});

Deno.test("Without an update time the creation of the report counts", () => {
  const created = checkReport({ name: "r", creationTimestamp: "2024-01-02T03:04:05Z" });
  assert.equal(onlyFinding("trivy", created).detectedAt, "2024-01-02T03:04:05Z");
});

Deno.test("A compliance report yields one finding for each failed control, of detail and summary", () => {
  const report: Json = {
    apiVersion: API,
    kind: "ClusterComplianceReport",
    metadata: { name: "nsa" },
    status: {
      updateTimestamp: "2024-05-06T07:08:09Z",
      detailReport: {
        results: [
          {
            id: "1.0",
            name: "Passed",
            severity: "HIGH",
            checks: [{ checkID: "A", severity: "HIGH", success: true }],
          },
          {
            id: "1.1",
            name: "Unrated",
            severity: "",
            checks: [
              { checkID: "B", severity: "LOW", success: false },
              { checkID: "C", severity: "CRITICAL", success: true },
              { checkID: "D", severity: "MEDIUM", success: false },
            ],
          },
          { id: "1.2", name: "By hand", severity: "LOW", status: "FAIL", checks: [] },
        ],
      },
      summaryReport: {
        controlCheck: [
          { id: "1.0", name: "Passed", severity: "HIGH", totalFail: 3 },
          { id: "2.0", name: "Only counted", severity: "CRITICAL", totalFail: 3 },
          { id: "2.1", name: "Nothing", severity: "CRITICAL", totalFail: 0 },
          { id: "2.2", name: "Manual", severity: "CRITICAL" },
        ],
      },
    },
  };
  assert.deepEqual(
    findings("trivy", report).map(({ identity, severity, title }) => [...identity, severity, title]),
    [
      ["nsa", "1.1", "medium", "1.1: Unrated"],
      ["nsa", "1.2", "low", "1.2: By hand"],
      ["nsa", "2.0", "critical", "2.0: Only counted"],
    ],
  );
});

Deno.test("Reports without findings yield none, and are no error", () => {
  const kinds = ["SbomReport", "ClusterSbomReport", "ClusterComplianceReport"];
  for (const kind of kinds) {
    assert.deepEqual(normalized("trivy", { apiVersion: API, kind, metadata: {} }), [], kind);
  }
  for (const vulnerabilities of [null, []]) {
    const report = {
      apiVersion: API,
      kind: "VulnerabilityReport",
      metadata: {},
      report: { vulnerabilities },
    };
    assert.deepEqual(normalized("trivy", report), []);
  }
  assert.deepEqual(normalized("trivy", { apiVersion: API, kind: "VulnerabilityReport", report: {} }), []);
});

Deno.test("What cannot be split is rejected, and what can is taken all the same", () => {
  const report = (body: Json): Json => ({
    apiVersion: API,
    kind: "VulnerabilityReport",
    metadata: {},
    report: body,
  });
  const cases: readonly [Json, readonly string[]][] = [
    [report("secret text"), ["Cannot take a trivy report: report must be an object, given a text"]],
    [report({ vulnerabilities: "x" }), [
      "Cannot take a trivy report: report.vulnerabilities must be a list, given a text",
    ]],
    [report({ vulnerabilities: [7, { vulnerabilityID: "CVE-1" }] }), [
      "Cannot take an item of a trivy report: report.vulnerabilities[] must be an object, given a number",
      "CVE-1",
    ]],
  ];
  for (const [payload, expected] of cases) {
    const given = normalized("trivy", payload).map((item) =>
      item.kind === "finding" ? item.finding.title : item.kind === "rejected" ? item.message : item.kind
    );
    assert.deepEqual(given, expected);
  }
});

Deno.test("The JSON of the trivy program itself is no report of trivy-operator", () => {
  for (const file of ["vulnerability_report.json", "exposedsecret_report.json"]) {
    const [first] = normalizedSample("trivy", readSample(`trivy/cli-json/${file}`));
    assert.equal(first?.kind, "rejected", file);
  }
});

Deno.test("An identity takes all that tells findings apart, and nothing that may change", () => {
  const identity = (kind: string, list: string, item: JsonObject, container: string = "c"): string =>
    JSON.stringify(
      onlyFinding("trivy", {
        apiVersion: API,
        kind,
        metadata: { name: "r", namespace: "ns", labels: { "trivy-operator.container.name": container } },
        report: { [list]: [{ success: false, ...item }] },
      }).identity,
    );
  const cases: readonly [
    kind: string,
    list: string,
    item: JsonObject,
    apart: JsonObject,
    same: JsonObject,
  ][] = [
    ["VulnerabilityReport", "vulnerabilities", {
      vulnerabilityID: "CVE-1",
      resource: "a",
      installedVersion: "1",
    }, {
      vulnerabilityID: "CVE-2",
      resource: "b",
      installedVersion: "2",
      target: "t",
      packagePath: "p",
    }, {
      severity: "LOW",
      title: "other",
      fixedVersion: "3",
      score: 1,
      publishedDate: "2024-01-01T00:00:00Z",
    }],
    ["ExposedSecretReport", "secrets", { ruleID: "r", target: "t", startLine: 1 }, {
      ruleID: "s",
      target: "u",
      startLine: 2,
    }, { severity: "LOW", title: "other", match: "x", endLine: 5 }],
    ["ConfigAuditReport", "checks", { checkID: "C" }, { checkID: "D" }, {
      title: "other",
      severity: "LOW",
      messages: ["m"],
    }],
  ];
  for (const [kind, list, item, apart, same] of cases) {
    const base = identity(kind, list, item);
    for (const [field, value] of Object.entries(apart)) {
      assert.notEqual(identity(kind, list, { ...item, [field]: value ?? null }), base, `${kind} ${field}`);
    }
    assert.equal(identity(kind, list, { ...item, ...same }), base, kind);
    const inOther = identity(kind, list, item, "d");
    if (kind === "ConfigAuditReport") assert.equal(inOther, base);
    else assert.notEqual(inOther, base, `${kind} container`);
  }
});

Deno.test("A report of an older schema gives the same names", () => {
  const [payload] = readSample("trivy/defectdojo/vulnerabilityreport_many.json").payloads as [JsonObject];
  const report = payload["report"] as JsonObject;
  // trivy-operator 0.15 knows neither of these.
  const unknown = ["lastModifiedDate", "publishedDate", "packagePURL"];
  const older = {
    ...payload,
    report: {
      ...report,
      os: undefined,
      vulnerabilities: listAt(report, "vulnerabilities").map((item) =>
        Object.fromEntries(Object.entries(item as JsonObject).filter(([field]) => !unknown.includes(field)))
      ),
    },
  };
  const identities = (given: Json): Json => findings("trivy", given).map(({ identity }) => identity);
  assert.deepEqual(identities(older as unknown as Json), identities(payload));
});

Deno.test("An item that says not what it is about, or is of a wrong type, is rejected", () => {
  const cases: readonly [kind: string, report: JsonObject][] = [
    ["VulnerabilityReport", { vulnerabilities: [{ title: "no id", severity: "HIGH" }] }],
    ["ConfigAuditReport", { checks: [{ success: "perhaps", checkID: "A" }] }],
    ["ConfigAuditReport", { checks: [{ checkID: "A" }] }],
    ["ConfigAuditReport", { checks: [{ success: false }] }],
    ["ExposedSecretReport", { secrets: [{ target: "/a", match: "hunter2" }] }],
  ];
  for (const [kind, report] of cases) {
    const given = normalized("trivy", { apiVersion: API, kind, metadata: { name: "r" }, report });
    assert.deepEqual(given.map((item) => item.kind), ["rejected"], JSON.stringify(report));
  }
  const controls: readonly JsonObject[] = [
    { detailReport: { results: [{ id: "1", checks: "x" }] } },
    { detailReport: { results: [{ checks: [{ success: false }] }] } },
    { summaryReport: { controlCheck: [{ id: "1", totalFail: "many" }] } },
  ];
  for (const status of controls) {
    const given = normalized("trivy", { apiVersion: API, kind: "ClusterComplianceReport", status });
    assert.deepEqual(given.map((item) => item.kind), ["rejected"], JSON.stringify(status));
  }
});

Deno.test("Booleans and numbers may be texts", () => {
  const audit = { apiVersion: API, kind: "ConfigAuditReport", metadata: { name: "r" } };
  const report = { checks: [{ success: "false", checkID: "A" }, { success: "True", checkID: "B" }] };
  assert.equal(onlyFinding("trivy", { ...audit, report }).rule, "A");
  const status = {
    summaryReport: { controlCheck: [{ id: "1", totalFail: "3" }, { id: "2", totalFail: "0" }] },
  };
  const compliance = onlyFinding("trivy", { apiVersion: API, kind: "ClusterComplianceReport", status });
  assert.equal(compliance.details["failedChecks"], 3);
});
