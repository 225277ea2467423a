import type { IngesterSpec } from "../../src/model/ingester.ts";
import { ALERTS, FINDINGS } from "./loose_definition.ts";

const open = { webhook: { auth: { type: "none" } } } as const;
const own = (group: string, resource: string): IngesterSpec => ({
  source: `own-${resource}`,
  ingester: "informer",
  informer: { gvr: { group, version: "v1", resource } },
});
const written = [ALERTS, FINDINGS].map(({ group, plural }) => ({
  type: "crd" as const,
  gvr: { group, version: "v1", resource: plural },
}));

/** Between them they use all that the chart can give. */
export const AT_HOME: Readonly<Record<string, IngesterSpec>> = {
  "events": { source: "kubernetes-events" },
  // It overlaps, of which an Event tells.
  "production": { source: "kubernetes-events", namespaces: ["production"] },
  "trivy": { source: "trivy" },
  "kyverno": { source: "kyverno" },
  "cert-manager": { source: "cert-manager" },
  "kube-bench": { source: "kube-bench" },
  "sealed-secrets": { source: "sealed-secrets" },
  "deployments": own("apps", "deployments"),
  "newer-events": own("events.k8s.io", "events"),
  "falco": {
    source: "falco",
    webhook: { auth: { type: "bearer", secretName: "falco-token" } },
    destinations: [{ type: "crd", value: "observations" }, ...written],
    ttl: { default: "1s" },
  },
  "alerts": { source: "alertmanager", ...open },
};
/** The same twice, of which an Event tells here too. */
export const OF_THE_TENANT: Readonly<Record<string, IngesterSpec>> = {
  "first": { source: "kubernetes-events" },
  "second": { source: "kubernetes-events", dryRun: true },
};
