import type { Json, JsonObject } from "../../src/model/json.ts";
import { systemClock } from "../../src/run/clock.ts";
import {
  auditEvents,
  clusterEvents,
  falcoAlerts,
  policyReports,
  sampleAlert,
  trivyReports,
} from "../demo/payloads.ts";
import { Objects } from "../demo/objects.ts";
import { type Installation, untilSettled } from "../integration/installation.ts";
import type { Replica } from "../support/process.ts";

const OPEN = { webhook: { auth: { type: "none" } } } as const;
/** Namespaces that the payloads speak of and that are not there from the start. */
export const NAMESPACES: readonly string[] = ["staging-ns", "my-namespace", "hello-app", "fission-function"];
const here = (namespace: string): string => namespace;

/** Creates the Ingesters of what {@link feedObjects} and {@link sendAlerts} bring. */
export async function applyIngesters({ applyIngester }: Installation): Promise<void> {
  for (const source of ["trivy", "kyverno", "kubernetes-events"]) await applyIngester(source, { source });
  for (const source of ["falco", "audit"]) await applyIngester(source, { source, ...OPEN });
  await applyIngester("tried", { source: "tried", ...OPEN, dryRun: true });
  // No signal has that field.
  await applyIngester("odd", { source: "odd", ...OPEN, filters: { expression: "signal.absent.field == 1" } });
}

/** Creates real reports and Events, and waits until the leader has judged all that is in them. */
export async function feedObjects(
  { plane }: Installation,
  leader: Replica,
  signal: AbortSignal,
): Promise<void> {
  using objects = new Objects(plane.kubeconfig);
  for (const payloads of [trivyReports(here), policyReports(here), clusterEvents(here)]) {
    for (const object of payloads.objects) await objects.create(object, signal);
    await untilSettled(leader, payloads.source, payloads.findings);
  }
}

/** Sends real webhooks twice and one that is no JSON, then an alert of its own each tenth of a second. */
export async function sendAlerts(replica: Replica, seconds: number, signal: AbortSignal): Promise<void> {
  for (const { path, bodies } of [falcoAlerts(), auditEvents(), falcoAlerts()]) {
    for (const body of bodies) await replica.webhook(path, body);
  }
  await replica.webhook("/ingest/falco", "{");
  for (const path of ["/ingest/tried", "/ingest/odd"]) await replica.webhook(path, { title: "Something" });
  const end = systemClock.monotonic() + seconds * 1000;
  while (systemClock.monotonic() < end) {
    await replica.webhook("/ingest/falco", alertNow());
    await systemClock.sleep(100, signal);
  }
}

function alertNow(): JsonObject {
  const fields: Json = { "k8s.ns.name": "default", "k8s.pod.name": `pod-${crypto.randomUUID()}` };
  return { ...sampleAlert(), time: new Date(systemClock.now()).toISOString(), output_fields: fields };
}
