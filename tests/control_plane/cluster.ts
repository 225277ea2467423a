import { kubectl, type KubectlAnswer } from "../support/kubectl.ts";
import { until } from "../support/until.ts";
import { crdsOf, resourcesOf } from "./crd_documents.ts";
import { writeKubeconfig } from "./kubeconfig.ts";

/** A ServiceAccount that one acts as. */
export interface ServiceAccountIdentity {
  readonly serviceAccount: {
    readonly namespace: string;
    readonly name: string;
    /** The pod whose token it is: one that exists and runs as that account. */
    readonly pod?: string | undefined;
  };
}

/** What a test needs of a cluster, whoever started it. */
export interface Cluster {
  /** Path of a kubeconfig of somebody who may do everything. */
  readonly kubeconfig: string;
  /** Runs kubectl as that somebody; only a missing kubectl throws. */
  kubectl(args: readonly string[], input?: string): Promise<KubectlAnswer>;
  /**
   * What kubectl wrote to standard output.
   *
   * @throws with what it wrote to standard error when its exit code is not 0
   */
  ask(args: readonly string[], input?: string): Promise<string>;
  /** Creates or changes the objects of a YAML text, by server-side apply. */
  applyYaml(text: string): Promise<void>;
  /**
   * Applies the CustomResourceDefinitions of files, or of the YAML files in folders, and waits until their resources can be
   * used.
   */
  installCrds(...paths: readonly string[]): Promise<void>;
  /** Writes a kubeconfig with a token for a ServiceAccount, which must exist, and returns its path. */
  kubeconfigFor(identity: ServiceAccountIdentity): Promise<string>;
}

const TOKEN_LIFETIME = "24h";
const ESTABLISHED_TIMEOUT = "60s";

/**
 * The cluster that a kubeconfig leads to.
 *
 * @param kubeconfig path of one file
 * @param folder where what is written meanwhile goes; whoever gives it removes it
 */
export function clusterAt(kubeconfig: string, folder: string): Cluster {
  const run = async (args: readonly string[], input?: string): Promise<KubectlAnswer> => {
    try {
      // Ports are used again, and what was remembered of another cluster's resources would be wrong.
      return await kubectl(kubeconfig, [`--cache-dir=${folder}/kubectl-cache`, ...args], input);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new Error("Cannot run kubectl: it must be on the PATH", { cause: error });
    }
  };
  const ask = async (args: readonly string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await run(args, input);
    if (code !== 0) {
      throw new Error(`Cannot run kubectl ${args.join(" ")}: exit code ${code}\n${stderr.trim()}`);
    }
    return stdout;
  };
  const applyYaml = async (text: string): Promise<void> => {
    await ask(["apply", "--server-side", "--force-conflicts", "-f", "-"], text);
  };
  return {
    kubeconfig,
    kubectl: run,
    ask,
    applyYaml,
    async installCrds(...paths) {
      const crds = await crdsOf(paths);
      await applyYaml(crds.map(({ text }) => text).join("\n---\n"));
      const names = crds.map(({ name }) => `crd/${name}`);
      const wait = ["wait", "--for=condition=Established", `--timeout=${ESTABLISHED_TIMEOUT}`, ...names];
      // kubectl gives up on a definition whose status has no conditions yet.
      await until("the definitions have conditions", async () => {
        const { code, stderr } = await run(wait);
        if (code !== 0 && !stderr.includes("accessor error")) {
          throw new Error(`Cannot run kubectl ${wait.join(" ")}: exit code ${code}\n${stderr.trim()}`);
        }
        return code === 0;
      });
      // A resource is served a moment after its definition was established.
      for (const path of crds.flatMap(resourcesOf)) {
        await until(
          `${path} is served`,
          async () => (await run(["get", "--raw", `${path}?limit=1`])).code === 0,
        );
      }
    },
    async kubeconfigFor({ serviceAccount: { namespace, name, pod } }) {
      const token = await ask([
        "create",
        "token",
        name,
        `--namespace=${namespace}`,
        `--duration=${TOKEN_LIFETIME}`,
        ...(pod === undefined ? [] : ["--bound-object-kind=Pod", `--bound-object-name=${pod}`]),
      ]);
      const view = await ask(["config", "view", "--raw", "--minify", "--flatten", "-o", "json"]);
      const path = await Deno.makeTempFile({ dir: folder, prefix: `${name}-`, suffix: ".kubeconfig" });
      await writeKubeconfig(path, {
        context: `${namespace}-${name}`,
        cluster: JSON.parse(view).clusters[0].cluster,
        user: { token: token.trim() },
        namespace,
      });
      return path;
    },
  };
}
