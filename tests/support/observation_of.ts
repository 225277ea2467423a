import type { Finding } from "../../src/model/finding.ts";
import type { Observation, Origin } from "../../src/model/observation.ts";
import { buildObservation } from "../../src/write/build_observation.ts";

/** A report of Trivy in namespace a. */
export function reportOf(name: string): Origin {
  return { apiVersion: "aquasecurity.github.io/v1alpha1", kind: "VulnerabilityReport", namespace: "a", name };
}

/** An Observation of a finding that shows a state, as the program builds it. */
export function observationOf(
  name: string,
  more: {
    readonly origin?: Origin | undefined;
    readonly ingester?: string;
    readonly finding?: Partial<Finding>;
  } = {},
): Observation {
  const finding: Finding = {
    category: "security",
    severity: "high",
    eventType: "vulnerability",
    title: name,
    resource: { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "a" },
    details: { package: "openssl" },
    identity: [name],
    isWindowed: false,
    isState: true,
    ...more.finding,
  };
  return buildObservation(finding, { hash: name, name }, {
    source: "trivy",
    namespace: "a",
    ingester: { namespace: "zen", name: more.ingester ?? "trivy" },
    origin: "origin" in more ? more.origin : reportOf("web"),
    receivedAt: "2026-01-02T12:00:00.000Z",
    ttlSeconds: 60,
  });
}
