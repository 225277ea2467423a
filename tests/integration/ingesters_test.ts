import assert from "node:assert/strict";
import type { IngesterSpec } from "../../src/model/ingester.ts";
import { listAt } from "../../src/model/json.ts";
import { systemClock } from "../../src/run/clock.ts";
import type { Replica, WebhookAnswer } from "../support/process.ts";
import { until } from "../support/until.ts";
import {
  type AdminClient,
  adminClient,
  ingesterObject,
  INGESTERS,
  VULNERABILITY_REPORTS,
  vulnerabilityReport,
} from "./admin_client.ts";
import { requestsOf } from "./audit_log.ts";
import { readyOf, untilReason } from "./conditions.ts";
import {
  GUARD_MILLISECONDS,
  HOME,
  install,
  type Installation,
  REPORT_CRDS,
  untilLeading,
} from "./installation.ts";
import { assertNoAccident, assertStopsSound } from "./soundness.ts";

const NAMESPACE = "shop";
const SECOND = "shop-two";
const REPORTS_CRD = `${REPORT_CRDS}/aquasecurity.github.io_vulnerabilityreports.yaml`;
const MISSING_CRD = `${REPORT_CRDS}/wgpolicyk8s.io_policyreports.yaml`;
/** How long nothing may be written while nothing happens. */
const QUIET_MILLISECONDS = 25_000;
const STATUS_INTERVAL_MILLISECONDS = 10_000;
/** A guard only; the measured time is printed. */
const EDIT_GUARD_MILLISECONDS = 10_000;
const open = { webhook: { auth: { type: "none" } } } as const;

const SPECS: Readonly<Record<string, IngesterSpec>> = {
  events: { source: "kubernetes-events", namespaces: [NAMESPACE] },
  falco: { source: "falco", ...open },
  missing: {
    source: "kyverno",
    namespaces: [NAMESPACE],
    informer: { gvr: { group: "wgpolicyk8s.io", version: "v1alpha2", resource: "policyreports" } },
  },
  forbidden: { source: "trivy", namespaces: [NAMESPACE], informer: { gvr: VULNERABILITY_REPORTS } },
  broken: { source: "broken", webhook: { auth: { type: "mtls" } } },
};

function falcoEvent(pod: string): unknown {
  return {
    rule: "Terminal shell in container",
    priority: "Warning",
    output: `A shell in ${pod}`,
    time: "2026-01-02T03:04:05.678901234Z",
    output_fields: { "k8s.ns.name": NAMESPACE, "k8s.pod.name": pod },
  };
}

async function createEvent(
  { oracle }: Installation,
  name: string,
  { namespace = NAMESPACE, type = "Warning" }: {
    readonly namespace?: string;
    readonly type?: "Warning" | "Normal";
  } = {},
): Promise<void> {
  const about = { apiVersion: "v1", kind: "Pod", name };
  await oracle.createEvents([{ namespace, name, reason: "BackOff", about, type }]);
}

/** Names of what the Observations of a namespace are about. */
async function observed({ oracle }: Installation, namespace = NAMESPACE): Promise<readonly string[]> {
  return (await oracle.observations(namespace)).map(({ spec }) => spec.resource?.name ?? "").sort();
}

async function untilObserved(installed: Installation, name: string, namespace = NAMESPACE): Promise<void> {
  await until(
    `${name} is observed`,
    async () => (await observed(installed, namespace)).includes(name),
    GUARD_MILLISECONDS,
  );
}

/** The resourceVersions of all Ingesters at home, in one text. */
async function versions({ oracle }: Installation): Promise<string> {
  const all = await oracle.ingesters(HOME);
  return all.map(({ metadata: { name, resourceVersion } }) => `${name}:${resourceVersion}`).sort().join(" ");
}

/** Changes an Ingester and waits for the effect; prints how long that took from the API server's answer on. */
async function edit(
  admin: AdminClient,
  name: string,
  spec: Readonly<Record<string, unknown>>,
  what: string,
  isEffective: () => Promise<boolean>,
): Promise<void> {
  await admin.patch(INGESTERS, HOME, name, { spec });
  await measured(what, isEffective);
}

async function measured(what: string, isEffective: () => Promise<boolean>): Promise<void> {
  const start = systemClock.monotonic();
  await until(what, isEffective, EDIT_GUARD_MILLISECONDS);
  console.log(`${what}: ${Math.round(systemClock.monotonic() - start)} ms`);
}

Deno.test("Ingesters take effect when they change, and a bad one stops no other", async (test) => {
  const auditLog = await Deno.makeTempFile({ prefix: "zen-watcher-audit-" });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => Deno.remove(auditLog));
  const installed = cleanup.use(await install({ auditLog, crds: [REPORTS_CRD] }));
  const { plane, oracle } = installed;
  using admin = adminClient(plane.kubeconfig);
  await installed.createNamespaces(NAMESPACE, SECOND);
  const grantReports = await installed.account.revoke((rule) =>
    listAt(rule, "apiGroups").includes(VULNERABILITY_REPORTS.group)
  );
  await createEvent(installed, "before");
  await admin.create(VULNERABILITY_REPORTS, NAMESPACE, vulnerabilityReport("reported", "CVE-2026-1"));
  for (const [name, spec] of Object.entries(SPECS)) {
    await admin.create(INGESTERS, HOME, ingesterObject(name, spec));
  }
  await using replica = await installed.start(0);
  await untilLeading(replica);
  const falco = (path = "/ingest/falco"): Promise<WebhookAnswer> =>
    replica.webhook(path, falcoEvent(`pod-${crypto.randomUUID()}`));
  const falcoStatus = async (path?: string): Promise<number> => (await falco(path)).status;
  const falcoFiltered = async (): Promise<boolean> =>
    ((await falco()).json as { filtered?: number }).filtered === 1;

  await test.step("each says how it stands, and the good ones work", async () => {
    await untilReason(
      oracle,
      "missing",
      "SourceMissing",
      /does not serve wgpolicyk8s.io\/v1alpha2\/policyreports/,
    );
    await untilReason(oracle, "forbidden", "Forbidden", /vulnerabilityreports in shop.*forbidden/);
    await untilReason(oracle, "broken", "Invalid", /mtls/);
    await untilReason(oracle, "events", "Running", /Watching v1\/events in shop/);
    await untilReason(oracle, "falco", "Running", /Serving \/ingest\/falco/);
    assert.equal(await falcoStatus(), 201);
    await untilObserved(installed, "before");
    for (const one of await oracle.ingesters(HOME)) {
      const ready = readyOf(one);
      const generation = one.metadata.generation;
      assert.deepEqual([one.status?.observedGeneration, ready?.observedGeneration], [generation, generation]);
      assert.equal(ready?.status, ready?.reason === "Running" ? "True" : "False");
      assert.ok(!Number.isNaN(Date.parse(ready?.lastTransitionTime ?? "")));
    }
  });

  await test.step("while nothing happens no status is written", async () => {
    const start = systemClock.monotonic();
    let quietSince = start;
    let before = await versions(installed);
    while (systemClock.monotonic() - quietSince < QUIET_MILLISECONDS) {
      assert.ok(
        systemClock.monotonic() - start < GUARD_MILLISECONDS,
        `statuses do not come to rest: ${before}`,
      );
      await systemClock.sleep(500, new AbortController().signal);
      const now = await versions(installed);
      if (now !== before) quietSince = systemClock.monotonic();
      before = now;
    }
    const all = await oracle.ingesters(HOME);
    const time = (name: string): string | undefined =>
      all.find(({ metadata }) => metadata.name === name)?.status?.lastSignalTime;
    assert.ok(time("falco") !== undefined && time("events") !== undefined && time("missing") === undefined);
  });

  await test.step("a CRD that is installed and a right that is granted let them run", async () => {
    const start = systemClock.monotonic();
    const running = async (name: string, message: RegExp): Promise<void> => {
      await untilReason(oracle, name, "Running", message);
      console.log(`${name} runs after ${Math.round(systemClock.monotonic() - start)} ms`);
    };
    await Promise.all([grantReports(), plane.installCrds(MISSING_CRD)]);
    await Promise.all([
      running("missing", /Watching wgpolicyk8s.io/),
      running("forbidden", /Watching aquasecurity/),
      untilObserved(installed, "reported"),
    ]);
  });

  await test.step("an edit of a webhook's Ingester takes effect", async () => {
    await edit(
      admin,
      "falco",
      { filters: { minSeverity: "critical" } },
      "filters.minSeverity",
      falcoFiltered,
    );
    const passes = async (): Promise<boolean> => await falcoStatus() === 201;
    await edit(admin, "falco", { filters: null }, "filters taken away", passes);
    await edit(admin, "falco", { namespaces: ["elsewhere"] }, "namespaces", falcoFiltered);
    await edit(admin, "falco", { namespaces: null }, "namespaces taken away", passes);
    await edit(admin, "falco", { suspend: true }, "suspend", async () => await falcoStatus() === 503);
    await edit(admin, "falco", { suspend: false }, "suspend taken back", passes);
    const moved = "/ingest/moved";
    await edit(
      admin,
      "falco",
      { webhook: { path: moved } },
      "path",
      async () => await falcoStatus(moved) === 201,
    );
    assert.equal(await falcoStatus(), 404);
    await edit(admin, "falco", { webhook: { path: null } }, "path taken away", passes);
    assert.equal(await falcoStatus(moved), 404);
  });

  await test.step("an edit of an informer's Ingester takes effect", async () => {
    const isObserved = (name: string, namespace?: string) => async (): Promise<boolean> =>
      (await observed(installed, namespace)).includes(name);
    await createEvent(installed, "normal", { type: "Normal" });
    await createEvent(installed, "in-second", { namespace: SECOND });
    await createEvent(installed, "sign");
    await untilObserved(installed, "sign");
    assert.ok(!await isObserved("normal")());
    const filters = { minSeverity: "info" };
    const started = startsOf(replica, "kubernetes-events");
    await edit(admin, "events", { filters }, "filters.minSeverity of an informer", () => {
      return Promise.resolve(startsOf(replica, "kubernetes-events") > started);
    });
    // What happened before was judged by the filter of its time; what happens from now on by the new one.
    await createEvent(installed, "normal-since", { type: "Normal" });
    await untilObserved(installed, "normal-since");
    assert.ok(!await isObserved("normal")());
    const namespaces = [NAMESPACE, SECOND];
    await edit(admin, "events", { namespaces }, "namespaces of an informer", isObserved("in-second", SECOND));
    const stopped = stopsOf(replica, "kubernetes-events");
    await edit(admin, "events", { suspend: true }, "suspend of an informer", () => {
      return Promise.resolve(stopsOf(replica, "kubernetes-events") >= stopped + 2);
    });
    await createEvent(installed, "while-suspended");
    await untilReason(oracle, "events", "Suspended", /spec\.suspend/);
    assert.ok(!await isObserved("while-suspended")());
    await edit(
      admin,
      "events",
      { suspend: false },
      "suspend of an informer taken back",
      isObserved("while-suspended"),
    );
  });

  await test.step("a deletion takes effect", async () => {
    await admin.delete(INGESTERS, HOME, "falco");
    await measured("deletion of a webhook", async () => await falcoStatus() === 404);
    const stopped = stopsOf(replica, "kubernetes-events");
    await admin.delete(INGESTERS, HOME, "events");
    await measured(
      "deletion of an informer",
      () => Promise.resolve(stopsOf(replica, "kubernetes-events") >= stopped + 2),
    );
    await admin.create(INGESTERS, HOME, ingesterObject("again", SPECS["falco"] ?? { source: "" }));
    await measured("creation of a webhook", async () => await falcoStatus() === 201);
  });

  await test.step("the other Ingesters were not touched by any of that", () => {
    const started = replica.lines.filter(({ fields: { msg, source } }) =>
      msg === "Source started" && source === "trivy"
    );
    assert.equal(started.length, 1);
    assertNoAccident(replica);
  });

  await test.step("no status was written more often than every 10 s", async () => {
    const writes = (await requestsOf(auditLog, installed.account.user)).filter(({ objectRef }) =>
      objectRef?.resource === "ingesters" && objectRef.subresource === "status"
    );
    assert.ok(writes.length >= Object.keys(SPECS).length);
    const lastWrite = new Map<string, number>();
    for (const { objectRef, requestReceivedTimestamp } of writes) {
      const name = objectRef?.name ?? "";
      const at = Date.parse(requestReceivedTimestamp);
      const gap = at - (lastWrite.get(name) ?? -Infinity);
      // What the audit log calls the time is that of the arrival.
      assert.ok(gap > STATUS_INTERVAL_MILLISECONDS * 0.9, `${name} was written again after ${gap} ms`);
      lastWrite.set(name, at);
    }
  });

  await assertStopsSound(replica);
});

/** How many sources of a name were stopped up to now. */
function stopsOf(replica: Replica, source: string): number {
  return replica.lines.filter(({ fields }) =>
    fields["msg"] === "Source stopped" && fields["source"] === source
  )
    .length;
}

function startsOf(replica: Replica, source: string): number {
  return replica.lines.filter(({ fields }) =>
    fields["msg"] === "Source started" && fields["source"] === source
  )
    .length;
}
