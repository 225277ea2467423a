import assert from "node:assert/strict";
import {
  type CustomResourceDefinition,
  customResourceDefinitions,
  ingesterDefinition,
  observationDefinition,
} from "../../src/model/crd.ts";
import { at, isJsonObject, type Json, type JsonObject, listAt, textAt } from "../../src/model/json.ts";

const version = (definition: CustomResourceDefinition): Json =>
  listAt(definition.spec, "versions")[0] ?? null;
const schema = (definition: CustomResourceDefinition): Json | undefined =>
  at(version(definition), "schema", "openAPIV3Schema");

/** The schema of a field, by the JSON path of a column or a selectable field. */
function field(definition: CustomResourceDefinition, jsonPath: string): Json | undefined {
  let here = schema(definition);
  for (const name of jsonPath.replace(/\[\?\(.*?\)\]/, ".[]").split(".").slice(1)) {
    here = name === "[]" ? at(here, "items") : at(here, "properties", name);
  }
  return here;
}

/** Every schema below `schema` with its path. */
function* walk(schema: JsonObject, path: string): Generator<readonly [string, JsonObject]> {
  yield [path, schema];
  const properties = schema.properties;
  for (const [name, child] of Object.entries(isJsonObject(properties) ? properties : {})) {
    if (isJsonObject(child)) yield* walk(child, `${path}.${name}`);
  }
  for (const keyword of ["items", "additionalProperties"]) {
    const child = schema[keyword];
    if (isJsonObject(child)) yield* walk(child, `${path}.*`);
  }
}

Deno.test("the names of both resources are those that people type", () => {
  const names = customResourceDefinitions().map((definition) => [
    definition.metadata.name,
    textAt(definition.spec, "names", "kind"),
    at(definition.spec, "names", "shortNames"),
    textAt(definition.spec, "scope"),
    textAt(version(definition), "name"),
  ]);
  assert.deepEqual(names, [
    ["ingesters.zen.kube-zen.io", "Ingester", ["ingr", "zing"], "Namespaced", "v1alpha1"],
    ["observations.zen.kube-zen.io", "Observation", ["obs", "obsv"], "Namespaced", "v1alpha1"],
  ]);
});

Deno.test("kubectl get obs shows the columns that people look for, and the title when asked", () => {
  const columns = listAt(version(observationDefinition()), "additionalPrinterColumns");
  assert.deepEqual(
    columns.map((column) => [at(column, "name"), at(column, "jsonPath"), at(column, "priority") ?? 0]),
    [
      ["Source", ".spec.source", 0],
      ["Severity", ".spec.severity", 0],
      ["Category", ".spec.category", 0],
      ["Type", ".spec.eventType", 0],
      ["Resource", ".spec.resource.name", 0],
      ["Count", ".status.count", 0],
      ["Age", ".metadata.creationTimestamp", 0],
      ["Title", ".spec.title", 1],
    ],
  );
});

Deno.test("every column shows a field of its own type", () => {
  for (const definition of customResourceDefinitions()) {
    for (const column of listAt(version(definition), "additionalPrinterColumns")) {
      const jsonPath = textAt(column, "jsonPath") ?? "";
      if (jsonPath.startsWith(".metadata.")) continue;
      const found = field(definition, jsonPath);
      const type = textAt(found, "format") === "date-time" ? "date" : textAt(found, "type");
      assert.equal(type, textAt(column, "type"), `${definition.metadata.name} ${jsonPath}`);
    }
  }
});

Deno.test("every selectable field is a text field of spec", () => {
  for (const definition of customResourceDefinitions()) {
    const paths = listAt(version(definition), "selectableFields").map((entry) =>
      textAt(entry, "jsonPath") ?? ""
    );
    assert.ok(paths.length > 0);
    for (const path of paths) assert.equal(textAt(field(definition, path), "type"), "string", path);
  }
});

Deno.test("a new Observation is Active and was seen once", () => {
  assert.deepEqual(at(field(observationDefinition(), ".status"), "default"), { phase: "Active", count: 1 });
});

Deno.test("what the source says beside is kept, whatever its shape", () => {
  for (const path of [".spec.details", ".spec.raw"]) {
    assert.equal(
      at(field(observationDefinition(), path), "x-kubernetes-preserve-unknown-fields"),
      true,
      path,
    );
  }
});

Deno.test("both resources have a status subresource and need a spec", () => {
  for (const definition of customResourceDefinitions()) {
    assert.deepEqual(at(version(definition), "subresources"), { status: {} });
    assert.deepEqual(at(schema(definition), "required"), ["spec"]);
  }
});

Deno.test("the only field that an Ingester must say is its source", () => {
  assert.deepEqual(at(field(ingesterDefinition(), ".spec"), "required"), ["source"]);
});

Deno.test("kubectl explain says something about every field", () => {
  for (const definition of customResourceDefinitions()) {
    for (const part of [".spec", ".status"]) {
      const root = field(definition, part);
      assert.ok(isJsonObject(root));
      const silent = [...walk(root, part)].filter(([path, { description }]) =>
        !path.endsWith(".*") && description === undefined
      );
      assert.deepEqual(silent.map(([path]) => path), [], definition.metadata.name);
    }
  }
});

Deno.test("every text, list and rule has a bound, so that validation costs a bounded time", () => {
  for (const definition of customResourceDefinitions()) {
    const root = schema(definition);
    assert.ok(isJsonObject(root));
    for (const [path, { type, maxLength, maxItems, enum: values, format }] of walk(root, "")) {
      if (path === ".apiVersion" || path === ".kind") continue;
      if (type === "string" && values === undefined && format === undefined) {
        assert.ok(typeof maxLength === "number", `${definition.metadata.name} ${path} needs maxLength`);
      }
      if (type === "array" && !path.startsWith(".metadata")) {
        assert.ok(typeof maxItems === "number", `${definition.metadata.name} ${path} needs maxItems`);
      }
    }
  }
});
