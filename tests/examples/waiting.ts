import type { IngesterSpec } from "../../src/model/ingester.ts";

/** What the schema takes and the program refuses as not supported yet; each needs an example as soon as it is. */
export const WAITING: readonly { readonly path: string; readonly spec: IngesterSpec }[] = [
  {
    path: "spec.informer.resyncPeriod",
    spec: { source: "trivy", informer: { resyncPeriod: "1h" } },
  },
  { path: "spec.rateLimit", spec: { source: "falco", rateLimit: { requestsPerSecond: 10, burst: 20 } } },
  {
    path: "spec.budget",
    spec: { source: "falco", budget: { maxObservations: 10, onExceed: "reject" } },
  },
  {
    path: "spec.errorHandling",
    spec: {
      source: "falco",
      errorHandling: {
        retry: { maxAttempts: 3, backoff: "constant", backoffBase: "1s" },
        deadLetter: false,
      },
    },
  },
  {
    path: "spec.destinations[].gvr",
    spec: {
      source: "falco",
      destinations: [{ type: "crd", gvr: { group: "example.com", version: "v1", resource: "findings" } }],
    },
  },
];

/** True for a field that waits, or lies in a block that does. */
export function isWaiting(path: string): boolean {
  return WAITING.some((one) => path === one.path || path.startsWith(`${one.path}.`));
}
