import assert from "node:assert/strict";
import { definitionFiles } from "./crd_files.ts";

for (const { name, path, text } of definitionFiles()) {
  Deno.test(`${name} is what the schemas in src/model say`, () => {
    assert.equal(
      Deno.readTextFileSync(path),
      text,
      `${name} differs from the schemas; write it anew with \`deno task crds:write\``,
    );
  });
}

Deno.test("chart/crds holds nothing but generated files", () => {
  const folder = new URL("../../chart/crds/", import.meta.url);
  const found = [...Deno.readDirSync(folder)].map((entry) => `chart/crds/${entry.name}`).sort();
  assert.deepEqual(found, definitionFiles().map((file) => file.name).sort());
});
