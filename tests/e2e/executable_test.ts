import assert from "node:assert/strict";
import { stringify } from "yaml";
import { at, type Json, listAt, textAt } from "../../src/model/json.ts";
import { startControlPlane } from "../control_plane/control_plane.ts";
import { GUARD_MILLISECONDS, untilLeading } from "../integration/installation.ts";
import { objectsOf } from "../chart/rights.ts";
import { until } from "../support/until.ts";
import { compileExecutable } from "./executable.ts";
import { startPod, stopPod } from "./sandbox.ts";

const HOME = "zen-system";
const TOKEN = "a-token-of-this-test";
const CRDS = decodeURIComponent(new URL("../../chart/crds", import.meta.url).pathname);
const CHART = new URL("../chart/golden/webhooks.yaml", import.meta.url);

Deno.test("the executable does its job in an empty read-only root, as the chart starts it", async () => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "zen-watcher-executable-" });
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));
  await Deno.chmod(folder, 0o755);
  // What is named is the executable of a release, with the permissions of the image.
  const named = Deno.env.get("ZEN_WATCHER_EXECUTABLE") ?? "";
  const executable = named !== ""
    ? named
    : await compileExecutable(folder, "container", (line) => console.error(line));
  const plane = cleanup.use(await startControlPlane());
  await plane.installCrds(CRDS);
  await plane.ask(["create", "namespace", HOME]);
  await plane.ask(["create", "namespace", "production"]);
  const rendered = objectsOf(await Deno.readTextFile(CHART));
  await plane.applyYaml(rendered.map((object) => stringify(object)).join("---\n"));
  await plane.ask([
    "create",
    "secret",
    "generic",
    "falco-webhook",
    `--namespace=${HOME}`,
    `--from-literal=token=${TOKEN}`,
  ]);
  const deployment = rendered.find((object) => textAt(object, "kind") === "Deployment") ?? null;
  const spec = at(deployment, "spec", "template", "spec");
  const container = listAt(spec, "containers")[0] ?? null;
  const template = {
    executable,
    plane,
    namespace: HOME,
    name: "zen-watcher-5d4f-abcde",
    serviceAccount: textAt(spec, "serviceAccountName") ?? "",
    env: environmentOf(container),
  };
  await using pod = await startPod({ ...template, args: listAt(container, "args").map(String) });
  await pod.waitUntilReady(GUARD_MILLISECONDS);
  await untilLeading(pod);
  const holder = await plane.ask([
    "get",
    "lease",
    "zen-watcher-leader-election",
    `--namespace=${HOME}`,
    "-o",
    "jsonpath={.spec.holderIdentity}",
  ]);
  assert.equal(holder, "zen-watcher-5d4f-abcde");

  const alert = {
    rule: "Terminal shell in container",
    priority: "Critical",
    output: "A shell",
    output_fields: { "k8s.ns.name": "production", "k8s.pod.name": "web-1" },
  };
  assert.equal((await pod.webhook("/ingest/falco", alert)).status, 401);
  const { status, text } = await pod.webhook("/ingest/falco", alert, { authorization: `Bearer ${TOKEN}` });
  // A definition that is two seconds old holds creates back: then it lies in the spool and is written a moment later.
  assert.ok([200, 201, 202].includes(status), `${status} ${text}`);
  await plane.applyYaml(stringify({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "web-1.1", namespace: "production" },
    involvedObject: { apiVersion: "v1", kind: "Pod", namespace: "production", name: "web-1" },
    reason: "BackOff",
    message: "Back-off restarting failed container",
    type: "Warning",
    lastTimestamp: new Date().toISOString().replace(/\.\d+/, ""),
    source: { component: "kubelet" },
  }));
  const sources = async (): Promise<readonly string[]> => {
    const answer = JSON.parse(
      await plane.ask(["get", "observations", "--namespace=production", "-o", "json"]),
    );
    return listAt(answer, "items").map((item) => textAt(item, "spec", "source") ?? "").sort();
  };
  const both = ["falco", "kubernetes-events"];
  await until("both are written", async () => String(await sources()) === String(both), GUARD_MILLISECONDS);
  for (const args of [["doctor", "-o", "json"], ["doctor", "--env", "-o", "json"]]) {
    await using doctor = await startPod({ ...template, args });
    const { code } = await doctor.exit;
    const report = doctor.lines.filter(({ stream }) => stream === "stdout").map(({ text }) => text).join(
      "\n",
    );
    assert.equal(code, 0, report);
    // What it needs of the machine is granted: the way to the API server, the spool, its room and both ports.
    if (!args.includes("--env")) assert.doesNotMatch(report, /"verdict": "(warning|problem)"|cannot be seen/);
    else assert.match(report, /"setting": "ServiceAccount"[^}]*token"[^}]*"readable": true/);
  }
  assert.deepEqual(pod.lines.filter(({ fields }) => fields["level"] === "error"), []);
  assert.deepEqual(await stopPod(pod), { code: 0, signal: null });
});

/** What the Deployment says; names that the kubelet fills in are left out. */
function environmentOf(container: Json): Readonly<Record<string, string>> {
  return Object.fromEntries(
    listAt(container, "env").flatMap((variable) => {
      const value = textAt(variable, "value");
      return value === undefined ? [] : [[textAt(variable, "name") ?? "", value]];
    }),
  );
}
