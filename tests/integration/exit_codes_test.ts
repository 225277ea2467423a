import assert from "node:assert/strict";
import { stringify } from "yaml";
import { startReplica } from "../support/process.ts";
import { GUARD_MILLISECONDS, HOME, install, type Installation, nameOf } from "./installation.ts";
import { assertNoAccident } from "./soundness.ts";

const LEASE = "zen-watcher-leader-election";
const FOREIGN_LEASE = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name: LEASE, namespace: HOME, annotations: { "zen.kube-zen.io/release": "another" } },
  spec: { holderIdentity: "another-pod", leaseDurationSeconds: 15 },
};

/** A kubeconfig whose user needs another program. */
const EXEC_PLUGIN = {
  apiVersion: "v1",
  kind: "Config",
  "current-context": "cloud",
  clusters: [{ name: "cloud", cluster: { server: "https://127.0.0.1:1" } }],
  users: [{
    name: "cloud",
    user: { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "login" } },
  }],
  contexts: [{ name: "cloud", context: { cluster: "cloud", user: "cloud" } }],
};

/** How the program is called wrongly, and what it must say. */
const MISTAKES: readonly {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly kubeconfig?: (folder: string) => string;
  readonly says: readonly RegExp[];
}[] = [
  {
    name: "an unknown flag",
    args: ["--webhok-port", "1"],
    says: [/--webhok-port/, /--webhook-port/, /--help/],
  },
  {
    name: "two wrong settings at once",
    env: { GC_INTERVAL: "soon", LOG_LEVEL: "loud" },
    says: [/GC_INTERVAL.*"soon"/, /LOG_LEVEL.*"loud"/],
  },
  {
    name: "LEADER_ELECTION_MODE=disabled with two replicas",
    env: { LEADER_ELECTION_MODE: "disabled", REPLICA_COUNT: "2" },
    says: [/LEADER_ELECTION_MODE: disabled is for a single replica, given REPLICA_COUNT 2/],
  },
  {
    name: "a spool folder outside of what is granted",
    env: { SPOOL_DIR: "/opt/zen-watcher" },
    says: [/Cannot use SPOOL_DIR.*--allow-write=\/opt\/zen-watcher/],
  },
  {
    name: "a kubeconfig that does not exist",
    kubeconfig: (folder) => `${folder}/nowhere`,
    says: [/Cannot read .*\/nowhere/],
  },
  {
    name: "a kubeconfig that is no YAML",
    kubeconfig: (folder) => `${folder}/rubbish`,
    says: [/Cannot read kubeconfig .*\/rubbish/],
  },
  {
    name: "a kubeconfig that needs an exec plugin",
    kubeconfig: (folder) => `${folder}/exec`,
    says: [/credential plugin \(exec\)/, /kubectl proxy/],
  },
  {
    name: "a Lease of another release",
    env: { RELEASE_NAME: "ours" },
    says: [/Lease .*zen-watcher-leader-election.*given another/],
  },
];

Deno.test("The exit code says whether it was asked to end, failed, or was called wrongly", async (test) => {
  await using installed = await install();
  const { plane, account } = installed;
  await plane.applyYaml(stringify(FOREIGN_LEASE));
  const folder = await Deno.makeTempDir({ prefix: "zen-watcher-kubeconfigs-" });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));
  await Deno.writeTextFile(`${folder}/rubbish`, "a: [b");
  await Deno.writeTextFile(`${folder}/exec`, stringify(EXEC_PLUGIN));

  const own = await account.kubeconfigFor(nameOf(0));

  for (const { name, args, env, kubeconfig, says } of MISTAKES) {
    await test.step(`${name}: 2`, async () => {
      const settings = { POD_NAMESPACE: HOME, BIND_ADDRESS: "127.0.0.1", ...env };
      const path = kubeconfig?.(folder) ?? own;
      await assertEnds({ kubeconfig: path, args, env: settings }, 2, says);
    });
  }

  await plane.ask(["delete", "lease", LEASE, `--namespace=${HOME}`]);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await test.step(`${signal}: 0`, async () => {
      await using replica = await installed.start(0);
      replica.kill(signal);
      assert.deepEqual(await replica.exit, { code: 0, signal: null });
      assertNoAccident(replica);
    });
  }

  await test.step("a port in use: 1, and which one", async () => {
    await using replica = await installed.start(0);
    for (const [setting, port] of takenPorts(replica)) {
      const env = { POD_NAMESPACE: HOME, BIND_ADDRESS: "127.0.0.1", [setting]: String(port) };
      await assertEnds({ kubeconfig: own, env }, 1, [
        new RegExp(`${port}`),
        new RegExp(setting),
      ]);
    }
    assert.deepEqual(await replica.stop(), { code: 0, signal: null });
  });
});

function takenPorts(
  { webhookPort, metricsPort }: Awaited<ReturnType<Installation["start"]>>,
): readonly (readonly [string, number])[] {
  return [["WEBHOOK_PORT", webhookPort], ["METRICS_PORT", metricsPort]];
}

/** A process ends by itself with an exit code, and says everything that it must. */
async function assertEnds(
  options: Parameters<typeof startReplica>[0],
  code: number,
  says: readonly RegExp[],
): Promise<void> {
  await using replica = await startReplica(options);
  const late = setTimeout(() => replica.kill("SIGKILL"), GUARD_MILLISECONDS);
  const exit = await replica.exit;
  clearTimeout(late);
  const text = replica.lines.map((line) => line.text).join("\n");
  assert.deepEqual(exit, { code, signal: null }, text);
  for (const sentence of says) assert.match(text, sentence);
  assert.doesNotMatch(text, / at .*\.ts:\d+/, "a stack trace is no sentence");
  assertNoAccident(replica);
}
