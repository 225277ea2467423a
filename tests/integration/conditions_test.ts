import assert from "node:assert/strict";
import { stringify } from "yaml";
import type { KubeObject } from "../../src/kube/api.ts";
import type { Observation } from "../../src/model/observation.ts";
import { systemClock } from "../../src/run/clock.ts";
import { until } from "../support/until.ts";
import { adminClient, EVENTS, INGESTERS } from "./admin_client.ts";
import { untilReason } from "./conditions.ts";
import { assertConservation } from "./conservation.ts";
import { GUARD_MILLISECONDS, HOME, install, REPORT_CRDS, untilLeading } from "./installation.ts";

const NAMESPACE = "production";
const CERTIFICATES_CRD = `${REPORT_CRDS}/cert-manager.io_certificates.yaml`;

interface EventObject extends KubeObject {
  readonly involvedObject: { readonly kind: string; readonly name: string };
  readonly type: string;
  readonly reason: string;
}

const seconds = (fromNow: number): string =>
  `${new Date(systemClock.now() + fromNow * 1000).toISOString().slice(0, 19)}Z`;

Deno.test("an Ingester says how it stands, in conditions and Events, and certificates age by themselves", async (test) => {
  await using installed = await install({ crds: [CERTIFICATES_CRD] });
  const { plane, oracle } = installed;
  using admin = adminClient(plane.kubeconfig);
  await installed.createNamespaces(NAMESPACE);
  const told = async (name: string): Promise<readonly string[]> =>
    (await admin.list<EventObject>(EVENTS, HOME))
      .filter(({ involvedObject }) => involvedObject.kind === "Ingester" && involvedObject.name === name)
      .map(({ type, reason }) => `${type} ${reason}`).sort();
  const untilTold = (name: string, expected: readonly string[]): Promise<void> =>
    until(`Events of ${name} are ${expected.join(", ")}`, async () => {
      return JSON.stringify(await told(name)) === JSON.stringify(expected);
    }, GUARD_MILLISECONDS);
  const degradedOf = async (name: string): Promise<string | undefined> =>
    (await oracle.ingesters(HOME)).find(({ metadata }) => metadata.name === name)
      ?.status?.conditions?.find(({ type }) => type === "Degraded")?.message;

  await installed.applyIngester("all", { source: "kubernetes-events" });
  await installed.applyIngester("certificates", {
    source: "cert-manager",
    informer: { expiryWindow: "5s", resyncPeriod: "10s" },
  });
  await plane.applyYaml(stringify({
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name: "short", namespace: NAMESPACE },
    spec: { secretName: "short-tls", dnsNames: ["example.com"], issuerRef: { name: "ca" } },
  }));
  const patchStatus = (status: object): Promise<string> =>
    plane.ask([
      ...["patch", "certificate", "short", `--namespace=${NAMESPACE}`, "--subresource=status"],
      ...["--type=merge", "-p", JSON.stringify({ status })],
    ]);
  const ready = [{ type: "Ready", status: "True" }];
  await patchStatus({ conditions: ready, notBefore: seconds(-600), notAfter: seconds(25) });
  await using replica = await installed.start(0);
  await untilLeading(replica);

  await test.step("a Certificate that nobody touches is expiring, then expired, then renewed", async () => {
    const found = async (): Promise<string> =>
      (await oracle.observations(NAMESPACE)).filter(({ spec }: Observation) => spec.source === "cert-manager")
        .map(({ spec, status }) => `${spec.eventType} ${status?.phase}`).sort().join(", ");
    const untilFound = (expected: string): Promise<void> =>
      until(`certificates are: ${expected}`, async () => await found() === expected, GUARD_MILLISECONDS);
    await untilReason(oracle, "certificates", "Running", /certificates/);
    assert.equal(await found(), "");
    await untilFound("certificate_expiring Active");
    await untilFound("certificate_expired Active, certificate_expiring Resolved");
    await patchStatus({ conditions: ready, notBefore: seconds(0), notAfter: "2099-01-01T00:00:00Z" });
    await untilFound("certificate_expired Resolved, certificate_expiring Resolved");
    const metrics = await replica.metrics();
    assert.ok(metrics.sum("zenwatcher_source_watch_restarts_total", { reason: "resync" }) >= 2);
    assert.equal(metrics.sum("zen_watcher_signals_rejected_total"), 0);
  });

  await test.step("an overlap is a condition and an Event on both, and ends with its cause", async () => {
    assert.deepEqual(await told("all"), []);
    await installed.applyIngester("one", { source: "kubernetes-events", namespaces: [NAMESPACE] });
    await untilReason(oracle, "one", "Running", /v1\/events in production/);
    await untilTold("one", ["Warning Overlap"]);
    await untilTold("all", ["Warning Overlap"]);
    assert.match(await degradedOf("one") ?? "", /zen-system\/all;/);
    assert.match(await degradedOf("all") ?? "", /zen-system\/one;/);
    await admin.delete(INGESTERS, HOME, "one");
    await untilTold("all", ["Normal Recovered", "Warning Overlap"]);
    assert.equal(await degradedOf("all"), undefined);
  });

  await test.step("what cannot work is told once, and that it is over too", async () => {
    await installed.applyIngester("wrong", {
      source: "own",
      filters: { expression: "size(" },
      webhook: { auth: { type: "none" } },
    });
    await untilTold("wrong", ["Warning Invalid"]);
    await installed.applyIngester("wrong", { source: "own", webhook: { auth: { type: "none" } } });
    await untilTold("wrong", ["Normal Recovered", "Warning Invalid"]);
    // About Ingesters nothing is observed, though they are Events.
    assert.ok((await oracle.observations()).every(({ spec }) => spec.source !== "kubernetes-events"));
    await until(
      "the Events about Ingesters are filtered",
      async () =>
        (await replica.metrics()).sum("zen_watcher_observations_filtered_total", { reason: "self" }) > 0,
      GUARD_MILLISECONDS,
    );
  });
  await assertConservation(replica);
  assert.deepEqual(await replica.stop(), { code: 0, signal: null });

  await test.step("a new leader tells nothing twice; above MAX_WATCHES one waits and says so", async () => {
    const before = [await told("all"), await told("wrong"), await told("certificates")];
    await installed.applyIngester("third", {
      source: "own",
      ingester: "informer",
      informer: { gvr: { group: "", version: "v1", resource: "namespaces" } },
    });
    await using narrow = await installed.start(0, { MAX_WATCHES: "2" });
    await untilReason(oracle, "third", "Degraded", /1 of 1 watches wait .*MAX_WATCHES allows 2/);
    await admin.delete(INGESTERS, HOME, "certificates");
    // It has its turn, though not the right.
    await untilReason(oracle, "third", "Forbidden", /namespaces/);
    await untilTold("third", ["Warning Degraded", "Warning Forbidden"]);
    assert.deepEqual([await told("all"), await told("wrong"), await told("certificates")], before);
    assert.deepEqual(await narrow.stop(), { code: 0, signal: null });
  });
});
