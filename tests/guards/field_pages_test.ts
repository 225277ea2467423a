import assert from "node:assert/strict";
import { ingesterDefinition, observationDefinition } from "../../src/model/crd.ts";
import { schemaFields, schemaOf } from "../support/schema_fields.ts";
import { textOf } from "./checkout_files.ts";
import { fieldPages } from "./field_pages.ts";

for (const { path, text } of fieldPages()) {
  Deno.test(`${path} is what the schemas in src/model say`, () => {
    assert.equal(
      textOf(path),
      text,
      `${path} differs from the schemas; write it anew with \`deno task docs:write\``,
    );
  });
}

const pages = [
  { path: "docs/ingester.md", definition: ingesterDefinition() },
  { path: "docs/observation.md", definition: observationDefinition() },
];
for (const { path, definition } of pages) {
  Deno.test(`${path} has a line with a meaning for every field`, () => {
    const lines = (textOf(path) ?? "").split("\n");
    for (const part of ["spec", "status"] as const) {
      for (const field of schemaFields(schemaOf(definition, part), part)) {
        const line = lines.find((one) => one.startsWith(`| \`${field.path}\``));
        assert.match(line ?? "", /\| [^|]*\w[^|]* \|$/, field.path);
      }
    }
  });
}
