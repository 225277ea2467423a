import { parse } from "yaml";

/** Opens HTTP/1.1 connections to the cluster of a kubeconfig with inline certificates; its caller closes them. */
export async function clusterClient(
  kubeconfig: string,
): Promise<{ readonly server: string; readonly client: Deno.HttpClient }> {
  const config = parse(await Deno.readTextFile(kubeconfig));
  const [{ cluster }] = config.clusters;
  const [{ user }] = config.users;
  const client = Deno.createHttpClient({
    http2: false,
    caCerts: [atob(cluster["certificate-authority-data"])],
    cert: atob(user["client-certificate-data"]),
    key: atob(user["client-key-data"]),
  });
  return { server: cluster.server, client };
}
