import assert from "node:assert/strict";
import { acquireCluster } from "../support/cluster.ts";
import { type ControlPlane, startControlPlane } from "./control_plane.ts";

const CRDS = decodeURIComponent(new URL("../../chart/crds", import.meta.url).pathname);
const META_VERSION = "jsonpath={.metadata.resourceVersion}";
const ACCOUNTS = `
apiVersion: v1
kind: Namespace
metadata: { name: production }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: reader, namespace: production }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: reader, namespace: production }
rules:
- { apiGroups: [""], resources: [configmaps], verbs: [get] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: reader, namespace: production }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader }
subjects: [{ kind: ServiceAccount, name: reader, namespace: production }]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: kept, namespace: production }
data: { key: value }
`;
const INGESTER = `
apiVersion: zen.kube-zen.io/v1alpha1
kind: Ingester
metadata: { name: trivy, namespace: production }
spec: { source: trivy, namespaces: [production] }
`;

Deno.test("a control plane is a real one, and nothing of it stays", async (test) => {
  const auditLog = await Deno.makeTempFile({ prefix: "zen-watcher-audit-" });
  const plane = await startControlPlane({ auditLog });
  const folder = plane.kubeconfig.replace(/\/[^/]*$/, "");
  const processIds = new Set(plane.processIds());
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => Deno.remove(auditLog));
  cleanup.use(plane);

  await test.step("kubectl finds it ready, and of the version that was built", async () => {
    assert.equal(await plane.ask(["get", "--raw", "/readyz"]), "ok");
    assert.equal(await plane.ask(["config", "current-context"]), `${plane.adminContext}\n`);
    assert.equal(
      await plane.ask(["config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"]),
      plane.url,
    );
    assert.match(await plane.ask(["version"]), /Server Version: v\d+\.\d+\.\d+/);
  });

  await test.step("custom resources can be used as soon as their definitions are installed", async () => {
    await plane.installCrds(CRDS);
    await plane.applyYaml(ACCOUNTS);
    await plane.applyYaml(INGESTER);
    assert.equal(
      await plane.ask(["get", "ingesters", "-A", "-o", "name"]),
      "ingester.zen.kube-zen.io/trivy\n",
    );
  });

  await test.step("a ServiceAccount may do what its Role says and nothing else", async () => {
    const kubeconfig = await plane.kubeconfigFor({
      serviceAccount: { namespace: "production", name: "reader" },
    });
    const asReader = ["--kubeconfig", kubeconfig];
    assert.equal(
      await plane.ask([...asReader, "get", "configmap", "kept", "-o", "name"]),
      "configmap/kept\n",
    );
    const { code, stderr } = await plane.kubectl([...asReader, "create", "configmap", "another"]);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /forbidden: User "system:serviceaccount:production:reader" cannot create resource "configmaps"/,
    );
  });

  await test.step("a user has the groups of the certificate", async () => {
    const kubeconfig = await plane.kubeconfigFor({ name: "ada", groups: ["dev", "ops"] });
    const user = JSON.parse(await plane.ask(["--kubeconfig", kubeconfig, "auth", "whoami", "-o", "json"]));
    assert.equal(user.status.userInfo.username, "ada");
    assert.deepEqual(user.status.userInfo.groups, ["dev", "ops", "system:authenticated"]);
  });

  await test.step("the audit log says who did what", async () => {
    const events = (await Deno.readTextFile(auditLog)).trim().split("\n").map((line) => JSON.parse(line));
    const refused = events.filter(({ responseStatus }) => responseStatus?.code === 403);
    assert.deepEqual(
      refused.map((
        { user, verb, objectRef },
      ) => [user.username, verb, objectRef.resource, objectRef.namespace]),
      [["system:serviceaccount:production:reader", "create", "configmaps", "production"]],
    );
  });

  for (const how of ["restartApiServer", "killApiServer"] as const) {
    await test.step(`objects are still there after ${how}, at the same address`, async () => {
      const [etcd, before] = plane.processIds();
      await plane[how]();
      if (how === "killApiServer") {
        assert.match((await plane.kubectl(["get", "ns"])).stderr, /connection to the server .* was refused/);
        await plane.startApiServer();
      }
      const [sameEtcd, after] = plane.processIds();
      assert.equal(sameEtcd, etcd);
      assert.notEqual(after, before);
      processIds.add(after);
      assert.equal(
        await plane.ask(["get", "configmap", "kept", "-n", "production", "-o", "jsonpath={.data.key}"]),
        "value",
      );
      assert.equal(
        await plane.ask(["get", "ingesters", "-A", "-o", "name"]),
        "ingester.zen.kube-zen.io/trivy\n",
      );
    });
  }

  await test.step("nobody can read from before a compaction", async () => {
    const version = await plane.ask(["get", "cm", "kept", "-n", "production", "-o", META_VERSION]);
    const events = `/api/v1/namespaces/production/events?watch=true&timeoutSeconds=1&resourceVersion=`;
    assert.equal((await plane.kubectl(["get", "--raw", `${events}${version}`])).code, 0);
    await plane.ask(["label", "cm", "kept", "-n", "production", "changed=yes"]);
    const oldest = await plane.compactEtcd();
    assert.ok(oldest > Number(version), `${oldest}, ${version}`);
    const tooOld = JSON.parse(await plane.ask(["get", "--raw", `${events}${version}`]));
    assert.deepEqual([tooOld.type, tooOld.object.reason, tooOld.object.code], ["ERROR", "Expired", 410]);
    assert.equal((await plane.kubectl(["get", "--raw", `${events}${oldest}`])).code, 0);
  });

  await test.step("etcd can be stopped, and what it held be put back in the place of what came later", async () => {
    const label = ["get", "cm", "kept", "-n", "production", "-o", "jsonpath={.metadata.labels}"];
    const stopBoth = async (): Promise<void> => {
      await plane.stopApiServer();
      await plane.killEtcd();
    };
    const startBoth = async (): Promise<void> => {
      await plane.startEtcd();
      await plane.startApiServer();
      for (const processId of plane.processIds()) processIds.add(processId);
    };
    await stopBoth();
    const putBack = await plane.backUpEtcd();
    await startBoth();
    assert.equal(await plane.ask(label), '{"changed":"yes"}');
    await plane.ask(["label", "cm", "kept", "-n", "production", "later=yes"]);
    await stopBoth();
    await putBack();
    await startBoth();
    assert.equal(await plane.ask(label), '{"changed":"yes"}');
  });

  await test.step("a running API server cannot be started, nor etcd copied while it runs", async () => {
    await assert.rejects(plane.backUpEtcd(), {
      message: "Cannot copy the data of etcd: it must be stopped first",
    });
    await assert.rejects(plane.startApiServer(), {
      message: "Cannot start the API server: it must be stopped first",
    });
  });

  await test.step("with KUBECONFIG it is somebody else's cluster, whose servers cannot be stopped", async () => {
    const reported: string[] = [];
    await using cluster = await acquireCluster(
      (line) => reported.push(line),
      (name) => name === "KUBECONFIG" ? plane.kubeconfig : undefined,
    );
    assert.equal(cluster.kind, "foreign cluster");
    assert.ok(!("restartApiServer" in cluster));
    assert.deepEqual(reported, [
      `Using the cluster that KUBECONFIG names: context ${plane.adminContext}, ${plane.url}`,
    ]);
    assert.equal(await cluster.ask(["get", "ns", "production", "-o", "name"]), "namespace/production\n");
    const kubeconfig = await cluster.kubeconfigFor({
      serviceAccount: { namespace: "production", name: "reader" },
    });
    assert.equal(
      await cluster.ask([
        "--kubeconfig",
        kubeconfig,
        "auth",
        "whoami",
        "-o",
        "jsonpath={.status.userInfo.username}",
      ]),
      "system:serviceaccount:production:reader",
    );
  });

  await test.step("a server that ends unasked is said", async () => {
    const [, apiServer] = plane.processIds();
    Deno.kill(apiServer, "SIGKILL");
    assert.match((await plane.broken).message, /^kube-apiserver ended by itself with SIGKILL; see /);
  });

  await cleanup.disposeAsync();
  assert.equal(processIds.size, 8);
  for (const processId of processIds) {
    assert.ok(!await isAlive(processId), `process ${processId} is still there`);
  }
  await assert.rejects(Deno.stat(folder), Deno.errors.NotFound);
});

Deno.test("a control plane that cannot start shows the end of the log, and nothing of it stays", async () => {
  const start = startControlPlane({ apiServerArgs: ["--no-such-flag"] });
  const error = await start.then(
    (plane: ControlPlane) => plane[Symbol.asyncDispose](),
    (reason: Error) => reason,
  );
  assert.ok(error instanceof Error);
  const [, folder] =
    /^Cannot start kube-apiserver: it ended by itself\nThe end of (\/.*)\/kube-apiserver\.log:\n/
      .exec(error.message) ?? [];
  assert.ok(folder, error.message);
  assert.match(error.message, /unknown flag: --no-such-flag/);
  await assert.rejects(Deno.stat(folder), Deno.errors.NotFound);
});

async function isAlive(processId: number): Promise<boolean> {
  const { success } = await new Deno.Command("sh", {
    args: ["-c", 'kill -0 "$0"', String(processId)],
    stderr: "null",
  }).output();
  return success;
}
