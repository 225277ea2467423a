import assert from "node:assert/strict";
import type { Json } from "../../src/model/json.ts";
import { parsePath, readPath } from "../../src/model/json_path.ts";

const payload: Json = {
  a: { b: [{ "x.y": 1, c: "one" }, { c: "two" }, "text"], "": "empty", "it's": 2 },
  signal: "s",
  $: "dollar",
  lists: [[{ n: 1 }, { n: 2 }], [{ n: 3 }]],
  null: null,
};
const read = (path: string, value: Json = payload): unknown => {
  const parsed = parsePath(path);
  return parsed.kind === "path" ? readPath(value, parsed.steps) : `${parsed.offset}: ${parsed.message}`;
};

Deno.test("A path leads to members, items, quoted names and every item of a list", () => {
  const cases: readonly [string, unknown][] = [
    ["a.b[0].c", "one"],
    ["$.a.b[0]['x.y']", 1],
    ['.a.b[0]["x.y"]', 1],
    ["a['it\\'s']", 2],
    ["a['']", "empty"],
    ["a.b[-1]", "text"],
    ["a.b[*].c", ["one", "two"]],
    ["lists[*][*].n", [1, 2, 3]],
    ["lists[*][0].n", [1, 3]],
    ["signal", "s"],
    ["$['$']", "dollar"],
    ["null", null],
    ["a.b[9].c", undefined],
    ["a.b.c", undefined],
    ["a[0]", undefined],
    ["a[*]", undefined],
    ["nothing.at.all", undefined],
  ];
  for (const [path, expected] of cases) assert.deepEqual(read(path), expected, path);
});

Deno.test("What is no path says where", () => {
  const cases: readonly [string, string][] = [
    ["", "0: the path is empty"],
    ["$", "0: the path is empty"],
    ["a..b", "2: a name is expected"],
    ["a.", "2: a name is expected"],
    ["a[", "1: brackets hold a number, * or a quoted name"],
    ["a['b]", "1: brackets hold a number, * or a quoted name"],
    ["a[b]", "1: brackets hold a number, * or a quoted name"],
    ["a b", "1: a dot or a bracket is expected"],
    ["a[0]b", "4: a dot or a bracket is expected"],
    ["a.*", "2: every item of a list is [*]"],
    [Array.from({ length: 33 }, () => "a").join("."), "63: a path has at most 32 steps"],
  ];
  for (const [path, expected] of cases) assert.equal(read(path), expected, path);
});

Deno.test("No path reaches a prototype", () => {
  for (
    const path of ["__proto__", "constructor", "a.__proto__.x", "a.b.length", "a.toString", "signal.length"]
  ) {
    assert.equal(read(path), undefined, path);
  }
  assert.equal(read("constructor", JSON.parse('{"constructor":"own"}')), "own");
});

Deno.test("Every item of a long list is cut at 1000", () => {
  const long = { l: Array.from({ length: 5000 }, (_, n) => ({ n, m: [n, n, n] })) };
  assert.equal((read("l[*].n", long) as unknown[]).length, 1000);
  assert.equal((read("l[*].m[*]", long) as unknown[]).length, 1000);
});
