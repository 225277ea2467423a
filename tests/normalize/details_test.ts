import assert from "node:assert/strict";
import type { Json, JsonObject } from "../../src/model/json.ts";
import { makeDetails, MAX_DETAILS_BYTES } from "../../src/normalize/details.ts";

const bytes = (value: JsonObject): number => new TextEncoder().encode(JSON.stringify(value)).length;

Deno.test("Members without a value are left out at the top, and only there", () => {
  assert.deepEqual(
    makeDetails({ a: undefined, b: null, c: "", d: [], e: {}, f: 0, g: false, h: { i: null } }),
    {
      f: 0,
      g: false,
      h: { i: null },
    },
  );
});

Deno.test("Details that fit are not touched", () => {
  const details = { text: "x".repeat(30_000) };
  assert.deepEqual(makeDetails(details), details);
});

Deno.test("Details that do not fit are cut to size and marked, whatever is large in them", () => {
  const cases: readonly [string, JsonObject][] = [
    ["one text", { text: "x".repeat(100_000) }],
    ["wide characters", { text: "€𝄞".repeat(20_000) }],
    ["a list", { list: Array.from({ length: 20_000 }, (_, index) => `item ${index}`) }],
    [
      "many members",
      Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`key-${index}`, "some value"])),
    ],
    ["a wide object", {
      object: Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, index])),
    }],
    ["long keys", { ["k".repeat(50_000)]: 1, kept: 2 }],
    ["texts to escape", { text: '"\\\u0001'.repeat(20_000) }],
    ["a tree", { tree: tree(6, 8) as Json }],
  ];
  for (const [what, details] of cases) {
    const cut = makeDetails({ kept: "yes", ...details });
    assert.ok(bytes(cut) <= MAX_DETAILS_BYTES, `${what}: ${bytes(cut)} bytes`);
    assert.equal(cut.truncated, true, what);
    assert.ok(Object.hasOwn(cut, "kept"), what);
  }
});

Deno.test("Of what is cut, as much stays as is useful", () => {
  const cut = makeDetails({ text: "x".repeat(100_000), list: Array.from({ length: 1000 }, () => "item") });
  assert.equal((cut.text as string).length, 4096 - 2);
  assert.equal((cut.list as readonly Json[]).length, 200);
});

function tree(depth: number, width: number): Json {
  if (depth === 0) return "leaf";
  return Object.fromEntries(
    Array.from({ length: width }, (_, index) => [`branch-${index}`, tree(depth - 1, width)]),
  );
}

Deno.test("Of very many members the first are kept, and that is marked", () => {
  const given = Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`k${index}`, 1]));
  const cut = makeDetails(given);
  assert.equal(Object.keys(cut).length, 1000 + 1);
  assert.equal(cut.truncated, true);
  assert.equal(makeDetails({ k: 1 }).truncated, undefined);
});
