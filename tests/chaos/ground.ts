import { parse } from "yaml";
import { createCertificateAuthority } from "../control_plane/certificates.ts";
import { inline, writeKubeconfig } from "../control_plane/kubeconfig.ts";
import { HOME, install, type Installation, REPORT_CRDS } from "../integration/installation.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp_proxy.ts";
import { type ApiProxy, startApiProxy } from "./api_proxy.ts";
import { type ApiWriter, apiWriter } from "./api_writer.ts";
import { FED_NAMESPACE } from "./signals.ts";

/** The way of one replica to the API server, and what can go wrong on it. */
export interface Way {
  /** Kubeconfig of a replica; leads over both. */
  readonly kubeconfig: string;
  readonly network: TcpProxy;
  readonly server: ApiProxy;
}

/** A control plane with the program's definitions, rights and Ingesters, a way for each replica, and a place for files. */
export interface Ground extends AsyncDisposable {
  readonly installation: Installation;
  /** Writes what is fed. */
  readonly writer: ApiWriter;
  /** How many replicas there are when all is well. */
  readonly replicas: number;
  /** One for each replica, and for those that stand in for others meanwhile. */
  readonly ways: readonly Way[];
  /** SPOOL_DIR of a replica by its name; in it each has a folder of its own. */
  spoolFolderOf(name: string): string;
}

/** Sources of the Ingesters, and how each is read. */
const INGESTERS = [
  ["events", { source: "kubernetes-events", namespaces: [FED_NAMESPACE] }],
  ["trivy", { source: "trivy", namespaces: [FED_NAMESPACE] }],
  ["kyverno", { source: "kyverno", namespaces: [FED_NAMESPACE] }],
  ["falco", { source: "falco", webhook: { auth: { type: "none" } } }],
  ["chaos", { source: "chaos", webhook: { auth: { type: "none" } } }],
] as const;

/** How it is laid out. */
export interface GroundOptions {
  readonly replicas: number;
  /** How many more may run beside them for a while; default is none. */
  readonly spares?: number | undefined;
  /** True: what a replica leaves in its spool is gone with it, as on an emptyDir; default is that others find it. */
  readonly hasOwnSpools?: boolean | undefined;
  /** Where kubeconfigs and spools go. */
  readonly folder: string;
  /** True: replicas reach the API server without anything in between, for what is measured. */
  readonly isDirect: boolean;
}

/** Lays it out. */
export async function layOut(options: GroundOptions): Promise<Ground> {
  const { replicas, spares = 0, hasOwnSpools = false, folder, isDirect } = options;
  await using starting = new AsyncDisposableStack();
  const installation = starting.use(await install({ crds: [REPORT_CRDS] }));
  await installation.createNamespaces(FED_NAMESPACE);
  for (const [name, spec] of INGESTERS) await installation.applyIngester(name, spec);
  const writer = starting.use(await apiWriter(installation.plane.kubeconfig));
  const authority = createCertificateAuthority("chaos");
  const ways: Way[] = [];
  for (let place = 0; place < replicas + spares; place++) {
    const { url, ca } = installation.plane;
    const server = starting.use(startApiProxy({ url, ca, authority }));
    const network = starting.use(startTcpProxy(server.port));
    const kubeconfig = `${folder}/replica-${place}.kubeconfig`;
    const straight = { server: url, "certificate-authority-data": inline(ca) };
    const around = {
      server: `https://127.0.0.1:${network.port}`,
      "certificate-authority-data": inline(authority.certificate),
    };
    await writeKubeconfig(kubeconfig, {
      context: "chaos",
      cluster: isDirect ? straight : around,
      user: { token: await tokenOf(installation, place) },
      namespace: HOME,
    });
    ways.push({ kubeconfig, network, server });
  }
  const spoolFolder = `${folder}/spool`;
  await Deno.mkdir(spoolFolder);
  const running = starting.move();
  return {
    installation,
    writer,
    replicas,
    ways,
    spoolFolderOf: (name) => hasOwnSpools ? `${spoolFolder}/${name}` : spoolFolder,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function tokenOf({ account }: Installation, place: number): Promise<string> {
  const path = await account.kubeconfigFor(`zen-watcher-${place}`);
  return parse(await Deno.readTextFile(path)).users[0].user.token;
}
