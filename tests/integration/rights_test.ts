import assert from "node:assert/strict";
import { stringify } from "yaml";
import { type Json, textAt } from "../../src/model/json.ts";
import { lineOf, type Right, rightsOf } from "../chart/rights.ts";
import { until } from "../support/until.ts";
import { adminClient, ingesterObject, INGESTERS } from "./admin_client.ts";
import { type AuditedRequest, requestsOf, sentenceOf } from "./audit_log.ts";
import { readyOf } from "./conditions.ts";
import { assertConservation } from "./conservation.ts";
import { nodeOf, startFakeKubelet } from "./fake_kubelet.ts";
import { GUARD_MILLISECONDS, HOME, install, REPORT_CRDS, untilLeading } from "./installation.ts";
import { AT_HOME, OF_THE_TENANT } from "./ingesters_of_all_rights.ts";
import { ALERTS, FINDINGS, looseDefinition } from "./loose_definition.ts";
import { createRunningPod } from "./running_pod.ts";

const NAMESPACE = "production";
const TENANT = "team-a";
const TOKEN = "a-token-of-this-test";
/** Whether a request was granted by a right, which was given in one namespace or in all of them. */
function isBy({ verb, group, resource, names }: Right, place: string | undefined, request: AuditedRequest) {
  const { objectRef } = request;
  if (objectRef === undefined || request.verb !== verb) return false;
  const asked = objectRef.subresource === undefined
    ? objectRef.resource
    : `${objectRef.resource}/${objectRef.subresource}`;
  return asked === resource && (objectRef.apiGroup ?? "") === group &&
    (place === undefined || objectRef.namespace === place) &&
    (names === undefined || names.includes(objectRef.name ?? ""));
}

/** The rights of a Role or ClusterRole that no request needed. */
function unusedOf(role: Json, requests: readonly AuditedRequest[]): readonly string[] {
  const place = textAt(role, "metadata", "namespace");
  return rightsOf([role]).filter((right) => !requests.some((request) => isBy(right, place, request)))
    .map((right) => `${lineOf(right)} in ${place ?? "all namespaces"}`);
}

Deno.test("with the chart's rights the program is refused nothing, and has none that it does not use", async () => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "zen-watcher-rights-" });
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));
  for (const names of [ALERTS, FINDINGS]) {
    await Deno.writeTextFile(`${folder}/${names.plural}.yaml`, stringify(looseDefinition(names)));
  }
  const auditLog = `${folder}/audit.log`;
  const installed = cleanup.use(await install({ auditLog, crds: [REPORT_CRDS, folder] }));
  const { plane, account } = installed;
  await installed.createNamespaces(NAMESPACE);
  const secret = ["create", "secret", "generic", "falco-token", `--namespace=${HOME}`];
  await plane.ask([...secret, `--from-literal=token=${TOKEN}`]);
  using admin = adminClient(plane.kubeconfig);
  for (const [name, spec] of Object.entries(AT_HOME)) {
    await admin.create(INGESTERS, HOME, ingesterObject(name, spec));
  }
  for (const [name, spec] of Object.entries(OF_THE_TENANT)) {
    await admin.create(INGESTERS, TENANT, ingesterObject(name, spec));
  }
  const kubelet = cleanup.use(await startFakeKubelet());
  await plane.applyYaml(stringify(nodeOf(kubelet)));
  await createRunningPod(plane, {
    namespace: NAMESPACE,
    pod: "sealed-secrets",
    labels: { "app.kubernetes.io/name": "sealed-secrets" },
    container: "controller",
  });
  const { INGESTER_NAMESPACES = "", DESTINATION_ALLOWLIST = "", FILTER_CONFIGMAP_NAME = "" } = account.env;
  const settings = { INGESTER_NAMESPACES, DESTINATION_ALLOWLIST, FILTER_CONFIGMAP_NAME, GC_INTERVAL: "1s" };
  await using leader = await installed.start(0, settings);
  await untilLeading(leader);
  await using follower = await installed.start(1, settings);

  const alert = {
    rule: "Terminal shell in container",
    priority: "Critical",
    output: "A shell",
    output_fields: { "k8s.ns.name": NAMESPACE, "k8s.pod.name": "web-1" },
  };
  for (const replica of [leader, follower]) {
    assert.equal((await replica.webhook("/ingest/falco", alert)).status, 401);
    const { status, text } = await replica.webhook("/ingest/falco", alert, {
      authorization: `Bearer ${TOKEN}`,
    });
    assert.ok(status === 200 || status === 201, `${status} ${text}`);
  }
  // An alert that is told again otherwise is changed in place, and one that ends is Resolved.
  for (const [severity, state] of [["warning", "firing"], ["critical", "firing"], ["critical", "resolved"]]) {
    const labels = { alertname: "DiskFull", namespace: NAMESPACE, severity };
    const alerts = [{ status: state, fingerprint: "f00d", labels, startsAt: "2026-01-01T00:00:00Z" }];
    const { status, text } = await leader.webhook("/ingest/alertmanager", { version: "4", alerts });
    assert.ok(status === 200 || status === 201, `${status} ${text}`);
  }
  await until(
    "what has expired is collected",
    async () => (await leader.metrics()).sum("zen_watcher_gc_deleted_total") > 0,
    GUARD_MILLISECONDS,
  );
  const unready = async (): Promise<readonly string[]> =>
    [...await installed.oracle.ingesters(HOME), ...await installed.oracle.ingesters(TENANT)]
      .filter((one) => readyOf(one)?.reason !== "Running")
      .map((one) => `${one.metadata.name}: ${readyOf(one)?.message}`);
  await until(
    "every Ingester is known to run",
    async () => (await unready()).length === 0,
    GUARD_MILLISECONDS,
  );
  // The follower takes over, so that it uses the leader's rights too.
  await assertConservation(leader);
  assert.deepEqual(await leader.stop(), { code: 0, signal: null });
  await untilLeading(follower);
  await follower.waitForMessage("New leader resumed the first source");
  await assertConservation(follower);
  assert.deepEqual(await follower.stop(), { code: 0, signal: null });

  const requests = await requestsOf(auditLog, account.user);
  const refused = requests.filter(({ responseStatus }) => responseStatus?.code === 403);
  assert.deepEqual(refused.map(sentenceOf), []);
  assert.deepEqual(account.roles.flatMap((role) => unusedOf(role, requests)), []);
});
