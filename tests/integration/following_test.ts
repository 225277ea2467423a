import assert from "node:assert/strict";
import { stringify } from "yaml";
import type { Observation } from "../../src/model/observation.ts";
import { until } from "../support/until.ts";
import { adminClient, VULNERABILITY_REPORTS } from "./admin_client.ts";
import {
  GUARD_MILLISECONDS,
  HOME,
  install,
  type Installation,
  REPORT_CRDS,
  untilLeading,
  untilSettled,
} from "./installation.ts";
import { vulnerabilityReport } from "./many_reports.ts";
import { assertStopsSound } from "./soundness.ts";

const NAMESPACE = "production";
const CHECKPOINTS = "zen-watcher-leader-election-checkpoints";

interface Vulnerability {
  readonly id: string;
  readonly severity?: string;
  readonly fixed?: string;
}

/** Creates or replaces a report of Trivy about one Deployment. */
async function apply({ plane }: Installation, name: string, found: readonly Vulnerability[]): Promise<void> {
  await plane.applyYaml(stringify({
    apiVersion: "aquasecurity.github.io/v1alpha1",
    kind: "VulnerabilityReport",
    metadata: {
      name,
      namespace: NAMESPACE,
      labels: {
        "trivy-operator.resource.kind": "Deployment",
        "trivy-operator.resource.name": name,
        "trivy-operator.resource.namespace": NAMESPACE,
        "trivy-operator.container.name": "main",
      },
    },
    report: {
      updateTimestamp: "2026-01-01T00:00:00Z",
      artifact: { repository: "web", tag: "1" },
      os: { family: "debian", name: "12" },
      registry: { server: "index.docker.io" },
      scanner: { name: "Trivy", vendor: "Aqua Security", version: "0.50.0" },
      summary: { criticalCount: 0, highCount: 0, lowCount: 0, mediumCount: 0, unknownCount: 0 },
      vulnerabilities: found.map(({ id, severity = "HIGH", fixed = "2" }) => ({
        vulnerabilityID: id,
        resource: "openssl",
        installedVersion: "1",
        fixedVersion: fixed,
        severity,
        title: `About ${id}`,
        primaryLink: "",
        links: [],
        target: "",
        publishedDate: "",
        lastModifiedDate: "",
      })),
    },
  }));
}

/** `id of deployment: phase severity` of every Observation. */
async function seen({ oracle }: Installation): Promise<string[]> {
  return (await oracle.observations(NAMESPACE)).map(inWords).sort();
}

function inWords({ spec, status }: Observation): string {
  const id = /CVE-\d+-\d+/.exec(spec.title ?? "")?.[0];
  return `${id} of ${spec.resource?.name}: ${status?.phase} ${spec.severity}`;
}

async function untilSeen(installed: Installation, wanted: readonly string[]): Promise<void> {
  await until(`there is ${wanted.join(", ")}`, async () => {
    const found = await seen(installed);
    return JSON.stringify(found) === JSON.stringify([...wanted].sort());
  }, GUARD_MILLISECONDS).catch(async (error) => {
    assert.deepEqual(await seen(installed), [...wanted].sort(), String(error));
  });
}

Deno.test("what stands is what the reports say, through changes, deletions, takeovers and edits", async (test) => {
  await using installed = await install({ crds: [REPORT_CRDS] });
  const { plane } = installed;
  await installed.createNamespaces(NAMESPACE);
  await installed.applyIngester("trivy", { source: "trivy" });
  const [a, b, c] = ["CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0003"] as const;

  await test.step("findings that go are Resolved, change in place, and come back under the same name", async () => {
    await using replica = await installed.start(0);
    await untilLeading(replica);
    await apply(installed, "web", [{ id: a }, { id: b }]);
    await apply(installed, "db", [{ id: c }]);
    await untilSeen(installed, [
      `${a} of web: Active high`,
      `${b} of web: Active high`,
      `${c} of db: Active high`,
    ]);
    const names = (await installed.oracle.observations(NAMESPACE)).map(({ metadata }) => metadata.name)
      .sort();

    await apply(installed, "web", [{ id: a, severity: "CRITICAL", fixed: "3" }]);
    await untilSeen(installed, [
      `${a} of web: Active critical`,
      `${b} of web: Resolved high`,
      `${c} of db: Active high`,
    ]);
    await apply(installed, "web", [{ id: a, severity: "LOW" }, { id: b }]);
    await untilSeen(installed, [
      `${a} of web: Resolved critical`,
      `${b} of web: Active high`,
      `${c} of db: Active high`,
    ]);
    await apply(installed, "web", [{ id: a }, { id: b }]);
    await untilSeen(installed, [
      `${a} of web: Active high`,
      `${b} of web: Active high`,
      `${c} of db: Active high`,
    ]);
    const after = (await installed.oracle.observations(NAMESPACE)).map(({ metadata }) => metadata.name)
      .sort();
    assert.deepEqual(after, names);
    await assertStopsSound(replica);
  });

  await test.step("what changed and went while nobody led is followed, with a checkpoint and without", async () => {
    for (const what of ["with", "without"]) {
      await apply(installed, "web", what === "with" ? [{ id: b }] : [{ id: a }, { id: b }]);
      if (what === "with") {
        await plane.ask(["delete", "vulnerabilityreport", "db", `--namespace=${NAMESPACE}`]);
      } else {
        await apply(installed, "db", [{ id: c }]);
        await plane.ask(["delete", "configmap", CHECKPOINTS, `--namespace=${HOME}`]);
      }
      await using replica = await installed.start(0);
      await untilSeen(
        installed,
        what === "with"
          ? [`${a} of web: Resolved high`, `${b} of web: Active high`, `${c} of db: Resolved high`]
          : [`${a} of web: Active high`, `${b} of web: Active high`, `${c} of db: Active high`],
      );
      await assertStopsSound(replica);
    }
  });

  await test.step("an edit of the Ingester is applied to what stands", async () => {
    await using replica = await installed.start(0);
    await untilLeading(replica);
    await installed.applyIngester("trivy", { source: "trivy", filters: { excludeRules: [b] } });
    await untilSeen(installed, [
      `${a} of web: Active high`,
      `${b} of web: Resolved high`,
      `${c} of db: Active high`,
    ]);
    await installed.applyIngester("trivy", { source: "trivy" });
    await untilSeen(installed, [
      `${a} of web: Active high`,
      `${b} of web: Active high`,
      `${c} of db: Active high`,
    ]);
    await assertStopsSound(replica);
  });
});

Deno.test("reports that are deleted and made anew at once stand as they are now", async () => {
  await using installed = await install({ crds: [REPORT_CRDS] });
  await installed.createNamespaces(NAMESPACE);
  await installed.applyIngester("trivy", { source: "trivy" });
  await using replica = await installed.start(0);
  await untilLeading(replica);
  using admin = adminClient(installed.plane.kubeconfig);
  const [names, each] = [["one", "two", "three"], 50] as const;
  const create = (name: string): Promise<unknown> =>
    admin.create(VULNERABILITY_REPORTS, NAMESPACE, vulnerabilityReport(name, NAMESPACE, each));
  for (const name of names) await create(name);
  await untilSettled(replica, "trivy", names.length * each);
  for (let round = 2; round <= 4; round++) {
    for (const name of names) {
      await admin.delete(VULNERABILITY_REPORTS, NAMESPACE, name);
      await create(name);
    }
    await untilSettled(replica, "trivy", round * names.length * each);
    const phases = (await installed.oracle.observations(NAMESPACE)).map(({ status }) => status?.phase);
    assert.deepEqual(phases, Array(names.length * each).fill("Active"), `round ${round}`);
  }
  await assertStopsSound(replica);
});

Deno.test("repeats are counted, and an alert is Resolved and fires again", async () => {
  await using installed = await install();
  await installed.createNamespaces(NAMESPACE);
  await installed.applyIngester("falco", { source: "falco", webhook: { auth: { type: "none" } } });
  await installed.applyIngester("alerts", { source: "alertmanager", webhook: { auth: { type: "none" } } });
  await installed.applyIngester("events", { source: "kubernetes-events" });
  await using replica = await installed.start(0);
  await untilLeading(replica);
  const one = async (source: string): Promise<Observation | undefined> =>
    (await installed.oracle.observations()).find(({ spec }) => spec.source === source);

  const shell = (second: number): object => ({
    rule: "Terminal shell in container",
    priority: "Critical",
    time: `2026-01-01T00:00:0${second}Z`,
    output: "A shell",
    output_fields: { "k8s.ns.name": NAMESPACE, "k8s.pod.name": "web-1" },
  });
  for (let second = 1; second <= 5; second++) {
    const { status } = await replica.webhook("/ingest/falco", shell(second));
    assert.equal(status, second === 1 ? 201 : 200);
  }
  await until("five are counted", async () => (await one("falco"))?.status?.count === 5, GUARD_MILLISECONDS);
  assert.equal((await one("falco"))?.status?.lastSeen, "2026-01-01T00:00:05.000Z");

  const alert = (
    status: "firing" | "resolved",
    startsAt: string,
    endsAt = "0001-01-01T00:00:00Z",
  ): object => ({
    version: "4",
    groupKey: "g",
    receiver: "zen",
    status,
    alerts: [{
      status,
      fingerprint: "f00d",
      labels: { alertname: "DiskFull", severity: "warning", namespace: NAMESPACE },
      annotations: {},
      startsAt,
      endsAt,
    }],
  });
  const phase = async (): Promise<string | undefined> => (await one("alertmanager"))?.status?.phase;
  const start = "2026-01-01T00:00:00Z";
  const end = "2026-01-01T01:00:00Z";
  const send = async (body: object): Promise<number> =>
    (await replica.webhook("/ingest/alertmanager", body)).status;
  assert.equal(await send(alert("resolved", start, end)), 200);
  assert.equal(await one("alertmanager"), undefined, "an end without a beginning makes nothing");
  assert.equal(await send(alert("firing", start)), 201);
  assert.equal(await send(alert("firing", start)), 200);
  assert.equal(await phase(), "Active");
  assert.equal(await send(alert("resolved", start, end)), 200);
  assert.equal(await phase(), "Resolved");
  assert.equal(await send(alert("firing", start)), 200);
  assert.equal(await phase(), "Resolved", "what is sent late turns nothing back");
  assert.equal(await send(alert("firing", "2026-01-01T02:00:00Z")), 200);
  assert.equal(await phase(), "Active");
  await assertStopsSound(replica);
});
