import assert from "node:assert/strict";
import { stringify } from "yaml";
import type { Observation } from "../../src/model/observation.ts";
import type { Replica } from "../support/process.ts";
import { until } from "../support/until.ts";
import { readyOf, untilReason } from "./conditions.ts";
import {
  GUARD_MILLISECONDS,
  HOME,
  install,
  REPORT_CRDS,
  untilLeading,
  untilSettled,
} from "./installation.ts";
import { ALERTS, looseDefinition } from "./loose_definition.ts";
import { vulnerabilityReport } from "./many_reports.ts";
import { assertStopsSound } from "./soundness.ts";

const NAMESPACE = "production";
const REPORTS = { group: "aquasecurity.github.io", version: "v1alpha1", resource: "vulnerabilityreports" };
const open = { webhook: { auth: { type: "none" } } } as const;

const shell = (index: number, priority = "Error"): object => ({
  rule: "Terminal shell in container",
  priority,
  time: new Date(Date.UTC(2026, 0, 1, 12, 0, index % 60)).toISOString(),
  output: "A shell",
  output_fields: { "k8s.ns.name": NAMESPACE, "k8s.pod.name": `web-${index}` },
});

function isRolledUp({ spec }: Observation): boolean {
  return spec.details?.["rolledUp"] === true;
}

async function rejectedOf(replica: Replica): Promise<number> {
  const metrics = await replica.metrics();
  return metrics.sum("zen_watcher_signals_rejected_total") + metrics.sum("zen_watcher_dead_letters_total");
}

Deno.test("a budget holds: reports beyond it are rolled up, nothing is dropped, and room is given back", async () => {
  await using installed = await install({ crds: [REPORT_CRDS] });
  const { oracle } = installed;
  await installed.createNamespaces(NAMESPACE);
  const [reports, each, max] = [60, 50, 500];
  await installed.applyIngester("trivy", { source: "trivy", budget: { maxObservations: max } });
  await using replica = await installed.start(0);
  await untilLeading(replica);
  await oracle.createObjects(
    REPORTS,
    Array.from({ length: reports }, (_, index) => vulnerabilityReport(`web-${index}`, NAMESPACE, each)),
  );
  await untilSettled(replica, "trivy", reports * each);
  const all = await oracle.observations(NAMESPACE);
  const rolled = all.filter(isRolledUp);
  const counted = rolled.reduce((sum, { status }) => sum + (status?.count ?? 0), 0);
  const own = all.length - rolled.length;
  assert.equal(own + counted, reports * each, "each finding has its own or is counted");
  // Every report has one critical finding, which always has its own, and at most one roll-up.
  assert.ok(own >= max && all.length <= max + 2 * reports, `${own} of their own, ${rolled.length} roll-ups`);
  assert.equal(all.filter(({ spec }) => spec.severity === "critical").length, reports);
  assert.equal(await rejectedOf(replica), 0);
  const metrics = await replica.metrics();
  assert.equal(metrics.sum("zen_watcher_rolled_up_total", { source: "trivy" }), counted);
  assert.ok((metrics.value("zen_watcher_budget_used_ratio", { ingester: `${HOME}/trivy` }) ?? 0) >= 1);
  await untilReason(oracle, "trivy", "Degraded", /budget of 500 Observations is used up/);
  await until("the status counts them", async () => {
    const [ingester] = await oracle.ingesters(HOME);
    return ingester?.status?.observations === all.length && readyOf(ingester)?.status === "True";
  }, GUARD_MILLISECONDS);

  // A larger budget reads the reports again: each finding has its own now, and the roll-ups are over.
  await installed.applyIngester("trivy", { source: "trivy", budget: { maxObservations: 0 } });
  await until("each finding has its own", async () => {
    const now = await oracle.observations(NAMESPACE);
    return now.filter((one) => !isRolledUp(one)).length === reports * each &&
      now.filter(isRolledUp).every(({ status }) => status?.phase === "Resolved");
  }, GUARD_MILLISECONDS);
  await untilReason(oracle, "trivy", "Running", /^Watching/);
  await assertStopsSound(replica);
});

Deno.test("webhooks beyond a budget are counted by the hour or refused, by every replica", async () => {
  await using installed = await install();
  await installed.createNamespaces(NAMESPACE);
  const spec = { source: "falco", ...open };
  await installed.applyIngester("falco", { ...spec, budget: { maxObservations: 5 } });
  await using one = await installed.start(0);
  await untilLeading(one);
  const send = async (replica: Replica, index: number, priority?: string): Promise<number> =>
    (await replica.webhook("/ingest/falco", shell(index, priority))).status;
  for (let index = 0; index < 12; index++) {
    assert.equal(await send(one, index), index < 5 ? 201 : 200, `finding ${index}`);
  }
  assert.equal(await send(one, 0), 200, "what has its own is no part of the roll-up");
  await until("the status counts them", async () => {
    const [ingester] = await installed.oracle.ingesters(HOME);
    return ingester?.status?.observations === 6;
  }, GUARD_MILLISECONDS);

  await using other = await installed.start(1);
  for (const index of [12, 13, 14]) assert.equal(await send(other, index), 200, "the other one knows of it");
  assert.equal(await send(other, 15, "Critical"), 201, "critical ones always have their own");
  await until("they are all counted in one", async () => {
    const rolled = (await installed.oracle.observations(NAMESPACE)).filter(isRolledUp);
    return rolled.length === 1 && rolled[0]?.status?.count === 10;
  }, GUARD_MILLISECONDS);
  assert.equal((await installed.oracle.observations(NAMESPACE)).length, 7);

  await installed.applyIngester("falco", { ...spec, budget: { maxObservations: 5, onExceed: "reject" } });
  await until("further ones are refused", async () => await send(other, 30) === 400, GUARD_MILLISECONDS);
  const reasons = await other.metrics();
  assert.ok(reasons.sum("zen_watcher_signals_rejected_total", { source: "falco", reason: "budget" }) >= 1);
  assert.equal(await send(other, 31, "Critical"), 201);
  await assertStopsSound(other);
  await assertStopsSound(one);
});

Deno.test("a rate makes webhooks wait in the spool, and all of them are written at that rate", async () => {
  await using installed = await install();
  await installed.createNamespaces(NAMESPACE);
  const rateLimit = { requestsPerSecond: 5, burst: 5 };
  await installed.applyIngester("own", { source: "own", ...open, rateLimit });
  await using replica = await installed.start(0);
  await untilLeading(replica);
  const startedAt = performance.now();
  const answer = await replica.webhook("/ingest/own", Array.from({ length: 20 }, (_, n) => ({ n })));
  assert.equal(answer.status, 202, answer.text);
  await until(
    "all are written",
    async () => (await installed.oracle.observations()).length === 20,
    GUARD_MILLISECONDS,
  );
  const seconds = (performance.now() - startedAt) / 1000;
  assert.ok(seconds >= 2.9, `15 beyond the burst take 3 s, not ${seconds}`);

  // What is read from the API waits where it is.
  await installed.applyIngester("events", { source: "kubernetes-events", rateLimit });
  await until("Events are read", async () => {
    const all = await installed.oracle.ingesters(HOME);
    return all.some((one) => one.spec.source === "kubernetes-events" && readyOf(one)?.status === "True");
  }, GUARD_MILLISECONDS);
  const begunAt = performance.now();
  const about = { apiVersion: "v1", kind: "Pod", name: "web" };
  await installed.oracle.createEvents(
    Array.from({ length: 20 }, (_, n) => ({ namespace: NAMESPACE, name: `e${n}`, reason: "BackOff", about })),
  );
  await until("all Events are written", async () => {
    return (await installed.oracle.observations(NAMESPACE)).length === 20;
  }, GUARD_MILLISECONDS);
  assert.ok((performance.now() - begunAt) / 1000 >= 2.9, "they are written at the rate too");
  assert.ok((await replica.metrics()).sum("zen_watcher_rate_limit_waits_total") >= 30);
  assert.equal(await rejectedOf(replica), 0);
  await assertStopsSound(replica);
});

Deno.test("what cannot be written is tried as often as was asked for, and laid aside or given up", async () => {
  await using installed = await install();
  await installed.createNamespaces(NAMESPACE);
  await installed.plane.applyYaml(refusals());
  const retry = { maxAttempts: 3, backoff: "constant", backoffBase: "100ms" } as const;
  await installed.applyIngester("kept", {
    source: "kept",
    ...open,
    normalization: { title: "{{ .title }}" },
    errorHandling: { retry },
  });
  await installed.applyIngester("given-up", {
    source: "given-up",
    ...open,
    normalization: { title: "{{ .title }}" },
    errorHandling: { retry, deadLetter: false },
  });
  await using replica = await installed.start(0);
  await untilLeading(replica);
  // The API server takes a policy into force some time after it was made: until then they are written.
  let before = 0;
  await until("the policy is in force", async () => {
    const { status } = await replica.webhook("/ingest/kept", { title: "final", n: before });
    if (status === 201) before += 1;
    return status === 400;
  }, GUARD_MILLISECONDS);
  const sum = async (name: string, source: string, reason: string): Promise<number> =>
    (await replica.metrics()).sum(name, { source, reason });
  assert.ok(await sum("zen_watcher_dead_letters_total", "kept", "invalid") >= 1);
  assert.equal((await replica.webhook("/ingest/given-up", { title: "final" })).status, 400);
  assert.equal(await sum("zen_watcher_signals_rejected_total", "given-up", "refused"), 1);
  for (const source of ["kept", "given-up"]) {
    assert.equal((await replica.webhook(`/ingest/${source}`, { title: "passing" })).status, 202, source);
  }
  await until("both are over", async () => {
    return await sum("zen_watcher_dead_letters_total", "kept", "retries_exhausted") === 1 &&
      await sum("zen_watcher_signals_rejected_total", "given-up", "refused") === 2;
  }, GUARD_MILLISECONDS);
  assert.equal((await installed.oracle.observations()).length, before);
  await assertStopsSound(replica);
});

Deno.test("a destination is written where the operator allows it, and nowhere else", async () => {
  await using installed = await install();
  const { oracle, plane } = installed;
  await installed.createNamespaces(NAMESPACE);
  const alerts = { group: "example.com", version: "v1", resource: "alerts" };
  const gvr = { type: "crd", gvr: alerts } as const;
  const both = [{ type: "crd" }, gvr] as const;
  await installed.applyIngester("falco", { source: "falco", ...open, destinations: [...both] });
  await installed.applyIngester("secrets", {
    source: "own",
    ...open,
    destinations: [{ type: "crd", gvr: { group: "", version: "v1", resource: "secrets" } }],
  });
  await using replica = await installed.start(0, { DESTINATION_ALLOWLIST: "example.com/v1/alerts" });
  await untilLeading(replica);
  await untilReason(oracle, "secrets", "Invalid", /must be a custom resource/);
  assert.equal((await replica.webhook("/ingest/own", { a: 1 })).status, 503);

  // It is not there yet: what comes in waits, and the Ingester says for what.
  assert.equal((await replica.webhook("/ingest/falco", shell(1))).status, 202);
  await untilReason(
    oracle,
    "falco",
    "Degraded",
    /example\.com\/v1\/alerts: the API server does not serve it/,
  );
  assert.equal((await oracle.observations()).length, 0, "each destination or none has its verdict");
  await plane.applyYaml(stringify(looseDefinition(ALERTS)));
  await until("both have it", async () => (await oracle.observations()).length === 1, GUARD_MILLISECONDS);
  const listed = await plane.ask(["get", "alerts.example.com", "--all-namespaces", "-o", "json"]);
  const { items } = JSON.parse(listed) as { items: Observation[] };
  const [observation] = await oracle.observations();
  assert.equal(items.length, 1);
  assert.equal(items[0]?.metadata.name, observation?.metadata.name);
  assert.deepEqual(items[0]?.spec, observation?.spec);
  assert.equal((await replica.webhook("/ingest/falco", shell(1))).status, 200);

  await installed.applyIngester("falco", { source: "falco", ...open, destinations: [gvr] });
  await untilReason(oracle, "falco", "Running", /./);
  await until("it goes there alone", async () => {
    await replica.webhook("/ingest/falco", shell(2));
    const names = await plane.ask(["get", "alerts.example.com", "--all-namespaces", "-o", "name"]);
    return names.trim().split("\n").length === 2;
  }, GUARD_MILLISECONDS);
  assert.equal((await oracle.observations()).length, 1);
  await assertStopsSound(replica);
});

/** Observations of one title are refused for good (422), and of another for as long as somebody does not answer (500). */
function refusals(): string {
  const apiVersion = "admissionregistration.k8s.io/v1";
  const rule = {
    apiGroups: ["zen.kube-zen.io"],
    apiVersions: ["*"],
    operations: ["CREATE"],
    resources: ["observations"],
  };
  const metadata = { name: "refuses-final" };
  const documents = [
    {
      apiVersion,
      kind: "ValidatingAdmissionPolicy",
      metadata,
      spec: {
        matchConstraints: { resourceRules: [rule] },
        validations: [{ expression: "object.spec.title != 'final'", reason: "Invalid" }],
      },
    },
    {
      apiVersion,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata,
      spec: { policyName: metadata.name, validationActions: ["Deny"] },
    },
    {
      apiVersion,
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: "refuses-passing" },
      webhooks: [{
        name: "nobody.example.com",
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        failurePolicy: "Fail",
        timeoutSeconds: 1,
        // Nothing listens there.
        clientConfig: { url: "https://127.0.0.1:1/" },
        rules: [rule],
        matchConditions: [{ name: "title", expression: "object.spec.title == 'passing'" }],
      }],
    },
  ];
  return documents.map((one) => stringify(one)).join("---\n");
}
