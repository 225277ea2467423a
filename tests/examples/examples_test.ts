import assert from "node:assert/strict";
import type { Json } from "../../src/model/json.ts";
import { ingesterDefinition } from "../../src/model/crd.ts";
import { givenPaths, schemaFields, schemaOf } from "../support/schema_fields.ts";
import { exampleNames, examples } from "./examples.ts";
import { RECEIVED_AT, runOffline } from "./offline.ts";
import { README, readmeText } from "./readme.ts";
import { goldenText } from "./shown.ts";

const all = examples(RECEIVED_AT);
const ANEW = "write it anew with `deno task examples:write` and look at what changed";

for (const example of all) {
  Deno.test(`The signals of config/examples/${example.name}.yaml become what its golden file says`, async () => {
    const golden = Deno.readTextFileSync(new URL(`golden/${example.name}.yaml`, import.meta.url));
    assert.equal(goldenText(example.name, await runOffline(example)), golden, ANEW);
  });

  Deno.test(`config/examples/${example.name}.yaml begins with a comment and has its own name`, () => {
    assert.match(example.text, /^# \S/);
    assert.equal(example.ingester.metadata.name, example.name);
  });
}

Deno.test("Every field of an Ingester's spec is in one of the examples", () => {
  const given = new Set(all.flatMap(({ ingester }) => givenPaths(ingester.spec as unknown as Json, "spec")));
  const fields = schemaFields(schemaOf(ingesterDefinition(), "spec"), "spec");
  const missing = fields.map(({ path }) => path).filter((path) => !given.has(path));
  assert.deepEqual(missing, []);
});

Deno.test("Signals and golden files are those of the examples", () => {
  for (const folder of ["signals", "golden"]) {
    const found = [...Deno.readDirSync(new URL(`${folder}/`, import.meta.url))].map(({ name }) => name)
      .sort();
    assert.deepEqual(found, exampleNames().map((name) => `${name}.yaml`).sort(), folder);
  }
});

Deno.test("config/examples/README.md lists them", () => {
  assert.equal(Deno.readTextFileSync(README), readmeText(all), ANEW);
});
