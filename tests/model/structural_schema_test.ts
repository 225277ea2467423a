import assert from "node:assert/strict";
import { z } from "zod";
import type { JsonObject } from "../../src/model/json.ts";
import { structuralSchema } from "../../src/model/structural_schema.ts";

const cases: readonly { readonly name: string; readonly given: z.ZodType; readonly expected: JsonObject }[] =
  [
    {
      name: "a strict object loses additionalProperties, which would not be structural",
      given: z.strictObject({ a: z.string(), b: z.boolean().optional() }),
      expected: {
        type: "object",
        properties: { a: { type: "string" }, b: { type: "boolean" } },
        required: ["a"],
      },
    },
    {
      name: "an object of free JSON keeps what nobody described",
      given: z.record(z.string(), z.json()),
      expected: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    },
    {
      name: "a JSON value has no type",
      given: z.strictObject({ any: z.json() }),
      expected: {
        type: "object",
        properties: { any: { "x-kubernetes-preserve-unknown-fields": true } },
        required: ["any"],
      },
    },
    {
      name: "a record is additionalProperties",
      given: z.record(z.string(), z.number().min(0).max(1)),
      expected: { type: "object", additionalProperties: { type: "number", minimum: 0, maximum: 1 } },
    },
    {
      name: "a partial record over an enum is an object with exactly those fields",
      given: z.partialRecord(z.enum(["high", "low"]), z.string().max(3)),
      expected: {
        type: "object",
        properties: { high: { type: "string", maxLength: 3 }, low: { type: "string", maxLength: 3 } },
      },
    },
    {
      name: "an integer within 32 bits is an int32",
      given: z.int().min(1).max(1000),
      expected: { type: "integer", format: "int32", minimum: 1, maximum: 1000 },
    },
    {
      name: "any other integer is an int64",
      given: z.int().min(0),
      expected: { type: "integer", format: "int64", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    },
    {
      name: "an exclusive bound is a bound and a flag",
      given: z.number().gt(0).lt(10),
      expected: { type: "number", minimum: 0, exclusiveMinimum: true, maximum: 10, exclusiveMaximum: true },
    },
    {
      name: "a time is checked by the server's own format",
      given: z.iso.datetime({ offset: true }),
      expected: { type: "string", format: "date-time" },
    },
    {
      name: "a pattern has no escapes that only JavaScript needs",
      given: z.string().regex(/^\/a\.b$/),
      expected: { type: "string", pattern: "^/a\\.b$" },
    },
    {
      name: "lists, enums and descriptions stay",
      given: z.array(z.enum(["a", "b"])).max(2).describe("Letters"),
      expected: {
        description: "Letters",
        type: "array",
        maxItems: 2,
        items: { type: "string", enum: ["a", "b"] },
      },
    },
    {
      name: "x-kubernetes-validations stay",
      given: z.strictObject({}).meta({ "x-kubernetes-validations": [{ rule: "true", message: "m" }] }),
      expected: {
        type: "object",
        properties: {},
        "x-kubernetes-validations": [{ rule: "true", message: "m" }],
      },
    },
  ];
for (const { name, given, expected } of cases) {
  Deno.test(`structural schema: ${name}`, () => assert.deepEqual(structuralSchema(given), expected));
}

const refused: readonly { readonly name: string; readonly given: z.ZodType; readonly message: RegExp }[] = [
  {
    name: "a union",
    given: z.strictObject({ a: z.union([z.string(), z.number()]) }),
    message: /^Cannot make a structural schema of spec\.a: it must have exactly one type, given /,
  },
  {
    name: "a tuple",
    given: z.strictObject({ a: z.tuple([z.string(), z.number()]) }),
    message: /^Cannot make a structural schema of spec\.a: items must be one schema, given /,
  },
  {
    name: "a pattern with look-ahead",
    given: z.strictObject({ a: z.array(z.string().regex(/^(?!x)/)) }),
    message: /^Cannot make a structural schema of spec\.a\[\]: a pattern must be one that RE2 knows, given /,
  },
  {
    name: "a multiple",
    given: z.number().multipleOf(5),
    message: /^Cannot make a structural schema of spec: multipleOf has no structural form, given 5$/,
  },
  {
    name: "a record whose keys follow a pattern",
    given: z.record(z.string().regex(/^a/), z.string()),
    message: /keys of a record must be any text/,
  },
];
for (const { name, given, message } of refused) {
  Deno.test(`structural schema: ${name} is refused, because Kubernetes cannot say it`, () => {
    assert.throws(() => structuralSchema(given), { name: "TypeError", message });
  });
}
