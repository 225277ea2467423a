import { stringify } from "yaml";

/** A cluster and who one is there, in the words of a kubeconfig (v1 Config). */
export interface KubeconfigParts {
  /** Name of the context. */
  readonly context: string;
  /** What stands below `cluster:`. */
  readonly cluster: Readonly<Record<string, unknown>>;
  /** What stands below `user:`. */
  readonly user: Readonly<Record<string, string>>;
  /** The namespace that is meant when none is named. */
  readonly namespace?: string | undefined;
}

/** Writes a kubeconfig with one cluster, one user and one context, for its owner alone to read. */
export async function writeKubeconfig(
  path: string,
  { context, cluster, user, namespace }: KubeconfigParts,
): Promise<void> {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": context,
    clusters: [{ name: context, cluster }],
    users: [{ name: context, user }],
    contexts: [{
      name: context,
      context: { cluster: context, user: context, ...(namespace === undefined ? {} : { namespace }) },
    }],
  };
  await Deno.writeTextFile(path, stringify(config, { lineWidth: 0 }), { mode: 0o600 });
}

/** A PEM text as a kubeconfig carries it inline. */
export function inline(pem: string): string {
  return btoa(pem);
}
