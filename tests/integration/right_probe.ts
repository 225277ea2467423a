import { resourcePath } from "../../src/kube/api.ts";
import type { Right } from "../chart/rights.ts";
import { clusterClient } from "../support/cluster_client.ts";

/** Somebody whose rights are tried out, by real requests that change nothing. */
export interface RightProbe extends Disposable {
  /**
   * Asks for what a right allows.
   *
   * @param namespace undefined: in all of them at once, or, where a request names an object, in one that nobody watches
   * @returns whether the API server lets it pass, whatever it says of what was asked
   */
  isAllowed(right: Right, namespace: string | undefined): Promise<boolean>;
  /** What it may do in a namespace, as the API server answers the one who asks (SelfSubjectRulesReview). */
  rulesIn(namespace: string): Promise<readonly RuleAnswer[]>;
}

/** One rule of a SelfSubjectRulesReview. */
export interface RuleAnswer {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
}

const METHODS: Readonly<Record<string, string>> = {
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
};
const OF_ONE: ReadonlySet<string> = new Set(["get", "update", "patch", "delete"]);
/** A namespace that is there and that no pattern names. */
export const ELSEWHERE = "default";

/** Opens the cluster of a kubeconfig with a token. */
export async function rightProbe(kubeconfig: string): Promise<RightProbe> {
  const { server, client, headers } = await clusterClient(kubeconfig);
  const ask = async (method: string, path: string, body: unknown): Promise<Response> =>
    await fetch(`${server}${path}`, {
      method,
      headers: {
        ...headers,
        "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
      },
      body: method === "GET" ? null : JSON.stringify(body),
      client,
    });
  return {
    async isAllowed(right, namespace) {
      const response = await ask(METHODS[right.verb] ?? "GET", pathOf(right, namespace), {});
      await response.body?.cancel();
      if (response.status === 401) throw new Error("Cannot probe rights: the token is not taken");
      return response.status !== 403;
    },
    async rulesIn(namespace) {
      const path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
      const response = await ask("POST", path, {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectRulesReview",
        spec: { namespace },
      });
      const { status } = await response.json();
      if (status.incomplete === true) throw new Error(`Cannot list rights: ${status.evaluationError}`);
      return status.resourceRules;
    },
    [Symbol.dispose]: () => client.close(),
  };
}

/** Rights are judged before anybody looks whether what is asked for exists, or in which version. */
function pathOf({ verb, group, resource: path, names }: Right, namespace: string | undefined): string {
  const [resource = "", subresource] = path.split("/");
  const [name] = names ?? [];
  const gvr = { group, version: "v1", resource };
  if (OF_ONE.has(verb)) {
    const query = verb === "get" ? "" : "?dryRun=All";
    return `${resourcePath(gvr, namespace ?? ELSEWHERE, name ?? "probe", subresource)}${query}`;
  }
  if (verb === "create") return `${resourcePath(gvr, namespace ?? ELSEWHERE)}?dryRun=All`;
  const query = new URLSearchParams({
    ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
    ...(verb === "watch" ? { watch: "true", timeoutSeconds: "1" } : { limit: "1" }),
  });
  return `${resourcePath(gvr, namespace)}?${query}`;
}
