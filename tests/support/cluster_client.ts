import { parse } from "yaml";

/** HTTP/1.1 connections to a cluster, and the headers that say who one is where no certificate does. */
export interface ClusterClient {
  readonly server: string;
  readonly client: Deno.HttpClient;
  readonly headers: Readonly<Record<string, string>>;
}

/** Opens the cluster of a kubeconfig whose certificates, or token, are inline; its caller closes the connections. */
export async function clusterClient(kubeconfig: string): Promise<ClusterClient> {
  const config = parse(await Deno.readTextFile(kubeconfig));
  const [{ cluster }] = config.clusters;
  const [{ user }] = config.users;
  const client = Deno.createHttpClient({
    http2: false,
    caCerts: [atob(cluster["certificate-authority-data"])],
    ...(user.token === undefined
      ? { cert: atob(user["client-certificate-data"]), key: atob(user["client-key-data"]) }
      : {}),
  });
  const headers = user.token === undefined ? {} : { authorization: `Bearer ${user.token}` };
  return { server: cluster.server, client, headers };
}
