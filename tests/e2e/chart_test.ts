import assert from "node:assert/strict";
import { stringify } from "yaml";
import { textAt } from "../../src/model/json.ts";
import { objectsOf } from "../chart/rights.ts";
import { PATTERNS } from "../chart/patterns.ts";
import { goldenOf, render, runHelm } from "../chart/render.ts";
import { type ControlPlane, startControlPlane } from "../control_plane/control_plane.ts";
import { ensureHelm } from "../helm/helm.ts";
import { until } from "../support/until.ts";

const CRDS = decodeURIComponent(new URL("../../chart/crds", import.meta.url).pathname);
/** Of an operator whose definitions are not installed here. */
const FOREIGN = ["ServiceMonitor", "PrometheusRule"];
const report = (line: string): void => console.error(line);

Deno.test("helm finds nothing to complain about, and refuses values that it does not know or that do not fit", async () => {
  const helm = await ensureHelm(report);
  for (const { name, args } of PATTERNS) {
    const { code, stdout, stderr } = await runHelm(helm, ["lint", "--strict", "chart", ...args]);
    assert.equal(code, 0, `${name}: ${stdout}${stderr}`);
  }
  const refused: readonly (readonly [string, RegExp])[] = [
    ["replicaCont=2", /additional properties 'replicaCont' not allowed/],
    ["leaderElection.mode=off", /leaderElection\/mode/],
    ["leaderElection.mode=disabled", /there must be one replica, given 2/],
    ["tenancy.enabled=true,watchNamespaces={a}", /Cannot look for Ingesters everywhere/],
    ["env[0].name=POD_NAME,env[0].value=x", /Cannot take env POD_NAME/],
    ["extraSources[0].group=,extraSources[0].resources={secrets}", /extraSources/],
  ];
  for (const [values, message] of refused) {
    const { code, stderr } = await runHelm(helm, [
      "template",
      "x",
      "chart",
      "--kube-version=1.36.3",
      "--set",
      values,
    ]);
    assert.notEqual(code, 0, values);
    assert.match(stderr, message, values);
  }
});

Deno.test("the golden files are what helm renders", async () => {
  const helm = await ensureHelm(report);
  for (const pattern of PATTERNS) {
    const kept = await Deno.readTextFile(goldenOf(pattern));
    assert.equal(
      await render(helm, pattern),
      kept,
      `${pattern.name} renders otherwise; look at it after \`deno task chart:golden\``,
    );
  }
});

Deno.test("the API server takes every object of every pattern, strictly, dry and for good", async () => {
  await using plane = await startControlPlane();
  await plane.installCrds(CRDS);
  for (const pattern of PATTERNS) {
    const objects = objectsOf(await Deno.readTextFile(goldenOf(pattern)))
      .filter((object) => !FOREIGN.includes(textAt(object, "kind") ?? ""));
    await createNamespaces(plane, [
      pattern.namespace,
      ...objects.map((object) => textAt(object, "metadata", "namespace") ?? pattern.namespace),
    ]);
    const text = objects.map((object) => stringify(object)).join("---\n");
    for (const dryRun of [["--dry-run=server"], []]) {
      await plane.ask([
        "apply",
        "--server-side",
        "--force-conflicts",
        "--validate=strict",
        ...dryRun,
        "-f",
        "-",
      ], text);
    }
  }
});

Deno.test("helm installs, changes and removes a release", async () => {
  const helm = await ensureHelm(report);
  await using plane = await startControlPlane();
  const onCluster = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runHelm(helm, [
      ...args,
      `--kubeconfig=${plane.kubeconfig}`,
      "--namespace=zen-system",
    ]);
    assert.equal(code, 0, `helm ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  const notes = await onCluster("install", "zen-watcher", "chart", "--create-namespace");
  assert.match(notes, /kubectl get lease zen-watcher-leader-election -n zen-system/);
  const names = async (kind: string): Promise<string> =>
    await plane.ask([
      "get",
      kind,
      "--all-namespaces",
      "-l",
      "app.kubernetes.io/instance=zen-watcher",
      "-o",
      "name",
    ]);
  assert.equal((await names("ingesters")).trim(), "ingester.zen.kube-zen.io/kubernetes-events");
  assert.notEqual(await names("clusterroles"), "");
  await createNamespaces(plane, ["production", "prod-staging"]);
  await onCluster(
    "upgrade",
    "zen-watcher",
    "chart",
    "--set",
    "env[0].name=WATCH_NAMESPACE",
    "--set",
    "env[0].value=production\\,prod-staging",
  );
  assert.equal(await names("clusterroles"), "", "what is watched now needs no right to the whole cluster");
  const account = "system:serviceaccount:zen-system:zen-watcher";
  const may = async (...right: readonly string[]): Promise<boolean> =>
    (await plane.kubectl(["auth", "can-i", ...right, `--as=${account}`])).code === 0;
  await until("rights follow", async () => await may("list", "events", "-n", "production"));
  assert.deepEqual(
    [
      await may("list", "events", "-n", "default"),
      await may("list", "events", "--all-namespaces"),
      await may("list", "secrets", "-n", "zen-system"),
      await may("create", "observations.zen.kube-zen.io", "-n", "default"),
      await may("create", "observations.zen.kube-zen.io", "-n", "prod-staging"),
    ],
    [false, false, false, false, true],
  );
  await onCluster("uninstall", "zen-watcher");
  assert.equal(await names("deployments"), "");
  assert.notEqual(await plane.ask(["get", "crd", "observations.zen.kube-zen.io", "-o", "name"]), "");
});

async function createNamespaces(plane: ControlPlane, names: readonly string[]): Promise<void> {
  const text = [...new Set(names)].map((name) =>
    stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name } })
  ).join("---\n");
  await plane.applyYaml(text);
}
