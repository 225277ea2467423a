import type { KubernetesObject } from "@kubernetes/client-node";

/** A VulnerabilityReport about a Deployment of its name with so many findings, the first of them critical. */
export function vulnerabilityReport(name: string, namespace: string, findings: number): KubernetesObject {
  const report: object = {
    apiVersion: "aquasecurity.github.io/v1alpha1",
    kind: "VulnerabilityReport",
    metadata: {
      name,
      namespace,
      labels: {
        "trivy-operator.resource.kind": "Deployment",
        "trivy-operator.resource.name": name,
        "trivy-operator.resource.namespace": namespace,
        "trivy-operator.container.name": "main",
      },
    },
    report: {
      updateTimestamp: "2026-01-01T00:00:00Z",
      artifact: { repository: name, tag: "1" },
      os: { family: "debian", name: "12" },
      registry: { server: "index.docker.io" },
      scanner: { name: "Trivy", vendor: "Aqua Security", version: "0.50.0" },
      summary: { criticalCount: 0, highCount: 0, lowCount: 0, mediumCount: 0, unknownCount: 0 },
      vulnerabilities: Array.from({ length: findings }, (_, index) => ({
        vulnerabilityID: `CVE-2026-${String(index).padStart(4, "0")}`,
        resource: "openssl",
        installedVersion: "1",
        fixedVersion: "2",
        severity: index === 0 ? "CRITICAL" : "HIGH",
        title: `About finding ${index}`,
        primaryLink: "",
        links: [],
        target: "",
        publishedDate: "",
        lastModifiedDate: "",
      })),
    },
  };
  return report as KubernetesObject;
}
