import assert from "node:assert/strict";
import { schemaDifferences } from "../../src/cli/definition_differences.ts";
import type { Json } from "../../src/model/json.ts";

const ours = {
  type: "object",
  properties: {
    list: { type: "array", items: { type: "object", properties: { a: { type: "string", maxLength: 5 } } } },
    word: { type: "string", enum: ["one", "two"] },
    // A field may be called as a keyword is.
    enum: { type: "string", description: "Words" },
  },
};

const cases: readonly (readonly [string, Json | undefined, readonly string[], readonly string[]])[] = [
  ["nothing", undefined, [], [""]],
  ["the same", structuredClone(ours), [], []],
  ["no fields", { type: "object" }, ["list", "word", "enum"], []],
  [
    "another limit below a list",
    {
      ...ours,
      properties: {
        ...ours.properties,
        list: {
          items: { properties: { a: { maxLength: 4, type: "string" } }, type: "object" },
          type: "array",
        },
      },
    },
    [],
    ["list[].a"],
  ],
  [
    "any word",
    { ...ours, properties: { ...ours.properties, word: { type: "string" } } },
    [],
    [],
  ],
  [
    "a word less",
    { ...ours, properties: { ...ours.properties, word: { type: "string", enum: ["one", "three"] } } },
    ['word "two"'],
    [],
  ],
  [
    "a field that is none",
    { ...ours, properties: { ...ours.properties, enum: "string" } },
    [],
    ["enum"],
  ],
];
for (const [name, served, lacking, differing] of cases) {
  Deno.test(`a served schema with ${name}`, () => {
    assert.deepEqual(schemaDifferences(ours, served), { lacking, differing });
  });
}
