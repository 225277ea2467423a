import assert from "node:assert/strict";
import type { Observation } from "../../src/model/observation.ts";
import { systemClock } from "../../src/run/clock.ts";
import type { Replica } from "../support/process.ts";
import { until } from "../support/until.ts";
import {
  type AdminClient,
  adminClient,
  ingesterObject,
  INGESTERS,
  OBSERVATIONS,
  VULNERABILITY_REPORTS,
  vulnerabilityReport,
} from "./admin_client.ts";
import { GUARD_MILLISECONDS, HOME, install, REPORT_CRDS, untilLeading } from "./installation.ts";
import { assertStopsSound } from "./soundness.ts";

const NAMESPACE = "shop";
const TTL_SECONDS = 5;
const SETTINGS = { OBSERVATION_TTL_SECONDS: String(TTL_SECONDS), GC_INTERVAL: "1s" };
const MANAGED_BY = { "app.kubernetes.io/managed-by": "zen-watcher" };
const open = { webhook: { auth: { type: "none" } } } as const;

function auditEvent(username: string, apiGroup: string, resource: string): unknown {
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Metadata",
    auditID: crypto.randomUUID(),
    stage: "ResponseComplete",
    requestURI: `/apis/${apiGroup}/v1/namespaces/${NAMESPACE}/${resource}/web`,
    verb: "delete",
    user: { username },
    objectRef: { resource, namespace: NAMESPACE, name: "web", apiGroup, apiVersion: "v1" },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: "2026-01-02T03:04:05.000000Z",
    stageTimestamp: "2026-01-02T03:04:05.000000Z",
  };
}

/** An Observation that somebody else wrote and that is past its time. */
async function createForeign(
  admin: AdminClient,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  await admin.create(OBSERVATIONS, NAMESPACE, {
    apiVersion: "zen.kube-zen.io/v1alpha1",
    kind: "Observation",
    metadata: { name, labels },
    spec: {
      source: "somebody",
      category: "security",
      severity: "high",
      eventType: "something",
      ttlSecondsAfterCreation: 1,
      expiresAt: "2026-01-02T03:04:05Z",
    },
  });
}

async function filtered(replica: Replica, source: string, reason: string): Promise<number> {
  return (await replica.metrics()).sum("zen_watcher_observations_filtered_total", { source, reason });
}

Deno.test("What expires is collected and nothing else is, and what this installation does itself is no signal", async (test) => {
  await using installed = await install({
    crds: [`${REPORT_CRDS}/aquasecurity.github.io_vulnerabilityreports.yaml`],
  });
  const { oracle, plane } = installed;
  using admin = adminClient(plane.kubeconfig);
  await installed.createNamespaces(NAMESPACE);
  const ingesters = [
    ingesterObject("events", { source: "kubernetes-events", namespaces: [NAMESPACE] }),
    ingesterObject("trivy", {
      source: "trivy",
      namespaces: [NAMESPACE],
      informer: { gvr: VULNERABILITY_REPORTS },
    }),
    ingesterObject("falco", { source: "falco", dryRun: true, ...open }),
    ingesterObject("audit", { source: "audit", ...open }),
  ];
  for (const one of ingesters) await admin.create(INGESTERS, HOME, one);
  await using replica = await installed.start(0, SETTINGS);
  await untilLeading(replica);
  const bySource = async (source: string): Promise<readonly Observation[]> =>
    (await oracle.observations()).filter(({ spec }) => spec.source === source);

  await test.step("dryRun writes nothing, and counts what would have been written", async () => {
    const event = { rule: "A rule", priority: "Critical", output: "It happened", output_fields: {} };
    for (let count = 0; count < 2; count++) {
      const answer = await replica.webhook("/ingest/falco", event);
      assert.equal(answer.status, 200, answer.text);
      const { received, created, filtered, observations } = answer.json as Record<string, unknown>;
      assert.deepEqual([received, created, filtered, observations], [1, 0, 1, []]);
    }
    const metrics = await replica.metrics();
    assert.equal(metrics.sum("zen_watcher_dry_run_total", { source: "falco", verdict: "created" }), 2);
    assert.equal(await filtered(replica, "falco", "dry_run"), 2);
    assert.equal(metrics.sum("zen_watcher_observations_created_total", { source: "falco" }), 0);
    assert.deepEqual(await bySource("falco"), []);
  });

  await test.step("audit events of its own user or about its own objects are filtered, others are not", async () => {
    const items = [
      auditEvent(installed.account.user, "apps", "deployments"),
      auditEvent("ada", "zen.kube-zen.io", "observations"),
      auditEvent("ada", "zen.kube-zen.io", "ingesters"),
      auditEvent("ada", "apps", "deployments"),
    ];
    const answer = await replica.webhook("/ingest/audit", {
      kind: "EventList",
      apiVersion: "audit.k8s.io/v1",
      items,
    });
    assert.equal(answer.status, 201, answer.text);
    const { received, created, filtered: left } = answer.json as Record<string, unknown>;
    assert.deepEqual([received, created, left], [4, 1, 3]);
    assert.equal(await filtered(replica, "audit", "self"), 3);
  });

  await test.step("an Event about an Ingester is filtered", async () => {
    const about = { apiVersion: "zen.kube-zen.io/v1alpha1", kind: "Ingester", name: "events" };
    await oracle.createEvents([{ namespace: NAMESPACE, name: "own", reason: "Changed", about }]);
    await until(
      "it is filtered",
      async () => await filtered(replica, "kubernetes-events", "self") === 1,
      GUARD_MILLISECONDS,
    );
    assert.deepEqual(await bySource("kubernetes-events"), []);
  });

  await test.step("what happened is collected when its time is over, a state and others' objects are not", async () => {
    await createForeign(admin, "foreign-unlabelled", {});
    await createForeign(admin, "foreign-otherwise-labelled", {
      "app.kubernetes.io/managed-by": "somebody",
    });
    await createForeign(admin, "foreign-labelled", MANAGED_BY);
    await admin.create(VULNERABILITY_REPORTS, NAMESPACE, vulnerabilityReport("state", "CVE-2026-1"));
    const about = { apiVersion: "v1", kind: "Pod", name: "web" };
    await oracle.createEvents([{ namespace: NAMESPACE, name: "happened", reason: "BackOff", about }]);
    const start = systemClock.monotonic();
    await until(
      "both are observed",
      async () =>
        (await bySource("kubernetes-events")).length === 1 && (await bySource("trivy")).length === 1,
      GUARD_MILLISECONDS,
    );
    const [event] = await bySource("kubernetes-events");
    const created = event?.metadata.creationTimestamp ?? "";
    await until(
      "the Event's Observation is collected",
      async () =>
        (await bySource("kubernetes-events")).length === 0 && (await bySource("audit")).length === 0,
      GUARD_MILLISECONDS,
    );
    console.log(`collected after ${Math.round(systemClock.monotonic() - start)} ms`);
    assert.ok(Date.now() >= Date.parse(created) + TTL_SECONDS * 1000);
    const left = (await oracle.observations()).map(({ metadata, spec }) =>
      spec.source === "trivy" ? "trivy" : metadata.name
    );
    assert.deepEqual(left.sort(), ["foreign-otherwise-labelled", "foreign-unlabelled", "trivy"]);
    assert.equal((await replica.metrics()).sum("zen_watcher_gc_deleted_total"), 3);
  });

  await assertStopsSound(replica);

  await test.step("a restart that lists everything brings nothing back that was collected", async () => {
    await plane.ask([
      "delete",
      "configmap",
      "zen-watcher-leader-election-checkpoints",
      `--namespace=${HOME}`,
    ]);
    await using again = await installed.start(0, SETTINGS);
    await untilLeading(again);
    await until(
      "the Events were read again",
      async () => (await again.metrics()).sum("zen_watcher_signals_received_total") === 3,
      GUARD_MILLISECONDS,
    );
    await until(
      "the Event is filtered",
      async () => await filtered(again, "kubernetes-events", "expired") === 1,
      GUARD_MILLISECONDS,
    );
    assert.deepEqual(await bySource("kubernetes-events"), []);
    assert.equal((await again.metrics()).sum("zen_watcher_observations_created_total"), 0);
    await assertStopsSound(again);
  });
});
