import assert from "node:assert/strict";
import { compileExpression } from "../../src/filter/cel.ts";
import { EVALUATION_UNITS, TOO_MUCH_WORK } from "../../src/filter/cel_allowance.ts";
import { celValue } from "../../src/filter/cel_value.ts";
import type { Json } from "../../src/model/json.ts";
import { seededRandom } from "../support/seeded_random.ts";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const payload: Json = {
  objects: numbers(50_000).map((n) => ({ n })),
  numbers: numbers(3000),
  word: "x",
  text: "a".repeat(1 << 20),
  texts: numbers(300).map(() => "b".repeat(4000)),
  digits: "1".repeat(1 << 18),
  keys: Object.fromEntries(numbers(20_000).map((n) => [`k${n}`, n])),
};
const signal = celValue(payload);

function run(text: string, left = 10 * EVALUATION_UNITS): { readonly said: string; readonly units: number } {
  const compiled = compileExpression(text, "bool");
  assert.ok(compiled.kind === "expression", `${text}: ${JSON.stringify(compiled)}`);
  const allowance = { left };
  const result = compiled.evaluate({ observation: () => ({}), signal: () => signal, allowance });
  return {
    said: result.kind === "value" ? String(result.value) : result.message,
    units: left - allowance.left,
  };
}

// What each would do without a bound was tried: from seconds to for ever, or all memory.
const endless: readonly string[] = [
  "signal.numbers.all(a, signal.numbers.all(b, signal.numbers.all(c, a + b + c >= 0)))",
  "signal.numbers.map(a, signal.numbers.map(b, signal.numbers)).size() > 0",
  "signal.numbers.filter(a, signal.numbers.exists_one(b, b == a)).size() > 0",
  "signal.objects.exists(x, x.nothing == 1)",
  "signal.objects.map(x, (x.nothing == 1) || true).size() > 0",
  "signal.objects.map(x, (x || x) || true).size() > 0",
  "signal.objects.map(x, (x.n || x.n) || true).size() > 0",
  "signal.objects.map(x, (signal.word ? 1 : 2) == 1 || true).size() > 0",
  "signal.objects.exists(x, signal.objects == [x])",
  "signal.objects.all(x, signal == signal || true)",
  "signal.numbers.all(x, x in signal.numbers)",
  "signal.numbers.all(x, signal.keys.exists(k, k == 'none') || true)",
  "signal.numbers.all(x, size(signal.keys) > 0)",
  "signal.texts.all(x, x.lowerAscii().upperAscii().lowerAscii() != '')",
  "signal.numbers.all(x, string(bytes(signal.text)) != '')",
  "signal.text.size() + signal.text.size() + signal.text.size() > 0",
  "[signal.text+signal.text].map(a, [a+a+a+a].map(b, [b+b+b+b].map(c, [c+c+c+c].map(d, d+d+d+d)))).size() > 0",
  "cel.bind(a, signal.objects+signal.objects, cel.bind(b, a+a, cel.bind(c, b+b, c+c))).size() > 0",
  "signal.texts.join(signal.text).size() > 0",
  "signal.text.split('').size() > 0",
  "signal.numbers.all(x, timestamp('2026-01-01T00:00:00Z').getHours('Europe/Berlin') >= 0)",
  "signal.text.matches('^(a+)+$')",
  "signal.texts.exists(x, x.matches('(?i)(a|b)*a(a|b){90}c'))",
];
for (const text of endless) {
  Deno.test(`Ends when it did its share of work: ${text}`, () => {
    assert.deepEqual(run(text), { said: TOO_MUCH_WORK, units: EVALUATION_UNITS });
  });
}

Deno.test("A long text is no duration, and is not looked through for one", () => {
  assert.equal(run("duration(signal.digits) > duration('1s')").said, "the text is too long for a duration");
});

Deno.test("Work that is well within its bounds is done, and costs what it is", () => {
  const cases: readonly [string, string, number][] = [
    ["signal.numbers.exists(n, n == 2999)", "true", 40_000],
    ["signal.numbers.filter(n, n % 2 == 0).map(n, n + 1).size() == 1500", "true", 50_000],
    ["signal.text.contains('b')", "false", 20_000],
    ["signal.word.matches('^(x+x+)+$')", "false", 100],
    ["2999 in signal.numbers", "true", 3100],
    ["'k7' in signal.keys", "true", 10],
    ["signal.word == 'x'", "true", 10],
  ];
  for (const [text, said, most] of cases) {
    const done = run(text);
    assert.equal(done.said, said, text);
    assert.ok(done.units <= most, `${text} costs ${done.units}`);
  }
});

Deno.test("All evaluations over one signal together have a bound too", () => {
  const compiled = compileExpression("signal.numbers.all(a, a >= 0)", "bool");
  assert.ok(compiled.kind === "expression");
  const allowance = { left: 30_000 };
  const said = numbers(5).map(() =>
    compiled.evaluate({ observation: () => ({}), signal: () => signal, allowance }).kind
  );
  assert.equal(said[0], "value");
  assert.equal(said.at(-1), "error");
  assert.ok(allowance.left <= 0 && allowance.left > -10, String(allowance.left));
});

Deno.test("An error that is forgiven does not hide that the work was too much", () => {
  assert.equal(run("signal.numbers.all(a, signal.numbers.all(b, a + b >= 0)) && false").said, TOO_MUCH_WORK);
  assert.equal(run("signal.numbers.all(a, signal.numbers.all(b, a + b >= 0)) || true").said, TOO_MUCH_WORK);
});

Deno.test("An expression that is too large or too deep is refused", () => {
  const cases: readonly [string, RegExp][] = [
    ["true || ".repeat(600) + "true", /at most 4096 characters/],
    [`${"(".repeat(100)}true${")".repeat(100)}`, /maxDepth/],
    [`[${"1,".repeat(600)}1].size() > 0`, /maxListElements/],
    [`1${"+1".repeat(1500)} > 0`, /maxAstNodes/],
    ["signal.a.matches('x{400}x{400}')", /repeats too much/],
    [`signal.a.matches('${"x".repeat(600)}')`, /at most 512 characters/],
  ];
  for (const [text, expected] of cases) {
    const compiled = compileExpression(text, "bool");
    assert.ok(compiled.kind === "problem", text.slice(0, 40));
    assert.match(compiled.message, expected);
  }
  assert.notEqual(compileExpression(`${"!".repeat(3000)}true`, "bool").kind, undefined);
});

Deno.test("Whatever is written ends as a problem, an error or a value, within its share of work", () => {
  const random = seededRandom(7);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const words = [
    ..."( ) [ ] { } . , ? : ! - + * / % == != < >= && || in".split(" "),
    ..."signal observation spec x y 1 2.5 null true 'a' b'z' has size matches exists all map filter".split(
      " ",
    ),
    ...[
      ".exists(x, ",
      ".map(x, ",
      ".matches('a*')",
      "signal.numbers",
      "signal.objects",
      "has(",
      "dyn(",
      "duration(",
    ],
  ];
  const kinds = { problem: 0, error: 0, value: 0 };
  for (let turn = 0; turn < 1000; turn++) {
    const inner = Array.from({ length: 1 + Math.floor(random() * 12) }, () => pick(words)).join(" ");
    const text = turn % 2 === 0
      ? inner
      : `signal.${pick(["numbers", "objects", "keys", "text"])}.${
        pick(["exists", "all", "map", "filter"])
      }(x, ${pick(["x", "x.n", "x == signal", "size(x) > 0", "x + x == x", "x.y", inner])}${
        pick([" == 1", " || true", ""])
      })${pick(["", ".size() > 1", " == signal.objects"])}`;
    const compiled = compileExpression(text, "bool");
    if (compiled.kind === "problem") {
      assert.match(compiled.message, /^line \d+, column \d+: ./, text);
      kinds.problem++;
      continue;
    }
    const allowance = { left: 10 * EVALUATION_UNITS };
    kinds[compiled.evaluate({ observation: () => ({}), signal: () => signal, allowance }).kind]++;
    assert.ok(allowance.left >= 9 * EVALUATION_UNITS, text);
  }
  for (const [kind, count] of Object.entries(kinds)) assert.ok(count > 20, `${kind}: ${count}`);
});
