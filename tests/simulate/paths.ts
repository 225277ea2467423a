import type { Resource } from "./store.ts";

/** What a path of the API names. */
export interface Named {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

const PREFIXES: readonly (readonly [string, readonly Resource[]])[] = [
  ["/api/v1", ["events", "configmaps"]],
  ["/apis/wgpolicyk8s.io/v1alpha2", ["policyreports"]],
  ["/apis/coordination.k8s.io/v1", ["leases"]],
  ["/apis/zen.kube-zen.io/v1alpha1", ["observations", "ingesters"]],
];
const KINDS: Readonly<Record<Resource, string>> = {
  events: "Event",
  configmaps: "ConfigMap",
  policyreports: "PolicyReport",
  leases: "Lease",
  observations: "Observation",
  ingesters: "Ingester",
};

/** Reads a path; undefined when the model serves nothing there. */
export function readPath(path: string): Named | undefined {
  const found = PREFIXES.find(([prefix]) => path.startsWith(`${prefix}/`));
  if (found === undefined) return undefined;
  const parts = path.slice(found[0].length + 1).split("/").map(decodeURIComponent);
  const namespace = parts[0] === "namespaces" ? parts[1] : undefined;
  const [resource, name, subresource] = parts.slice(namespace === undefined ? 0 : 2);
  const known = found[1].find((one) => one === resource);
  return known === undefined ? undefined : { resource: known, namespace, name, subresource };
}

/** What discovery says of a group and version; undefined when the path is none of discovery. */
export function discoveryAt(path: string): unknown {
  const found = PREFIXES.find(([prefix]) => path === prefix);
  if (found === undefined) return undefined;
  return { resources: found[1].map((name) => ({ name, kind: KINDS[name], namespaced: true })) };
}

/** Key of an object in the store. */
export function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
