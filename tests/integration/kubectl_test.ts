import assert from "node:assert/strict";
import { until } from "../support/until.ts";
import { assertConservation } from "./conservation.ts";
import { GUARD_MILLISECONDS, HOME, install, untilLeading } from "./installation.ts";

const NAMESPACE = "production";

/** The cells of a table; columns are at least three spaces apart. */
function cells(table: string): readonly (readonly string[])[] {
  return table.trim().split("\n").map((line) => line.trim().split(/\s{3,}/));
}

function alert(priority: string, pod: string): unknown {
  return {
    rule: "Read sensitive file untrusted",
    priority,
    output: "Sensitive file opened",
    time: "2026-01-02T03:04:05.678901234Z",
    hostname: "node-1",
    output_fields: { "k8s.ns.name": NAMESPACE, "k8s.pod.name": pod },
  };
}

Deno.test("kubectl shows what the program does, with the commands that people know", async (test) => {
  await using installed = await install();
  const { plane } = installed;
  await installed.createNamespaces(NAMESPACE);
  await installed.applyIngester("falco", { source: "falco", webhook: { auth: { type: "none" } } });
  await installed.applyIngester("events", { source: "kubernetes-events" });
  await installed.applyIngester("trivy", { source: "trivy", namespaces: [NAMESPACE] });
  await using replica = await installed.start(0);
  await untilLeading(replica);
  await installed.oracle.createEvents([{
    namespace: NAMESPACE,
    name: "back-off",
    reason: "BackOff",
    about: { apiVersion: "v1", kind: "Pod", name: "cart-1" },
  }]);
  for (const [priority, pod] of [["Critical", "web-1"], ["Warning", "web-2"], ["Alert", "web-3"]] as const) {
    const { status, text } = await replica.webhook("/ingest/falco", alert(priority, pod));
    assert.equal(status, 201, text);
  }
  await until(
    "the Event has its Observation",
    async () => (await installed.oracle.observations(NAMESPACE)).length === 4,
    GUARD_MILLISECONDS,
  );

  await test.step("kubectl get obs", async () => {
    const [head, ...rows] = cells(await plane.ask(["get", "obs", "-n", NAMESPACE]));
    assert.deepEqual(head, ["NAME", "SOURCE", "SEVERITY", "CATEGORY", "TYPE", "RESOURCE", "COUNT", "AGE"]);
    assert.deepEqual(
      rows.map((row) => row.slice(1, -1)).sort((a, b) => (a[4] ?? "") < (b[4] ?? "") ? -1 : 1),
      [
        ["kubernetes-events", "medium", "operations", "back_off", "cart-1", "1"],
        ["falco", "critical", "security", "read_sensitive_file_untrusted", "web-1", "1"],
        ["falco", "medium", "security", "read_sensitive_file_untrusted", "web-2", "1"],
        ["falco", "critical", "security", "read_sensitive_file_untrusted", "web-3", "1"],
      ],
    );
    for (const [name, source] of rows) {
      assert.match(
        name ?? "",
        new RegExp(`^${source === "falco" ? "falco" : "kubernetes-events"}-[a-z2-7]{26}$`),
      );
    }
    assert.match(
      await plane.ask(["get", "obs", "-n", NAMESPACE, "-o", "wide"]),
      /Read sensitive file untrusted/,
    );
  });

  const selectors: readonly (readonly [selector: string, resources: readonly string[]])[] = [
    ["spec.severity=critical", ["web-1", "web-3"]],
    ["spec.severity=critical,spec.resource.name=web-3", ["web-3"]],
    ["spec.severity!=critical", ["cart-1", "web-2"]],
    ["spec.source=kubernetes-events", ["cart-1"]],
    ["spec.severity=low", []],
  ];
  for (const [selector, resources] of selectors) {
    await test.step(`kubectl get obs --field-selector ${selector}`, async () => {
      const args = ["get", "obs", "-A", "--field-selector", selector, "--no-headers"];
      const rows = cells(await plane.ask(args)).filter((row) => row.length > 1);
      assert.deepEqual(rows.map((row) => row[6]).sort(), resources);
    });
  }

  await test.step("kubectl get ingesters", async () => {
    let rows: readonly (readonly string[])[] = [];
    await until("the leader has written the status of each", async () => {
      rows = cells(await plane.ask(["get", "ingesters", "-n", HOME, "-o", "wide"]));
      return rows.slice(1).every((row) => row[2] === "True" || row[2] === "False");
    }, GUARD_MILLISECONDS);
    assert.deepEqual(rows[0], ["NAME", "SOURCE", "READY", "REASON", "LAST SIGNAL", "AGE", "MESSAGE"]);
    assert.deepEqual(rows.slice(1).map((row) => row.slice(0, 4)), [
      ["events", "kubernetes-events", "True", "Running"],
      ["falco", "falco", "True", "Running"],
      // Its definitions are not installed here.
      ["trivy", "trivy", "False", "SourceMissing"],
    ]);
    assert.match(rows[1]?.at(-1) ?? "", /^Watching v1\/events$/);
    assert.match(rows[3]?.at(-1) ?? "", /vulnerabilityreports/);
  });

  await test.step("kubectl get lease zen-watcher-leader-election", async () => {
    const lease = ["get", "lease", "zen-watcher-leader-election", "-n", HOME];
    assert.equal(await plane.ask([...lease, "-o", "jsonpath={.spec.holderIdentity}"]), replica.name);
    const [head, row] = cells(await plane.ask(lease));
    assert.deepEqual(head?.slice(0, 2), ["NAME", "HOLDER"]);
    assert.deepEqual(row?.slice(0, 2), ["zen-watcher-leader-election", replica.name]);
    assert.deepEqual(await assertConservation(replica), ["falco", "kubernetes-events"]);
    assert.deepEqual(await replica.stop(), { code: 0, signal: null });
    assert.equal(await plane.ask([...lease, "-o", "jsonpath={.spec.holderIdentity}"]), "");
  });
});
