import { generateKeyPairSync } from "node:crypto";
import type { CertificateAuthority, Certified } from "./certificates.ts";
import { retryOnCollision } from "./retry_on_collision.ts";
import { ServerProcess, type ServerStart } from "./server_process.ts";

/** What an API server is started with. */
export interface ApiServerStart extends Pick<ServerStart, "executable" | "guardian"> {
  /** Where its files and its log go. */
  readonly folder: string;
  readonly etcdUrl: string;
  readonly certificateAuthority: CertificateAuthority;
  /** Somebody who may ask whether it is ready. */
  readonly admin: Certified;
  /** Path of a file for its audit log. */
  readonly auditLog: string | undefined;
  /** Further arguments. */
  readonly args: readonly string[];
}

const READY_GUARD_MILLISECONDS = 60_000;
const STOP_PATIENCE_MILLISECONDS = 30_000;
const SERVER_NAMES = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];

/** A kube-apiserver that can be stopped and started again on the same port, with what etcd holds. */
export class ApiServer {
  /** Where it is reached. */
  readonly url: string;
  readonly #launch: () => Promise<ServerProcess>;
  #process: ServerProcess;

  private constructor(url: string, launch: () => Promise<ServerProcess>, process: ServerProcess) {
    this.url = url;
    this.#launch = launch;
    this.#process = process;
  }

  /** Starts one and waits until it is ready. */
  static async start(start: ApiServerStart): Promise<ApiServer> {
    const args = [...await writeFiles(start), ...start.args];
    return await retryOnCollision(async (port) => {
      const url = `https://127.0.0.1:${port}`;
      const launch = (): Promise<ServerProcess> => launchOn(port, url, args, start);
      return new ApiServer(url, launch, await launch());
    });
  }

  /** The process that runs, or ran last. */
  get process(): ServerProcess {
    return this.#process;
  }

  /**
   * Starts it again and waits until it is ready.
   *
   * @throws when it runs
   */
  async startAgain(): Promise<void> {
    if (!this.#process.hasEnded) throw new Error("Cannot start the API server: it must be stopped first");
    this.#process = await this.#launch();
  }

  /** Stops it as an upgrade does: requests may end, watches are closed. */
  stop(): Promise<void> {
    return this.#process.end(STOP_PATIENCE_MILLISECONDS);
  }

  /** Stops it as a crash does. */
  kill(): Promise<void> {
    return this.#process.kill();
  }
}

async function launchOn(
  port: number,
  url: string,
  args: readonly string[],
  { executable, guardian, folder, certificateAuthority, admin }: ApiServerStart,
): Promise<ServerProcess> {
  const process = await ServerProcess.start({
    name: "kube-apiserver",
    executable,
    guardian,
    logFile: `${folder}/kube-apiserver.log`,
    args: [...args, `--secure-port=${port}`],
  });
  using client = Deno.createHttpClient({
    caCerts: [certificateAuthority.certificate],
    cert: admin.certificate,
    key: admin.key,
    http2: false,
  });
  // The namespaces of the system are made after it calls itself ready.
  const paths = ["/readyz", "/api/v1/namespaces/default", "/api/v1/namespaces/kube-system"];
  await process.untilReady(async (signal) => {
    for (const path of paths) {
      const response = await fetch(`${url}${path}`, { client, signal });
      await response.body?.cancel();
      if (!response.ok) return false;
    }
    return true;
  }, READY_GUARD_MILLISECONDS);
  return process;
}

/** Writes what the server reads from files, and returns all of its arguments but the port. */
async function writeFiles(start: ApiServerStart): Promise<readonly string[]> {
  const { folder, etcdUrl, certificateAuthority, auditLog } = start;
  const write = async (name: string, text: string): Promise<string> => {
    await Deno.writeTextFile(`${folder}/${name}`, text, { mode: 0o600 });
    return `${folder}/${name}`;
  };
  const server = certificateAuthority.issue({
    usage: "server",
    commonName: "kube-apiserver",
    dnsNames: SERVER_NAMES,
    addresses: ["127.0.0.1", "10.0.0.1"],
  });
  const accounts = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const accountsPublic = accounts.publicKey.export({ type: "spki", format: "pem" }).toString();
  const accountsPrivate = accounts.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return [
    `--etcd-servers=${etcdUrl}`,
    "--bind-address=127.0.0.1",
    `--cert-dir=${folder}`,
    `--tls-cert-file=${await write("kube-apiserver.crt", server.certificate)}`,
    `--tls-private-key-file=${await write("kube-apiserver.key", server.key)}`,
    `--client-ca-file=${await write("ca.crt", certificateAuthority.certificate)}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${await write("service-accounts.pub", accountsPublic)}`,
    `--service-account-signing-key-file=${await write("service-accounts.key", accountsPrivate)}`,
    "--service-cluster-ip-range=10.0.0.0/24",
    "--authorization-mode=RBAC",
    // Nobody makes tokens and endpoints here: there is no controller manager and no kubelet.
    "--disable-admission-plugins=ServiceAccount",
    "--endpoint-reconciler-type=none",
    "--allow-privileged=true",
    ...(auditLog === undefined ? [] : [
      `--audit-log-path=${auditLog}`,
      `--audit-policy-file=${await write("audit-policy.json", JSON.stringify(AUDIT_POLICY))}`,
    ]),
  ];
}

/** Who did what, without bodies; once for each request. */
const AUDIT_POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata" }],
};
