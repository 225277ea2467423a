import { isJsonObject, type Json, type JsonObject, listAt } from "../../src/model/json.ts";

/** One field of a resource, as its definition says it. */
export interface SchemaField {
  /** As one writes it, e.g. `spec.logs.patterns[].regex`; a record's values have `spec.x.*`. */
  readonly path: string;
  readonly schema: JsonObject;
  readonly isRequired: boolean;
  /** True for a value, false for a block of further fields. */
  readonly isLeaf: boolean;
}

/** Every field below a structural schema, in the order in which the schema names them. */
export function schemaFields(schema: JsonObject, path: string): readonly SchemaField[] {
  const { properties } = schema;
  if (!isJsonObject(properties)) return [];
  const required = listAt(schema, "required");
  return Object.entries(properties).flatMap(([name, child]) => {
    if (!isJsonObject(child)) return [];
    return fieldsAt(child, `${path}.${name}`, required.includes(name));
  });
}

function fieldsAt(schema: JsonObject, path: string, isRequired: boolean): readonly SchemaField[] {
  const { items } = schema;
  const inner = isJsonObject(items) && isJsonObject(items.properties)
    ? schemaFields(items, `${path}[]`)
    : schemaFields(schema, path);
  return [{ path, schema, isRequired, isLeaf: inner.length === 0 }, ...inner];
}

/** The paths of {@link schemaFields} at which an object has a value. */
export function givenPaths(value: Json, path: string): readonly string[] {
  if (Array.isArray(value)) return [path, ...value.flatMap((item) => givenPaths(item, `${path}[]`))];
  if (!isJsonObject(value)) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([name, item]) => givenPaths(item ?? null, `${path}.${name}`)),
  ];
}

/** The schema of a resource's spec or status in its CustomResourceDefinition. */
export function schemaOf(definition: { readonly spec: JsonObject }, part: "spec" | "status"): JsonObject {
  const [version] = listAt(definition.spec, "versions");
  const schema = [
    "schema",
    "openAPIV3Schema",
    "properties",
    part,
  ].reduce<Json | undefined>((at, name) => isJsonObject(at) ? at[name] : undefined, version);
  if (!isJsonObject(schema)) throw new Error(`The definition has no schema of its ${part}`);
  return schema;
}
