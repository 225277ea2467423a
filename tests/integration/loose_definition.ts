/** The name of a custom resource, in all its forms. */
export interface ResourceNames {
  readonly group: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
}

/** The definition of a custom resource of version v1 in namespaces, of whatever shape. */
export function looseDefinition({ group, plural, singular, kind }: ResourceNames): object {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural, singular, kind, listKind: `${kind}List` },
      versions: [{
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      }],
    },
  };
}

/** What the chart's pattern of the tests lets Ingesters write beside Observations. */
export const ALERTS: ResourceNames = {
  group: "example.com",
  plural: "alerts",
  singular: "alert",
  kind: "Alert",
};
/** The other custom resource of destinations.yaml. */
export const FINDINGS: ResourceNames = {
  group: "security.example.com",
  plural: "findings",
  singular: "finding",
  kind: "Finding",
};
