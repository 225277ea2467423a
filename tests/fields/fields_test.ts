import assert from "node:assert/strict";
import { ingesterDefinition } from "../../src/model/crd.ts";
import { textOf } from "../guards/checkout_files.ts";
import { schemaFields, schemaOf } from "../support/schema_fields.ts";
import { seen } from "./effects.ts";
import { FIELD_ROWS } from "./table.ts";

for (const { field, spec, without, see, gives, otherwise, shownBy = [] } of FIELD_ROWS) {
  Deno.test(`${field} has its effect`, async () => {
    assert.deepEqual(await seen(see, spec), gives, "with it");
    assert.deepEqual(await seen(see, without), otherwise, "without it");
    assert.notDeepEqual(gives, otherwise, "a value that changes nothing shows nothing");
    for (const reference of shownBy) {
      const [file = "", name = ""] = reference.split(/: (.*)/, 2);
      assert.ok((textOf(file) ?? "").includes(name), `There must be a test so named: ${reference}`);
    }
  });
}

Deno.test("Every field of an Ingester's spec has its row, and no row is about anything else", () => {
  const leaves = schemaFields(schemaOf(ingesterDefinition(), "spec"), "spec").filter(({ isLeaf }) => isLeaf)
    .map(({ path }) => path);
  const rows = FIELD_ROWS.map(({ field }) => field);
  assert.deepEqual(leaves.filter((path) => !rows.includes(path)), []);
  assert.deepEqual(rows.filter((path) => !leaves.includes(path)), []);
  assert.equal(new Set(rows).size, rows.length);
});
