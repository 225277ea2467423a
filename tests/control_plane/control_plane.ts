import { Guardian } from "../support/guardian.ts";
import { ApiServer } from "./api_server.ts";
import { ensureBinaries } from "./binaries.ts";
import { type CertificateRequest, type Certified, createCertificateAuthority } from "./certificates.ts";
import { type Cluster, clusterAt, type ServiceAccountIdentity } from "./cluster.ts";
import { Etcd } from "./etcd.ts";
import { inline, writeKubeconfig } from "./kubeconfig.ts";
import type { ServerProcess } from "./server_process.ts";

/** A user whom a client certificate names. */
export interface UserIdentity {
  readonly name: string;
  readonly groups?: readonly string[] | undefined;
}

/** How a control plane is started. */
export interface ControlPlaneOptions {
  /** Takes lines of progress while the servers are built, the first time; default is standard error. */
  readonly report?: ((line: string) => void) | undefined;
  /** Path of a file that gets who did what (audit.k8s.io/v1, level Metadata, one JSON object a line). */
  readonly auditLog?: string | undefined;
  /** Further arguments of kube-apiserver. */
  readonly apiServerArgs?: readonly string[] | undefined;
}

/** A real etcd and a real kube-apiserver of one's own, with RBAC and without controllers. */
export interface ControlPlane extends Cluster, AsyncDisposable {
  readonly kind: "control plane";
  /** Address of the API server. */
  readonly url: string;
  /** Certificate of the authority that certified the API server, in PEM. */
  readonly ca: string;
  /** Name of the context in the kubeconfig. */
  readonly adminContext: string;
  /** Process ids of etcd and of the API server that runs, or ran last. */
  processIds(): readonly [etcd: number, apiServer: number];
  /** Paths of what the servers log. */
  readonly logFiles: readonly string[];
  /** Resolves with the reason when a server has ended unasked. */
  readonly broken: Promise<Error>;
  /** Writes a kubeconfig for a ServiceAccount, or with a client certificate for a user, and returns its path. */
  kubeconfigFor(identity: ServiceAccountIdentity | UserIdentity): Promise<string>;
  /** Stops the API server as an upgrade does: requests may end, watches are closed. */
  stopApiServer(): Promise<void>;
  /** Stops the API server as a crash does. */
  killApiServer(): Promise<void>;
  /** Starts the API server again, on the same port and with the same objects, and waits until it is ready. */
  startApiServer(): Promise<void>;
  /** Stops and starts the API server. */
  restartApiServer(): Promise<void>;
  /** Stops etcd as a crash does; the API server should be stopped before, and be started after it. */
  killEtcd(): Promise<void>;
  /** Starts etcd again, on the same port and with what it held, and waits until it is ready. */
  startEtcd(): Promise<void>;
  /**
   * Forgets the history of all objects, so that nobody can list or watch from before this moment.
   *
   * @returns the oldest resourceVersion that one can watch from
   */
  compactEtcd(): Promise<number>;
  /** Copies what etcd, which must be stopped, holds at this moment; the returned function puts it back, once. */
  backUpEtcd(): Promise<() => Promise<void>>;
}

const CONTEXT = "zen-watcher-test";
const ADMIN: CertificateRequest = { usage: "client", commonName: "admin", organizations: ["system:masters"] };

/**
 * Starts a control plane on free ports of 127.0.0.1. Everything it writes lies in one temporary folder, and everything ends
 * with the returned object, or with this process.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const binaries = await ensureBinaries(options.report ?? ((line) => console.error(line)));
  await using starting = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "zen-watcher-control-plane-" });
  const guardian = starting.use(Guardian.start(folder));
  const certificateAuthority = createCertificateAuthority("zen-watcher-test-ca");
  const admin = certificateAuthority.issue(ADMIN);
  const etcd = await Etcd.start({ executable: binaries.etcd, guardian, folder });
  starting.defer(() => etcd.kill());
  const apiServer = await ApiServer.start({
    executable: binaries.kubeApiserver,
    guardian,
    folder,
    etcdUrl: etcd.url,
    certificateAuthority,
    admin,
    auditLog: options.auditLog,
    args: options.apiServerArgs ?? [],
  });
  starting.defer(() => apiServer.kill());
  const writeFor = async (path: string, { certificate, key }: Certified): Promise<string> => {
    await writeKubeconfig(path, {
      context: CONTEXT,
      cluster: {
        server: apiServer.url,
        "certificate-authority-data": inline(certificateAuthority.certificate),
      },
      user: { "client-certificate-data": inline(certificate), "client-key-data": inline(key) },
    });
    return path;
  };
  const broken = Promise.withResolvers<Error>();
  const watch = (process: ServerProcess): void => void process.broken.then(broken.resolve);
  watch(etcd.process);
  watch(apiServer.process);
  const startApiServer = async (): Promise<void> => {
    await apiServer.startAgain();
    watch(apiServer.process);
  };
  const startEtcd = async (): Promise<void> => {
    await etcd.startAgain();
    watch(etcd.process);
  };
  const backUpEtcd = async (): Promise<() => Promise<void>> => {
    const copy = `${folder}/etcd-${crypto.randomUUID()}`;
    await etcd.backUp(copy);
    return async () => {
      await etcd.restore(copy);
      await Deno.remove(copy, { recursive: true });
    };
  };
  const cluster = clusterAt(await writeFor(`${folder}/admin.kubeconfig`, admin), folder);
  const running = starting.move();
  return {
    ...cluster,
    kind: "control plane",
    url: apiServer.url,
    ca: certificateAuthority.certificate,
    adminContext: CONTEXT,
    processIds: () => [etcd.process.pid, apiServer.process.pid],
    logFiles: [etcd.process.logFile, apiServer.process.logFile],
    broken: broken.promise,
    async kubeconfigFor(identity) {
      if ("serviceAccount" in identity) return await cluster.kubeconfigFor(identity);
      const { name, groups } = identity;
      const path = await Deno.makeTempFile({ dir: folder, suffix: ".kubeconfig" });
      const request = { usage: "client", commonName: name, organizations: groups } as const;
      return await writeFor(path, certificateAuthority.issue(request));
    },
    stopApiServer: () => apiServer.stop(),
    killApiServer: () => apiServer.kill(),
    startApiServer,
    async restartApiServer() {
      await apiServer.stop();
      await startApiServer();
    },
    killEtcd: () => etcd.kill(),
    startEtcd,
    compactEtcd: () => etcd.compact(),
    backUpEtcd,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
