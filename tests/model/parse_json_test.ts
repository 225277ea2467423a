import assert from "node:assert/strict";
import type { Json } from "../../src/model/json.ts";
import { MAX_JSON_DEPTH, parseApiJson, parseJson } from "../../src/model/parse_json.ts";
import { isDeeperThan } from "../../src/normalize/depth.ts";

const numbers: readonly (readonly [text: string, parsed: unknown])[] = [
  ["0", 0],
  ["-0.5", -0.5],
  ["9007199254740991", 9007199254740991],
  ["9007199254740992", "9007199254740992"],
  ["9007199254740993", "9007199254740993"],
  ["-9007199254740993", "-9007199254740993"],
  ["1507591916000000000", "1507591916000000000"],
  ["0.12345678901234567890", Number("0.12345678901234567890")],
  ["1e3", 1000],
  ["1e21", 1e21],
  ["1e400", "1e400"],
  ["-1E+400", "-1E+400"],
  ["1" + "0".repeat(400), "1" + "0".repeat(400)],
  ['"12345678901234567890"', "12345678901234567890"],
];

for (const [text, parsed] of numbers) {
  Deno.test(`the JSON ${text.slice(0, 30)} is read without losing digits`, () => {
    assert.deepEqual(parseJson(text), parsed);
    assert.deepEqual(parseJson(`{"a":[${text}]}`), { a: [parsed] });
  });
}

Deno.test("nothing else is changed when one number is long", () => {
  const text = '{"a":1,"b":[true,null,"x",2.5],"evt.time":1507591916000000000,"c":{}}';
  assert.deepEqual(parseJson(text), {
    a: 1,
    b: [true, null, "x", 2.5],
    "evt.time": "1507591916000000000",
    c: {},
  });
});

const strings: readonly string[] = [
  "plain 12345678901234567890",
  'a "quoted" 12345678901234567890',
  "ends in a backslash \\",
  '\\" ,12345678901234567890',
  ":12345678901234567890,",
  "\\\\\\",
  "",
];

Deno.test("what stands in a string is never taken for a number", () => {
  const value = { text: strings, [strings[1] ?? ""]: "x" };
  const text = JSON.stringify(value);
  assert.deepEqual(parseJson(`{"n":9007199254740993,${text.slice(1)}`), { n: "9007199254740993", ...value });
  assert.deepEqual(parseJson(JSON.stringify(value, null, 2)), value);
});

Deno.test("nesting is taken up to the limit and refused above it", () => {
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  assert.ok(Array.isArray(parseJson(nested(MAX_JSON_DEPTH))));
  for (const depth of [MAX_JSON_DEPTH + 1, 200_000]) {
    assert.throws(() => parseJson(nested(depth)), {
      name: "SyntaxError",
      message: /nested deeper than 64 levels/,
    });
  }
  const objects = '{"a":'.repeat(MAX_JSON_DEPTH + 1) + "12345678901234567890" +
    "}".repeat(MAX_JSON_DEPTH + 1);
  assert.throws(() => parseJson(objects), /nested deeper/);
});

Deno.test("a wide array is no deep one", () => {
  assert.equal((parseJson(`[${"{},".repeat(300_000)}{}]`) as unknown[]).length, 300_001);
});

for (const tail of ["", ',"n":12345678901234567890']) {
  Deno.test(`a key named __proto__ is dropped and changes no prototype${tail === "" ? "" : ", with long numbers"}`, () => {
    const value = parseJson(
      `{"__proto__":{"polluted":true},"a":{"\\u005f_proto__":{"polluted":true},"b":1}${tail}}`,
    );
    assert.deepEqual(Object.keys(value as object).slice(0, 1), ["a"]);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.equal((Object.assign({}, value) as { polluted?: unknown }).polluted, undefined);
    assert.deepEqual((value as { a: unknown }).a, { b: 1 });
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  });
}

Deno.test("of a key that comes twice the last one counts", () => {
  assert.deepEqual(parseJson('{"a":1,"a":2}'), { a: 2 });
});

for (
  const text of [
    "",
    " ",
    "{",
    "[1,]",
    "{'a':1}",
    "NaN",
    "01",
    "undefined",
    '{"a":1}x',
    '"\u0000"',
    "\ufeff{}",
  ]
) {
  Deno.test(`${JSON.stringify(text)} is refused as no JSON`, () => {
    assert.throws(() => parseJson(text), SyntaxError);
  });
}

for (const [text, parsed] of numbers.filter(([text]) => !/e[+]?400/i.test(text))) {
  Deno.test(`what the API server says keeps the digits of ${text.slice(0, 30)}`, () => {
    assert.deepEqual(parseApiJson(`{"a":[${text}],"b":${text}}`), { a: [parsed], b: parsed });
  });
}

Deno.test("an object that lies too deep is cut, so that the others in its list can be taken, and is still too deep", () => {
  for (const depth of [MAX_JSON_DEPTH + 1, 100_000]) {
    const deep = '{"a":'.repeat(depth) + "1" + "}".repeat(depth);
    const sound = '{"b":{"c":1}}';
    const list = parseApiJson(`{"items":[${deep},${sound}]}`) as { items: readonly Json[] };
    assert.ok(isDeeperThan(list.items[0] ?? null, MAX_JSON_DEPTH), `${depth}`);
    assert.ok(!isDeeperThan(list.items[0] ?? null, MAX_JSON_DEPTH + 1), `${depth}`);
    assert.deepEqual(list.items[1], { b: { c: 1 } });
    const line = parseApiJson(`{"type":"ADDED","object":${deep}}`) as { object: Json };
    assert.ok(isDeeperThan(line.object, MAX_JSON_DEPTH), `${depth}`);
    JSON.stringify([list, line]);
  }
});

Deno.test("what the API server says loses keys named __proto__, and what is no JSON is refused", () => {
  const value = parseApiJson('{"a":{"__proto__":{"polluted":true},"b":1}}') as { a: object };
  assert.deepEqual(Object.keys(value.a), ["b"]);
  assert.throws(() => parseApiJson("{"), SyntaxError);
  assert.throws(() => parseApiJson("[1234567890123456.7.8]"), SyntaxError);
});
