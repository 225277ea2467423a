import { stringify } from "yaml";
import { at, isJsonObject, type Json, listAt, textAt } from "../../src/model/json.ts";
import { PATTERNS } from "../chart/patterns.ts";
import { goldenOf } from "../chart/render.ts";
import { objectsOf, ofKind } from "../chart/rights.ts";
import type { ControlPlane } from "../control_plane/control_plane.ts";
import { adminClient } from "./admin_client.ts";

/** Who the pods of a release are, and what they may do: both as the chart renders them. */
export interface ChartAccount {
  readonly namespace: string;
  /** As the API server knows all of them. */
  readonly user: string;
  /** Its Roles and ClusterRoles. */
  readonly roles: readonly Json[];
  /** What the chart says to its pods in their environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Writes a kubeconfig with the token of a pod of that name, as the kubelet asks for one, and returns its path. */
  kubeconfigFor(pod: string): Promise<string>;
  /** Takes every rule away that `isTaken` says, and returns what gives them back. */
  revoke(isTaken: (rule: Json) => boolean): Promise<() => Promise<void>>;
}

/** What an account consists of; the other objects of the chart are not needed to act as it. */
const KINDS = ["ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];

/**
 * Creates the account of a pattern, with its rights and all namespaces that they lie in.
 *
 * @param name of a pattern whose golden file is what the chart renders
 */
export async function installAccount(plane: ControlPlane, name: string): Promise<ChartAccount> {
  const pattern = PATTERNS.find((one) => one.name === name);
  if (pattern === undefined) throw new Error(`Cannot install pattern ${name}: there is none of that name`);
  const rendered = objectsOf(await Deno.readTextFile(goldenOf(pattern)));
  const objects = rendered.filter(isJsonObject).filter(({ kind }) => KINDS.includes(String(kind)));
  const apply = (changed: readonly object[]): Promise<void> =>
    plane.applyYaml(changed.map((object) => stringify(object)).join("---\n"));
  const { namespace } = pattern;
  const places = new Set([
    namespace,
    ...objects.flatMap((object) => textAt(object, "metadata", "namespace") ?? []),
  ]);
  const namespaces = [...places].map((place) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: place },
  }));
  await apply([...namespaces, ...objects]);
  const [workload = null] = ofKind(rendered, "Deployment");
  const template = at(workload, "spec", "template");
  const account = textAt(template, "spec", "serviceAccountName") ?? "";
  const [container = null] = listAt(template, "spec", "containers");
  const env = listAt(container, "env").flatMap((one): [string, string][] => {
    const value = textAt(one, "value");
    return value === undefined ? [] : [[textAt(one, "name") ?? "", value]];
  });
  const roles = objects.filter(({ kind }) => kind === "Role" || kind === "ClusterRole");
  return {
    namespace,
    user: `system:serviceaccount:${namespace}:${account}`,
    roles,
    env: Object.fromEntries(env),
    async kubeconfigFor(pod) {
      const labels = at(template, "metadata", "labels");
      const metadata = { name: pod, namespace, labels };
      const object = { apiVersion: "v1", kind: "Pod", metadata, spec: at(template, "spec") };
      // It is never scheduled: it stands for the process that a test starts.
      await apply([object]);
      return await plane.kubeconfigFor({ serviceAccount: { namespace, name: account, pod } });
    },
    async revoke(isTaken) {
      const concerned = roles.filter((role) => listAt(role, "rules").some(isTaken));
      if (concerned.length === 0) throw new Error("Cannot revoke rights: no rule of the chart gives them");
      // Quicker than kubectl, for what is done once for each rule.
      const put = async (rulesOf: (role: Json) => readonly Json[]): Promise<void> => {
        using admin = adminClient(plane.kubeconfig);
        for (const role of concerned) {
          const resource = role["kind"] === "Role" ? "roles" : "clusterroles";
          const place = { group: "rbac.authorization.k8s.io", version: "v1", resource };
          const within = textAt(role, "metadata", "namespace") ?? "";
          const name = textAt(role, "metadata", "name") ?? "";
          await admin.patch(place, within, name, { rules: rulesOf(role) });
        }
      };
      await put((role) => listAt(role, "rules").filter((rule) => !isTaken(rule)));
      return () => put((role) => listAt(role, "rules"));
    },
  };
}
