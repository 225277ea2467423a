import assert from "node:assert/strict";
import { parseAllDocuments, stringify } from "yaml";
import { listAt, textAt } from "../../src/model/json.ts";
import { until } from "../support/until.ts";
import { type AuditedRequest, requestsOf, sentenceOf } from "./audit_log.ts";
import { assertConservation } from "./conservation.ts";
import { NODE, nodeOf, startFakeKubelet } from "./fake_kubelet.ts";
import { GUARD_MILLISECONDS, HOME, install, REPORT_CRDS, untilLeading, userOf } from "./installation.ts";

const NAMESPACE = "production";
const TOKEN = "a-token-of-this-test";
/** What everybody who is authenticated may do. */
const OPEN_TO_ALL = new Set(["selfsubjectreviews"]);

/** `verb group/resource` of every right in rbac.yaml. */
async function granted(): Promise<readonly string[]> {
  const text = await Deno.readTextFile(new URL("rbac.yaml", import.meta.url));
  return parseAllDocuments(text).flatMap((document) =>
    listAt(document.toJS(), "rules").flatMap((rule) =>
      listAt(rule, "apiGroups").flatMap((group) =>
        listAt(rule, "resources").flatMap((resource) =>
          listAt(rule, "verbs").map((verb) => `${verb} ${group}/${resource}`)
        )
      )
    )
  );
}

function rightOf({ verb, objectRef }: AuditedRequest): string | undefined {
  if (objectRef === undefined || OPEN_TO_ALL.has(objectRef.resource)) return undefined;
  const { resource, subresource, apiGroup = "" } = objectRef;
  return `${verb} ${apiGroup}/${resource}${subresource === undefined ? "" : `/${subresource}`}`;
}

Deno.test("the program is refused nothing, and has no right that it does not use", async () => {
  const auditLog = await Deno.makeTempFile({ prefix: "zen-watcher-audit-" });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => Deno.remove(auditLog));
  const installed = cleanup.use(await install({ auditLog, crds: [REPORT_CRDS] }));
  await installed.createNamespaces(NAMESPACE);
  const secret = ["create", "secret", "generic", "falco-token", `--namespace=${HOME}`];
  await installed.plane.ask([...secret, `--from-literal=token=${TOKEN}`]);
  await installed.applyIngester("events", { source: "kubernetes-events" });
  // It overlaps, of which an Event tells.
  await installed.applyIngester("production", { source: "kubernetes-events", namespaces: [NAMESPACE] });
  await installed.applyIngester("trivy", { source: "trivy" });
  await installed.applyIngester("kyverno", { source: "kyverno" });
  const kubelet = cleanup.use(await startFakeKubelet());
  await installed.plane.applyYaml(stringify(nodeOf(kubelet)));
  await installed.plane.applyYaml(stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "sealed-secrets",
      namespace: NAMESPACE,
      labels: { "app.kubernetes.io/name": "sealed-secrets" },
    },
    spec: { nodeName: NODE, containers: [{ name: "controller", image: "none" }] },
  }));
  await installed.applyIngester("sealed-secrets", { source: "sealed-secrets" });
  await installed.applyIngester("falco", {
    source: "falco",
    webhook: { auth: { type: "bearer", secretName: "falco-token" } },
    ttl: { default: "1s" },
  });
  await installed.applyIngester("alerts", { source: "alertmanager", webhook: { auth: { type: "none" } } });
  await using leader = await installed.start(0, { GC_INTERVAL: "1s" });
  await untilLeading(leader);
  await using follower = await installed.start(1, { GC_INTERVAL: "1s" });

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
  const statuses = async (): Promise<readonly (string | undefined)[]> =>
    (await installed.oracle.ingesters()).map(({ status }) =>
      textAt(status?.conditions?.find(({ type }) => type === "Ready") ?? null, "reason")
    );
  await until(
    "every Ingester is known to run",
    async () => (await statuses()).every((reason) => reason === "Running"),
    GUARD_MILLISECONDS,
  );
  // The follower takes over, so that it uses the leader's rights too.
  await assertConservation(leader);
  assert.deepEqual(await leader.stop(), { code: 0, signal: null });
  await untilLeading(follower);
  await follower.waitForMessage("New leader resumed the first source");
  await assertConservation(follower);
  assert.deepEqual(await follower.stop(), { code: 0, signal: null });

  const requests = [...await requestsOf(auditLog, userOf(0)), ...await requestsOf(auditLog, userOf(1))];
  const refused = requests.filter(({ responseStatus }) => responseStatus?.code === 403);
  assert.deepEqual(refused.map(sentenceOf), []);
  const used = new Set(requests.map(rightOf).filter((right) => right !== undefined));
  assert.deepEqual([...used].sort(), [...new Set(await granted())].sort());
});
