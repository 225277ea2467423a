import { type Cluster, clusterAt } from "../control_plane/cluster.ts";
import { type ControlPlane, startControlPlane } from "../control_plane/control_plane.ts";

/** A cluster that somebody else runs: its servers cannot be stopped, and what is in it stays. */
export interface ForeignCluster extends Cluster, AsyncDisposable {
  readonly kind: "foreign cluster";
}

/**
 * The cluster that the environment names with `KUBECONFIG`, else a control plane of its own. What needs more than a
 * {@link Cluster}, such as a restart of the API server, looks at `kind` and is reported as not possible on a foreign one.
 *
 * @param report takes lines that say what is used, and the progress of a build
 */
export async function acquireCluster(
  report: (line: string) => void = (line) => console.error(line),
  environment: (name: string) => string | undefined = (name) => Deno.env.get(name),
): Promise<ControlPlane | ForeignCluster> {
  const paths = environment("KUBECONFIG") ?? "";
  if (paths === "") return await startControlPlane({ report });
  await using acquiring = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "zen-watcher-cluster-" });
  acquiring.defer(() => Deno.remove(folder, { recursive: true }));
  const { kubeconfig, context, server } = await currentContext(paths, folder);
  report(`Using the cluster that KUBECONFIG names: context ${context}, ${server}`);
  const acquired = acquiring.move();
  return {
    ...clusterAt(kubeconfig, folder),
    kind: "foreign cluster",
    [Symbol.asyncDispose]: () => acquired.disposeAsync(),
  };
}

/** Makes one file with everything in it of what may be several files that name further ones. */
async function currentContext(
  paths: string,
  folder: string,
): Promise<{ readonly kubeconfig: string; readonly context: string; readonly server: string }> {
  const { success, stdout, stderr } = await new Deno.Command("kubectl", {
    args: ["config", "view", "--raw", "--minify", "--flatten", "--output=json"],
    env: { KUBECONFIG: paths },
  }).output();
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(
      `Cannot use the cluster that KUBECONFIG names: it must have a current context\n${
        decoder.decode(stderr)
      }`,
    );
  }
  const text = decoder.decode(stdout);
  const config = JSON.parse(text);
  const kubeconfig = `${folder}/kubeconfig`;
  await Deno.writeTextFile(kubeconfig, text, { mode: 0o600 });
  return { kubeconfig, context: config["current-context"], server: config.clusters[0].cluster.server };
}
