import { type Credentials, CredentialsError, type CredentialSources } from "./credentials.ts";
import { kubeconfigCredentials } from "./kubeconfig.ts";

/** Where a pod finds its ServiceAccount (projected volume). */
export const SERVICE_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

/** What the caller asked for; each overrides what is found. */
export interface ClusterChoice {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly server?: string | undefined;
}

/**
 * Finds the API server: `--kubeconfig`, then KUBECONFIG, then the ServiceAccount of the pod, then `~/.kube/config`.
 * With `--server` alone no credentials are needed (`kubectl proxy`).
 *
 * @throws CredentialsError when none is there or the one found cannot be used
 */
export function findCluster(choice: ClusterChoice, sources: CredentialSources): Credentials {
  const { environment } = sources;
  const context = { context: choice.context, server: choice.server };
  const named = choice.kubeconfig ?? (environment["KUBECONFIG"] || undefined);
  if (named !== undefined) {
    const paths = named.split(":").filter((path) => path !== "");
    return kubeconfigCredentials({ paths, ...context }, sources);
  }
  if (choice.server !== undefined && choice.context === undefined) return withoutCredentials(choice.server);
  if (environment["KUBERNETES_SERVICE_HOST"] && choice.context === undefined) return inCluster(sources);
  const home = environment["HOME"];
  const path = home === undefined ? undefined : `${home}/.kube/config`;
  if (path !== undefined && isReadable(path, sources)) {
    return kubeconfigCredentials({ paths: [path], ...context }, sources);
  }
  throw new CredentialsError(
    "Cannot find an API server: give --kubeconfig FILE, set KUBECONFIG, or run in a pod with a ServiceAccount",
  );
}

function inCluster(sources: CredentialSources): Credentials {
  const { environment } = sources;
  const host = environment["KUBERNETES_SERVICE_HOST"] ?? "";
  const port = environment["KUBERNETES_SERVICE_PORT"] || "443";
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  // In the image only the name is granted; the certificate of every API server carries it.
  const server = sources.mayConnect(address) ? address : `kubernetes.default.svc:${port}`;
  const read = (name: string): string => {
    try {
      return sources.readTextFile(`${SERVICE_ACCOUNT_FOLDER}/${name}`);
    } catch (cause) {
      throw new CredentialsError(
        `Cannot read ${SERVICE_ACCOUNT_FOLDER}/${name}: the pod needs a ServiceAccount with automountServiceAccountToken`,
        { cause },
      );
    }
  };
  return {
    server: `https://${server}`,
    namespace: read("namespace").trim(),
    tls: () => ({ certificateAuthority: read("ca.crt"), client: undefined }),
    authorization: () => `Bearer ${read("token").trim()}`,
  };
}

function withoutCredentials(server: string): Credentials {
  return {
    server: server.replace(/\/+$/, ""),
    namespace: undefined,
    tls: () => ({ certificateAuthority: undefined, client: undefined }),
    authorization: () => undefined,
  };
}

function isReadable(path: string, sources: CredentialSources): boolean {
  try {
    sources.readTextFile(path);
    return true;
  } catch {
    return false;
  }
}
