import { systemClock } from "../../src/run/clock.ts";
import { withDeadline } from "../../src/run/deadline.ts";
import { SERVICE_ACCOUNT_FOLDER } from "../../src/kube/find_cluster.ts";
import type { ControlPlane } from "../control_plane/control_plane.ts";
import { Guardian } from "../support/guardian.ts";
import { freePort } from "../support/ports.ts";
import { Replica, type ReplicaExit } from "../support/process.ts";
import { startTcpProxy } from "../support/tcp_proxy.ts";

/** A pod of a test: what the kubelet would know of it. */
export interface Pod {
  readonly executable: string;
  readonly plane: ControlPlane;
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  /** As the pod has them. */
  readonly args: readonly string[];
  /** As the pod has it, but for ports: they are this machine's. */
  readonly env: Readonly<Record<string, string>>;
}

/** A user and group of the image who is nobody on this machine. */
const NONROOT = 65532;
/** What the chart's pod is given to end. */
const GRACE_MILLISECONDS = 60_000;
const SPOOL_PARENT = "/var/lib/zen-watcher";
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const API_SERVER_NAME = "kubernetes.default.svc";
const API_SERVER_PORT = 443;

/**
 * Starts the executable as a container of the image would: an empty root that cannot be written to, with glibc, the
 * certificates and a folder for the spool; no shell, another user than root, no capabilities; the ServiceAccount's files
 * where the kubelet puts them, and the API server under its name of the cluster.
 */
export async function startPod(pod: Pod): Promise<Replica> {
  await using starting = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "zen-watcher-pod-" });
  const guardian = starting.use(Guardian.start(folder));
  const address = `127.${1 + byte()}.${byte()}.${1 + byte()}`;
  starting.use(
    startTcpProxy(Number(new URL(pod.plane.url).port), { hostname: address, port: API_SERVER_PORT }),
  );
  await writeFiles(pod, folder, address);
  const ports = { webhookPort: freePort(), metricsPort: freePort() };
  const env = {
    ...pod.env,
    KUBERNETES_SERVICE_HOST: "10.96.0.1",
    KUBERNETES_SERVICE_PORT: String(API_SERVER_PORT),
    POD_NAMESPACE: pod.namespace,
    POD_NAME: pod.name,
    WEBHOOK_PORT: String(ports.webhookPort),
    METRICS_PORT: String(ports.metricsPort),
  };
  const child = await guardian.spawn("bwrap", {
    args: [
      ...await rootOf(pod.executable, folder),
      ...Object.entries(env).flatMap(([name, value]) => ["--setenv", name, value]),
      "/usr/local/bin/zen-watcher",
      ...pod.args,
    ],
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "" },
    cwd: "/",
    uid: NONROOT,
    gid: NONROOT,
    stdout: "piped",
    stderr: "piped",
  });
  const running = starting.move();
  return new Replica(child, { name: pod.name, ...ports }, running);
}

/** Asks what runs in a pod to stop, as the kubelet does, and waits until it has. */
export async function stopPod(pod: Replica): Promise<ReplicaExit> {
  // The process of the test's own is bubblewrap, which passes nothing on; its only child is the program.
  const { stdout } = await new Deno.Command("cat", {
    args: [`/proc/${pod.pid}/task/${pod.pid}/children`],
  }).output();
  Deno.kill(Number(new TextDecoder().decode(stdout).trim()), "SIGTERM");
  return await withDeadline(GRACE_MILLISECONDS, systemClock, () => pod.exit, new AbortController().signal);
}

function byte(): number {
  return Math.floor(systemClock.random() * 254);
}

async function writeFiles(
  { plane, namespace, serviceAccount }: Pod,
  folder: string,
  address: string,
): Promise<void> {
  const token = await plane.ask(["create", "token", serviceAccount, `--namespace=${namespace}`]);
  await Deno.mkdir(`${folder}/account`);
  await Deno.writeTextFile(`${folder}/account/token`, token.trim());
  await Deno.writeTextFile(`${folder}/account/ca.crt`, plane.ca);
  await Deno.writeTextFile(`${folder}/account/namespace`, namespace);
  await Deno.writeTextFile(`${folder}/hosts`, `127.0.0.1 localhost\n${address} ${API_SERVER_NAME}\n`);
  await Deno.writeTextFile(
    `${folder}/passwd`,
    `nonroot:x:${NONROOT}:${NONROOT}:nonroot:/home/nonroot:/sbin/nologin\n`,
  );
  await Deno.writeTextFile(`${folder}/nsswitch.conf`, "hosts: files dns\n");
  await Deno.mkdir(`${folder}/spool`);
  await Deno.chown(`${folder}/spool`, NONROOT, NONROOT);
  await Deno.chmod(folder, 0o755);
}

/** Arguments of bubblewrap for a root that holds what distroless/cc holds. */
async function rootOf(executable: string, folder: string): Promise<readonly string[]> {
  const readOnly = [
    [executable, "/usr/local/bin/zen-watcher"],
    [`${folder}/hosts`, "/etc/hosts"],
    [`${folder}/passwd`, "/etc/passwd"],
    [`${folder}/nsswitch.conf`, "/etc/nsswitch.conf"],
    [CERTIFICATES, CERTIFICATES],
    [`${folder}/account`, SERVICE_ACCOUNT_FOLDER],
    ...(await librariesOf(executable)).map((path) => [path, path] as const),
  ].flatMap(([from = "", to = ""]) => ["--ro-bind", from, to]);
  return [
    "--unshare-user",
    "--unshare-pid",
    "--as-pid-1",
    "--unshare-ipc",
    "--unshare-uts",
    "--die-with-parent",
    "--cap-drop",
    "ALL",
    "--clearenv",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
    ...readOnly,
    "--bind",
    `${folder}/spool`,
    SPOOL_PARENT,
    "--remount-ro",
    "/",
    "--chdir",
    "/",
  ];
}

/** The shared libraries of glibc and its compiler that an executable names. */
async function librariesOf(executable: string): Promise<readonly string[]> {
  const { stdout } = await new Deno.Command("ldd", { args: [executable] }).output();
  return [...new TextDecoder().decode(stdout).matchAll(/(?:=> |^\s+)(\/\S+) \(/gm)].map(([, path = ""]) =>
    path
  );
}
