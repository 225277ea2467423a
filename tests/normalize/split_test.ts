import assert from "node:assert/strict";
import type { Json } from "../../src/model/json.ts";
import { split } from "../../src/normalize/split.ts";

Deno.test("Arrays and lists are split into their items, all else is one part", () => {
  const a = { a: 1 };
  const b = { b: 2 };
  const list = { apiVersion: "v1", kind: "List" };
  const cases: readonly [Json, readonly (Json | string)[]][] = [
    [a, [a]],
    [[a, b], [a, b]],
    [[a, 7, [b], null], [a, "other", "other", "other"]],
    [[], ["other"]],
    [null, ["other"]],
    ["text", ["other"]],
    [{ ...list, items: [a, b] }, [a, b]],
    [{ ...list, items: [] }, []],
    [{ ...list, items: null }, []],
    [{ ...list, items: "x" }, ["other"]],
    [{ ...list, items: [{ ...list, items: [a] }, "x"] }, [a, "other"]],
    [[{ ...list, items: [a] }, b], [a, b]],
    [list, [list]],
    [{ kind: "List", items: [a] }, [{ kind: "List", items: [a] }]],
    [{ apiVersion: "g/v1", kind: "ThingList", items: [a, { kind: "Other", b: 2 }] }, [
      { apiVersion: "g/v1", kind: "Thing", a: 1 },
      { apiVersion: "g/v1", kind: "Other", b: 2 },
    ]],
  ];
  for (const [payload, expected] of cases) {
    const given = split(payload).map((part) => part.kind === "object" ? part.payload : part.kind);
    assert.deepEqual(given, expected, JSON.stringify(payload));
  }
});

Deno.test("Lists in lists end somewhere", () => {
  let deep: Json = { apiVersion: "v1", kind: "List", items: [] };
  for (let level = 0; level < 10_000; level++) deep = { apiVersion: "v1", kind: "List", items: [deep] };
  assert.deepEqual(split(deep).map(({ kind }) => kind), ["other"]);
});
