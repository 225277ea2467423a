import { ingesterSpecSchema, ingesterStatusSchema } from "./ingester_schema.ts";
import type { Json, JsonObject } from "./json.ts";
import { GROUP, observationSpecSchema, observationStatusSchema, VERSION } from "./observation.ts";
import { structuralSchema } from "./structural_schema.ts";

/** apiextensions.k8s.io/v1 CustomResourceDefinition, as far as ours differ. */
export interface CustomResourceDefinition {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: { readonly name: string };
  readonly spec: JsonObject;
}

interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly jsonPath: string;
  readonly description: string;
  /** 1: shown by `-o wide` only. */
  readonly priority?: 1;
}

interface Resource {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly columns: readonly Column[];
  readonly selectableFields: readonly string[];
  readonly schema: {
    readonly spec: JsonObject;
    readonly status: JsonObject;
    readonly validations?: readonly Json[];
  };
}

const AGE: Column = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description: "Since its creation",
};

/** The CustomResourceDefinition of Observations. */
export function observationDefinition(): CustomResourceDefinition {
  return definition({
    kind: "Observation",
    plural: "observations",
    shortNames: ["obs", "obsv"],
    description: "One finding of a security or operations tool, as zen-watcher saw it",
    columns: [
      { name: "Source", type: "string", jsonPath: ".spec.source", description: "Source that saw it" },
      { name: "Severity", type: "string", jsonPath: ".spec.severity", description: "How bad it is" },
      { name: "Category", type: "string", jsonPath: ".spec.category", description: "Kind of concern" },
      { name: "Type", type: "string", jsonPath: ".spec.eventType", description: "What happened" },
      { name: "Resource", type: "string", jsonPath: ".spec.resource.name", description: "What it is about" },
      { name: "Count", type: "integer", jsonPath: ".status.count", description: "How often it was seen" },
      AGE,
      { name: "Title", type: "string", jsonPath: ".spec.title", description: "One line", priority: 1 },
    ],
    selectableFields: [
      ".spec.source",
      ".spec.severity",
      ".spec.category",
      ".spec.resource.kind",
      ".spec.resource.name",
    ],
    schema: {
      spec: structuralSchema(observationSpecSchema),
      // One request creates an Observation with a status that shows.
      status: { ...structuralSchema(observationStatusSchema), default: { phase: "Active", count: 1 } },
    },
  });
}

/** The CustomResourceDefinition of Ingesters. */
export function ingesterDefinition(): CustomResourceDefinition {
  const ready = '.status.conditions[?(@.type=="Ready")]';
  return definition({
    kind: "Ingester",
    plural: "ingesters",
    shortNames: ["ingr", "zing"],
    description: "What zen-watcher takes in: a source, where it is read or received, and what is kept of it",
    columns: [
      { name: "Source", type: "string", jsonPath: ".spec.source", description: "Name of the source" },
      { name: "Ready", type: "string", jsonPath: `${ready}.status`, description: "Condition Ready" },
      { name: "Reason", type: "string", jsonPath: `${ready}.reason`, description: "Why it is, or is not" },
      {
        name: "Last Signal",
        type: "date",
        jsonPath: ".status.lastSignalTime",
        description: "Since the last signal that the leader saw",
      },
      AGE,
      { name: "Message", type: "string", jsonPath: `${ready}.message`, description: "In words", priority: 1 },
    ],
    selectableFields: [".spec.source"],
    schema: {
      spec: structuralSchema(ingesterSpecSchema),
      status: structuralSchema(ingesterStatusSchema),
      validations: [{
        rule: "size(self.metadata.name) <= 63",
        message: "name of an Ingester must be at most 63 characters",
      }],
    },
  });
}

/** Both CustomResourceDefinitions, in the order in which they are applied. */
export function customResourceDefinitions(): readonly CustomResourceDefinition[] {
  return [ingesterDefinition(), observationDefinition()];
}

function definition(resource: Resource): CustomResourceDefinition {
  const { kind, plural, shortNames, schema } = resource;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [...shortNames],
        categories: ["zen-watcher"],
      },
      versions: [{
        name: VERSION,
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: resource.columns.map((column) => ({ ...column })),
        selectableFields: resource.selectableFields.map((jsonPath) => ({ jsonPath })),
        schema: {
          openAPIV3Schema: {
            description: resource.description,
            type: "object",
            required: ["spec"],
            properties: {
              apiVersion: { type: "string" },
              kind: { type: "string" },
              metadata: { type: "object" },
              spec: schema.spec,
              status: schema.status,
            },
            ...(schema.validations === undefined ? {} : { "x-kubernetes-validations": schema.validations }),
          },
        },
      }],
    },
  };
}
