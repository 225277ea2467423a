import assert from "node:assert/strict";
import { stringify } from "yaml";
import { fingerprint } from "../../src/deduplicate/fingerprint.ts";
import type { Json } from "../../src/model/json.ts";
import type { Observation } from "../../src/model/observation.ts";
import { buildObservation } from "../../src/write/build_observation.ts";
import { corpora } from "../fuzz/corpus.ts";
import { checkRound } from "../fuzz/round.ts";
import { readSample } from "../normalize/samples.ts";
import { COUNTERS } from "../samples/counts.ts";
import { kubectl } from "../support/kubectl.ts";
import { assertConservation } from "./conservation.ts";
import { HOME, install, REPORT_CRDS, untilLeading, untilSettled } from "./installation.ts";

const NAMESPACE = "production";
const ROUNDS = 60;
const SEED = 99;

function configMap(name: string, labels: Readonly<Record<string, string>>, more: object): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: NAMESPACE, labels }, ...more };
}

function certificate(name: string): object {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name, namespace: NAMESPACE },
    spec: { secretName: `${name}-tls`, dnsNames: ["example.com"], issuerRef: { name: "ca" } },
  };
}

Deno.test("results in ConfigMaps, Certificates and alerts become Observations", async () => {
  await using installed = await install({ crds: [REPORT_CRDS] });
  const { plane, oracle } = installed;
  await installed.createNamespaces(NAMESPACE);
  for (const source of ["kube-bench", "checkov", "cert-manager"]) {
    await installed.applyIngester(source, { source });
  }
  await installed.applyIngester("alertmanager", {
    source: "alertmanager",
    webhook: { auth: { type: "none" } },
  });

  const bench = readSample("kube-bench/defectdojo-kube-bench-controls.json");
  const iac = readSample("checkov/checkov-report-many-vuln.json");
  const expectedBench = COUNTERS["kube-bench"]?.(bench.payloads?.[0] as Json).findings ?? 0;
  const objects = [
    configMap("cis", { app: "kube-bench" }, { data: { "results.json": bench.text, "broken.json": "{" } }),
    configMap("iac", { app: "checkov" }, { binaryData: { "results.json": btoa(iac.text) } }),
    // Of nobody's label: never read.
    configMap("other", { app: "shop" }, { data: { "results.json": iac.text } }),
    certificate("well"),
    certificate("expired"),
    certificate("waiting"),
  ];
  await plane.applyYaml(objects.map((object) => stringify(object)).join("---\n"));
  const ready = (status: string): object[] => [{ type: "Ready", status }];
  const statuses: Readonly<Record<string, object>> = {
    well: { notAfter: "2099-01-01T00:00:00Z", conditions: ready("True") },
    expired: { notAfter: "2020-01-01T00:00:00Z", conditions: ready("True") },
  };
  for (const [name, status] of Object.entries(statuses)) {
    const what = ["patch", "certificate", name, `--namespace=${NAMESPACE}`, "--subresource=status"];
    await plane.ask([...what, "--type=merge", "-p", JSON.stringify({ status })]);
  }

  await using replica = await installed.start(0);
  await untilLeading(replica);
  await untilSettled(replica, "kube-bench", expectedBench + 1);
  await untilSettled(replica, "checkov", 3);
  await untilSettled(replica, "cert-manager", 2);
  const [alerts] = readSample("generic/alertmanager/prometheus-msteams-card-grafana-inspired-payload.json")
    .payloads as readonly { readonly alerts: readonly object[] }[];
  const resolved = { ...alerts, alerts: alerts?.alerts.map((alert) => ({ ...alert, status: "resolved" })) };
  assert.equal((await replica.webhook("/ingest/alertmanager", alerts)).status, 201);
  assert.equal((await replica.webhook("/ingest/alertmanager", resolved)).status, 200);

  const all = await oracle.observations();
  const of = (source: string): readonly Observation[] => all.filter(({ spec }) => spec.source === source);
  const eventTypes = (source: string): readonly string[] =>
    [...new Set(of(source).map(({ spec }) => `${spec.eventType} ${spec.severity}`))].sort();
  assert.equal(of("kube-bench").length, expectedBench);
  assert.deepEqual(eventTypes("kube-bench"), ["cis_benchmark high", "cis_benchmark medium"]);
  assert.equal(of("checkov").length, 3);
  assert.ok(of("checkov").every(({ metadata }) => metadata.namespace === NAMESPACE));
  assert.deepEqual(eventTypes("cert-manager"), [
    "certificate_expired critical",
    "certificate_not_ready high",
  ]);
  assert.equal(of("alertmanager").length, alerts?.alerts.length);
  const metrics = await replica.metrics();
  assert.equal(metrics.sum("zen_watcher_signals_rejected_total", { source: "kube-bench" }), 1);
  // The end of each alert is told to the Observation that its beginning made.
  assert.ok(of("alertmanager").every(({ status }) => status?.phase === "Resolved"));
  assert.equal(
    metrics.sum("zen_watcher_observations_deduped_total", { source: "alertmanager" }),
    alerts?.alerts.length,
  );
  await assertConservation(replica);
  assert.deepEqual(await replica.stop(), { code: 0, signal: null });
});

Deno.test("what is made of mutated payloads is taken by the API server", async () => {
  await using installed = await install();
  const observations = new Map<string, Observation>();
  for (const corpus of corpora()) {
    const { source } = corpus;
    for (let round = 0; round < ROUNDS; round++) {
      for (const item of checkRound(corpus, SEED, round)) {
        if (item.kind !== "finding") continue;
        const receivedAt = "2026-01-02T03:04:05Z";
        const id = fingerprint(source, item.finding, Date.parse(item.finding.detectedAt ?? receivedAt), 60);
        observations.set(
          id.name,
          buildObservation(item.finding, id, {
            source,
            namespace: HOME,
            ingester: { namespace: HOME, name: source },
            origin: undefined,
            receivedAt,
            ttlSeconds: 3600,
          }),
        );
      }
    }
  }
  assert.ok(observations.size > 200, `only ${observations.size}`);
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: [...observations.values()] });
  const answer = await kubectl(
    installed.plane.kubeconfig,
    ["create", "--dry-run=server", "--validate=strict", "--output=name", "-f", "-"],
    list,
  );
  assert.equal(answer.code, 0, answer.stderr.slice(0, 2000));
  assert.equal(answer.stdout.trim().split("\n").length, observations.size);
});
