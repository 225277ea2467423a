import assert from "node:assert/strict";
import { stringify } from "yaml";
import { systemClock } from "../../src/run/clock.ts";
import { until } from "../support/until.ts";
import { adminClient, VULNERABILITY_REPORTS, vulnerabilityReport } from "./admin_client.ts";
import { untilReason } from "./conditions.ts";
import { GUARD_MILLISECONDS, HOME, install, REPORT_CRDS, untilLeading } from "./installation.ts";
import { assertStopsSound } from "./soundness.ts";

const CONFIGMAP = "zen-filter";
const open = { webhook: { auth: { type: "none" } } } as const;

const configMap = (filter: string): string =>
  stringify({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: CONFIGMAP, namespace: HOME },
    data: { "filter.yaml": filter },
  });

Deno.test("Filters, normalization and deduplication do on a real API server what they say", async (test) => {
  await using installed = await install();
  const { plane, oracle } = installed;
  await plane.applyYaml(configMap("disabledSources: [never]"));
  await installed.createNamespaces("shop", "dev");
  const replica = await installed.start(0, { FILTER_CONFIGMAP_NAME: CONFIGMAP });
  await using _stop = replica;
  await installed.applyIngester("own", {
    source: "own",
    ...open,
    normalization: {
      category: "security",
      eventType: "login_failed",
      severityMap: { fatal: "critical" },
      priority: { fatal: 0.9 },
      fieldMapping: [{ from: "attempts[*].ip", to: "details.addresses" }],
      resource: { kind: "'Pod'", name: "signal.pod", namespace: "signal.ns" },
      title: "{{ .user }} failed at {{ observation.spec.details.addresses }}",
    },
    filters: { minPriority: 0.5, expression: "signal.attempts.exists(a, a.count > 2)" },
    deduplication: { strategy: "key", fields: ["pod"], window: "1h" },
  });
  await until("the webhook is open", async () => (await replica.webhook("/ingest/own", {})).status !== 404);
  const attempt = (pod: string, ns: string, count: number, more: object = {}): unknown => ({
    level: "FATAL",
    user: "root",
    pod,
    ns,
    attempts: [{ ip: "10.0.0.1", count }],
    time: "2026-01-01T00:10:00Z",
    ...more,
  });
  const counts = async (body: unknown): Promise<string> => {
    const { created, deduplicated, filtered } = JSON.parse((await replica.webhook("/ingest/own", body)).text);
    return `${created} ${deduplicated} ${filtered}`;
  };

  await test.step("what was mapped is in the Observation, which the API server takes", async () => {
    assert.equal(await counts(attempt("web-1", "shop", 3)), "1 0 0");
    const [observation] = await oracle.observations("shop");
    const { category, eventType, severity, priority, title, resource, details } = observation?.spec ?? {};
    assert.deepEqual({ category, eventType, severity, priority, title, resource }, {
      category: "security",
      eventType: "login_failed",
      severity: "critical",
      priority: 0.9,
      title: "root failed at 10.0.0.1",
      resource: { kind: "Pod", name: "web-1", namespace: "shop" },
    });
    assert.deepEqual(details?.["addresses"], ["10.0.0.1"]);
  });

  await test.step("the key says what is the same, the expression and the priority what is left out", async () => {
    assert.equal(await counts(attempt("web-1", "shop", 9, { user: "other" })), "0 1 0");
    assert.equal(await counts(attempt("web-2", "shop", 1)), "0 0 1");
    assert.equal(await counts(attempt("web-3", "shop", 9, { level: "trace" })), "0 0 1");
  });

  await test.step("a changed filter ConfigMap is in effect within a moment, a bad one leaves the last good one", async () => {
    await plane.applyYaml(configMap('excludeNamespaces: ["dev*"]'));
    const changedAt = systemClock.monotonic();
    let pod = 0;
    await until("dev is left out", async () => await counts(attempt(`dev-${pod++}`, "dev", 5)) === "0 0 1");
    console.log(`filter ConfigMap in effect after ${Math.round(systemClock.monotonic() - changedAt)} ms`);
    await plane.applyYaml(configMap("minSeverity: worst"));
    await until(
      "the metric says so",
      async () => (await replica.metrics()).value("zen_watcher_filter_configmap_valid") === 0,
      GUARD_MILLISECONDS,
    );
    assert.equal(await counts(attempt("dev-last", "dev", 5)), "0 0 1");
    assert.equal(await counts(attempt("web-4", "shop", 5)), "1 0 0");
    assert.ok(
      (await replica.metrics()).sum("zen_watcher_observations_filtered_total", { reason: "configmap" }) >= 2,
    );
    assert.match(
      replica.lines.map(({ text }) => text).join("\n"),
      /Filter ConfigMap cannot be taken; the last good filter stands.*filter\.yaml\.minSeverity/,
    );
  });

  await test.step("a mistake is in the condition, with its place", async () => {
    await installed.applyIngester("wrong", {
      source: "wrong",
      ...open,
      filters: { expression: "observation.spec.severity ==" },
      normalization: { title: "{{ .a", fieldMapping: [{ from: "a[", to: "fingerprint" }] },
    });
    const { status } = await untilReason(
      oracle,
      "wrong",
      "Invalid",
      /line 1, column 29: unexpected token: EOF/,
    );
    const message = status?.conditions?.[0]?.message ?? "";
    for (
      const part of [
        "spec.normalization.title: column 1",
        "fieldMapping[0].from: column 2",
        "fieldMapping[0].to",
      ]
    ) {
      assert.ok(message.includes(part), message);
    }
  });

  await assertStopsSound(replica);
});

Deno.test("a changed filter ConfigMap is applied to what reports say already, as an edit of an Ingester's filters is", async (test) => {
  await using installed = await install({ crds: [REPORT_CRDS] });
  using admin = adminClient(installed.plane.kubeconfig);
  const { plane, oracle } = installed;
  const [a, b] = ["CVE-2026-0001", "CVE-2026-0002"] as const;
  const leavingOut = (id: string): Promise<void> =>
    plane.applyYaml(configMap(`sources: {trivy: {excludeRules: [${id}]}}`));
  await leavingOut(a);
  await installed.createNamespaces("shop");
  await installed.applyIngester("trivy", { source: "trivy" });
  for (const [name, id] of [["web", a], ["db", b]] as const) {
    await admin.create(VULNERABILITY_REPORTS, "shop", vulnerabilityReport(name, id));
  }
  /** The phases of a's and b's Observations; undefined: there is none. */
  const phases = async (): Promise<readonly (string | undefined)[]> => {
    const all = await oracle.observations("shop");
    return [a, b].map((id) => {
      const found = all.filter(({ spec }) => spec.title?.includes(id) === true);
      assert.ok(found.length <= 1, `${found.length} of ${id}`);
      return found[0]?.status?.phase;
    });
  };
  const untilPhases = async (wanted: readonly (string | undefined)[], what: string): Promise<void> => {
    const since = systemClock.monotonic();
    await until(
      what,
      async () => JSON.stringify(await phases()) === JSON.stringify(wanted),
      GUARD_MILLISECONDS,
    )
      .catch(async (error) => assert.deepEqual(await phases(), wanted, String(error)));
    console.log(`${what} after ${Math.round(systemClock.monotonic() - since)} ms`);
  };

  await test.step("what is allowed now is written, what is left out now is Resolved", async () => {
    await using replica = await installed.start(0, { FILTER_CONFIGMAP_NAME: CONFIGMAP });
    await untilLeading(replica);
    await untilPhases([undefined, "Active"], "only what passes is written");
    await leavingOut(b);
    await untilPhases(["Active", "Resolved"], "the changed filter is applied to all");
    await plane.ask(["delete", "configmap", CONFIGMAP, `--namespace=${HOME}`]);
    await untilPhases(["Active", "Active"], "without the ConfigMap both stand");
    await assertStopsSound(replica);
  });

  await test.step("what it says is also applied when it was changed while nobody led", async () => {
    await leavingOut(a);
    await using replica = await installed.start(0, { FILTER_CONFIGMAP_NAME: CONFIGMAP });
    await untilPhases(["Resolved", "Active"], "the changed filter is applied to all");
    await assertStopsSound(replica);
  });
});
