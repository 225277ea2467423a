import assert from "node:assert/strict";
import { stringify } from "yaml";
import type { Checked } from "../../src/cli/check.ts";
import { at, type Json, listAt } from "../../src/model/json.ts";
import type { ControlPlane } from "../control_plane/control_plane.ts";
import { replicaCommand } from "../support/replica_command.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";
import { isWrite, requestsOf, sentenceOf } from "./audit_log.ts";
import { GUARD_MILLISECONDS, HOME, install, nameOf, untilLeading } from "./installation.ts";

const LEASE = "zen-watcher-leader-election";
const REVIEWS = new Set(["selfsubjectreviews", "selfsubjectaccessreviews"]);

/** How a doctor ended, and what it said. */
interface Ended {
  readonly code: number;
  readonly text: string;
  readonly errors: string;
}

/** Runs `zen-watcher doctor` as a process with the permissions that a person gives it. */
async function doctor(
  kubeconfig: string,
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Ended> {
  await using folder = await temporaryFolder();
  const given = { POD_NAMESPACE: HOME, BIND_ADDRESS: "127.0.0.1", SPOOL_DIR: `${folder.path}/spool`, ...env };
  const command = replicaCommand({ kubeconfig, command: "doctor", args, env: given });
  const { code, stdout, stderr } = await new Deno.Command(command.executable, {
    args: [...command.args],
    env: { ...command.env },
    clearEnv: true,
    cwd: folder.path,
  }).output();
  const [text = "", errors = ""] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, text, errors };
}

/** What it found that is not well, as `verdict check message`. */
function notOk({ text }: Ended): readonly string[] {
  const checks = listAt(JSON.parse(text), "checks") as unknown as readonly Checked[];
  return checks.filter(({ verdict }) => verdict !== "ok")
    .map(({ verdict, check, message }) => `${verdict} ${check} ${message}`);
}

/** Whether a rule of the chart lets Events be read. */
function readsEvents(rule: Json): boolean {
  return listAt(rule, "resources").includes("events") && listAt(rule, "verbs").includes("list");
}

/** Gives the definition of Ingesters as an earlier version might have had it: without one field. */
async function withoutField(plane: ControlPlane): Promise<void> {
  const text = await plane.ask(["get", "crd", "ingesters.zen.kube-zen.io", "-o", "json"]);
  const definition = JSON.parse(text);
  const spec = definition.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties;
  assert.ok(at(spec, "informer", "properties", "resyncPeriod") !== undefined);
  delete spec.informer.properties.resyncPeriod;
  await plane.ask(["replace", "-f", "-"], JSON.stringify(definition));
}

Deno.test("doctor finds what is wrong on a real API server, says what to do, and changes nothing", async (test) => {
  const auditLog = await Deno.makeTempFile({ prefix: "zen-watcher-audit-" });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => Deno.remove(auditLog));
  const installed = cleanup.use(await install({ auditLog }));
  const { plane, account } = installed;
  await installed.applyIngester("events", { source: "kubernetes-events" });
  const kubeconfig = await account.kubeconfigFor(nameOf(1));
  const ask = (env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
    doctor(kubeconfig, env, "-o", "json");
  const untilFound = async (what: string, pattern: RegExp): Promise<Ended> => {
    let last: Ended | undefined;
    await until(`the doctor finds ${what}`, async () => {
      last = await ask();
      return pattern.test(notOk(last).join("\n"));
    }, GUARD_MILLISECONDS);
    return last ?? assert.fail();
  };

  await test.step("beside a replica that leads all is well", async () => {
    await using replica = await installed.start(0);
    await untilLeading(replica);
    await until("the Ingester is judged", async () => {
      const status = await plane.ask(["get", "ingester", "events", `--namespace=${HOME}`, "-o", "json"]);
      return at(JSON.parse(status), "status", "conditions") !== undefined;
    });
    const ports = { WEBHOOK_PORT: String(replica.webhookPort), METRICS_PORT: String(replica.metricsPort) };
    const json = await ask(ports);
    assert.deepEqual(notOk(json), [], json.errors);
    assert.equal(json.code, 0);
    const { code, text } = await doctor(kubeconfig, ports);
    assert.equal(code, 0);
    assert.match(text, /ok +network +Reached https:\/\/127\.0\.0\.1:\d+ in \d+ ms/);
    assert.match(text, /ok +version +Kubernetes v1\./);
    assert.match(text, /ok +clock /);
    assert.match(text, new RegExp(`ok +identity +Known to the API server as ${account.user}`));
    assert.match(text, /ok +ingesters +1 of 1 /);
    assert.match(
      text,
      /ok +lease +Lease zen-system\/zen-watcher-leader-election is held by zen-watcher-0, renewed/,
    );
    assert.match(
      text,
      new RegExp(`Port ${replica.metricsPort} of METRICS_PORT is in use, with a replica .* leads`),
    );
    assert.match(text, /\nNo problem, 0 warnings, \d+ ok\n$/);
    replica.kill("SIGKILL");
    await replica.exit;
  });

  await test.step("the Lease of a replica that was killed is stale", async () => {
    await plane.applyYaml(stringify({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: LEASE, namespace: HOME },
      spec: { renewTime: "2026-01-01T00:00:00.000000Z", leaseDurationSeconds: 15, holderIdentity: nameOf(0) },
    }));
    const ended = await ask();
    assert.equal(ended.code, 1);
    assert.equal(notOk(ended).length, 1, ended.text);
    assert.match(notOk(ended)[0] ?? "", /^problem lease .*held by zen-watcher-0, .*stale.*nobody leads/);
    assert.match(ended.errors, /Still looking at lease, for 2 s/);
    await plane.ask(["delete", "lease", LEASE, `--namespace=${HOME}`]);
  });

  await test.step("a right that is missing is named, and no other", async () => {
    const giveBack = await account.revoke(readsEvents);
    const ended = await untilFound("the missing right", /^problem rights/m);
    assert.equal(ended.code, 1);
    assert.deepEqual(notOk(ended).filter((line) => line.startsWith("problem")), [
      "problem rights Missing: list, watch on events in all namespaces, for Ingester zen-system/events",
    ]);
    assert.match(ended.text, new RegExp(`grant .*events.* to ${account.user} by a ClusterRole`));
    await giveBack();
  });

  await test.step("a definition that lacks a field is older than the program", async () => {
    await withoutField(plane);
    const ended = await untilFound("the older definition", /lacks spec\.informer\.resyncPeriod/);
    assert.equal(ended.code, 1);
  });

  await test.step("definitions that are missing are named, with what installs them", async () => {
    await plane.ask(["delete", "crd", "ingesters.zen.kube-zen.io", "observations.zen.kube-zen.io"]);
    const ended = await untilFound(
      "no definitions",
      /does not serve ingesters[\s\S]*does not serve observations/,
    );
    assert.equal(ended.code, 1);
    assert.match(ended.text, /zen-watcher crds \| kubectl apply/);
  });

  await test.step("it was refused nothing and has written nothing", async () => {
    const requests = await requestsOf(auditLog, account.user, nameOf(1));
    assert.ok(requests.length > 50, `${requests.length}`);
    const writes = requests.filter((one) => isWrite(one) && !REVIEWS.has(one.objectRef?.resource ?? ""));
    assert.deepEqual(writes.map(sentenceOf), []);
    const refused = requests.filter(({ responseStatus }) => responseStatus?.code === 403);
    assert.deepEqual(refused.map(sentenceOf), []);
  });

  await test.step("an API server that is away is the problem, and this machine is looked at", async () => {
    await plane.stopApiServer();
    const ended = await ask();
    assert.equal(ended.code, 1);
    assert.match(notOk(ended)[0] ?? "", /^problem network Cannot reach https:/);
    assert.match(ended.text, /nothing listens there/);
    assert.match(ended.text, /"check": "spool",\s+"verdict": "ok"/);
  });

  await test.step("so is a kubeconfig that is not there", async () => {
    const ended = await doctor("/nowhere/kubeconfig", {}, "-o", "json");
    assert.equal(ended.code, 1);
    assert.match(notOk(ended)[0] ?? "", /^problem network Cannot read \/nowhere\/kubeconfig/);
  });

  await test.step("doctor --env needs no cluster; wrong settings are 2", async () => {
    const shown = await doctor(kubeconfig, { LOG_LEVEL: "debug" }, "--env", "--gc-interval", "5m");
    assert.equal(shown.code, 0, shown.errors);
    assert.match(shown.text, /--log-level +LOG_LEVEL +debug +environment +info/);
    assert.match(shown.text, /--gc-interval +GC_INTERVAL +5m +flag +10m/);
    assert.match(shown.text, new RegExp(`KUBECONFIG +${kubeconfig} +can be read`));
    assert.match(shown.text, /Variables of other names cannot be seen/);
    const wrong = await doctor(kubeconfig, { LOG_LEVEL: "loud", METRICS_PORT: "x" }, "--env");
    assert.equal(wrong.code, 2);
    assert.match(
      wrong.errors,
      /LOG_LEVEL.*"loud"[\s\S]*METRICS_PORT.*"x"|METRICS_PORT.*"x"[\s\S]*LOG_LEVEL.*"loud"/,
    );
    assert.match(wrong.text, /LOG_LEVEL +loud/);
    assert.equal((await doctor(kubeconfig, { LOG_LEVEL: "loud" })).code, 2);
  });
});
