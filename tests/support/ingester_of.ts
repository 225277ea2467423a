import type { CompileSettings } from "../../src/ingesters/compile.ts";
import type { Ingester, IngesterSpec } from "../../src/model/ingester.ts";

/** Settings of a watcher in namespace zen that watches everything. */
export const COMPILE_SETTINGS: CompileSettings = {
  podNamespace: "zen",
  watchNamespaces: [],
  dedupWindowSeconds: 60,
  observationTtlSeconds: 3600,
  maxRequestBytes: 12 * 1024 * 1024,
  hasClientCa: false,
  destinationAllowlist: [],
};

/** An Ingester as the API server shows it. */
export function ingesterOf(
  name: string,
  spec: IngesterSpec,
  more: Partial<Ingester["metadata"]> & { readonly status?: Ingester["status"] } = {},
): Ingester {
  const { status, ...metadata } = more;
  return {
    apiVersion: "zen.kube-zen.io/v1alpha1",
    kind: "Ingester",
    metadata: {
      name,
      namespace: "zen",
      uid: `uid-${name}`,
      resourceVersion: "1",
      generation: 1,
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...metadata,
    },
    spec,
    ...(status === undefined ? {} : { status }),
  };
}
