import assert from "node:assert/strict";
import { ApiException } from "@kubernetes/client-node";
import { startControlPlane } from "../control_plane/control_plane.ts";
import { oracle } from "./oracle.ts";

const CRDS = decodeURIComponent(new URL("../../chart/crds", import.meta.url).pathname);
const API_VERSION = "zen.kube-zen.io/v1alpha1";
const OBSERVATIONS = { group: "zen.kube-zen.io", version: "v1alpha1", resource: "observations" };
/** More than one page. */
const COUNT = 520;

Deno.test("the oracle writes and reads with the official client", async (test) => {
  await using plane = await startControlPlane();
  await plane.installCrds(CRDS);
  await plane.ask(["create", "namespace", "production"]);
  await using cluster = oracle(plane.kubeconfig);

  await test.step("every Observation, page by page, or those of one namespace", async () => {
    assert.deepEqual(await cluster.observations(), []);
    await cluster.createObjects(
      OBSERVATIONS,
      Array.from({ length: COUNT }, (_, index) => ({
        apiVersion: API_VERSION,
        kind: "Observation",
        metadata: { name: `finding-${index}`, namespace: index === 0 ? "production" : "default" },
        spec: { source: "mine", category: "security", severity: "low", eventType: "generic" },
      })),
    );
    const names = (await cluster.observations()).map(({ metadata }) => metadata.name);
    assert.equal(new Set(names).size, COUNT);
    const [only, ...others] = await cluster.observations("production");
    assert.equal(only?.metadata.name, "finding-0");
    assert.equal(only?.spec.severity, "low");
    assert.deepEqual(others, []);
  });

  await test.step("Ingesters", async () => {
    await plane.applyYaml(`
apiVersion: ${API_VERSION}
kind: Ingester
metadata: { name: trivy, namespace: production }
spec: { source: trivy }`);
    assert.deepEqual((await cluster.ingesters()).map(({ spec }) => spec.source), ["trivy"]);
  });

  await test.step("Events", async () => {
    const at = new Date("2026-01-02T03:04:05Z");
    const about = { apiVersion: "v1", kind: "Pod", name: "web" };
    await cluster.createEvents([{ namespace: "production", name: "web.1", reason: "BackOff", about, at }]);
    const event = JSON.parse(await plane.ask(["get", "event", "web.1", "-n", "production", "-o", "json"]));
    assert.deepEqual(
      [event.type, event.reason, event.involvedObject.name, event.lastTimestamp, event.count],
      ["Warning", "BackOff", "web", "2026-01-02T03:04:05Z", 1],
    );
  });

  await test.step("the Lease, or none", async () => {
    assert.equal(await cluster.lease("default"), undefined);
    await plane.applyYaml(`
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: { name: zen-watcher-leader-election, namespace: default }
spec: { holderIdentity: zen-watcher-0 }`);
    assert.equal((await cluster.lease("default"))?.spec?.holderIdentity, "zen-watcher-0");
  });

  await test.step("what the API server refuses is an error", async () => {
    const about = { apiVersion: "v1", kind: "Pod", name: "web" };
    await assert.rejects(
      cluster.createEvents([{ namespace: "nowhere", name: "web.1", reason: "BackOff", about }]),
      (error) => error instanceof ApiException && error.code === 404,
    );
  });
});
