import assert from "node:assert/strict";
import { compileExpression, placeIn } from "../../src/filter/cel.ts";
import type { Finding } from "../../src/model/finding.ts";
import type { Json } from "../../src/model/json.ts";
import { parseJson } from "../../src/model/parse_json.ts";
import { seenOf } from "../support/seen_of.ts";

const finding: Finding = {
  category: "security",
  severity: "high",
  eventType: "vulnerability",
  title: "CVE-2024-1 in openssl 1.0",
  detectedAt: "2026-01-01T00:00:00Z",
  resource: { kind: "Deployment", name: "web", namespace: "shop" },
  details: { score: 7, cvss: 7.5, tags: ["a", "b"], "x.y": "q" },
  identity: [],
  isWindowed: false,
  isState: true,
};
const payload: Json = {
  vulnerabilities: [{ id: "CVE-1", score: 9.8 }, { id: "CVE-2", score: 5 }],
  count: 3,
  none: null,
  time: "2026-01-01T00:00:00Z",
  wait: "90s",
};

function evaluate(text: string, given: Json = payload, type: "bool" | "string" = "bool"): unknown {
  const compiled = compileExpression(text, type);
  if (compiled.kind === "problem") return `refused: ${compiled.message}`;
  const seen = seenOf(given);
  const result = compiled.evaluate({ ...seen, observation: () => seen.observationOf(finding) });
  return result.kind === "value" ? result.value : `error: ${result.message}`;
}

Deno.test("Expressions as people write them for Kubernetes", () => {
  const cases: readonly [string, unknown][] = [
    ['observation.spec.severity == "high"', true],
    ['observation.spec.severity in ["critical", "high"]', true],
    ['observation.metadata.namespace == "shop"', true],
    [
      'has(observation.spec.resource.namespace) && observation.spec.resource.namespace != "kube-system"',
      true,
    ],
    ["has(observation.spec.description)", false],
    ["has(signal.nothing)", false],
    ["has(signal.nothing) && signal.nothing.more == 1", false],
    ['observation.spec.title.startsWith("CVE-") && observation.spec.title.contains("openssl")', true],
    ['observation.spec.title.matches("^CVE-[0-9]{4}-[0-9]+ ")', true],
    ['observation.spec.title.matches(r"\\d+\\.\\d+$")', true],
    ['observation.spec.title.lowerAscii().endsWith("1.0")', true],
    ['observation.spec.details["x.y"] == "q"', true],
    ['"b" in observation.spec.details.tags', true],
    ['"score" in observation.spec.details', true],
    ["observation.spec.details.score >= 7", true],
    ["observation.spec.details.cvss > 7", true],
    ["signal.count + 1 == 4", true],
    ["signal.count % 2 == 1", true],
    ["size(signal.vulnerabilities) == 2 && signal.vulnerabilities.size() == 2", true],
    ["signal.vulnerabilities.exists(v, v.score > 9)", true],
    ['signal.vulnerabilities.all(v, v.id.startsWith("CVE"))', true],
    ["signal.vulnerabilities.exists_one(v, v.score < 9)", true],
    ["signal.vulnerabilities.filter(v, v.score > 6).size() == 1", true],
    ['signal.vulnerabilities.map(v, v.id) == ["CVE-1", "CVE-2"]', true],
    ['signal.vulnerabilities[0].id == "CVE-1"', true],
    ["signal.none == null", true],
    ['timestamp(signal.time) - timestamp("2025-12-31T23:00:00Z") == duration("1h")', true],
    ['duration(signal.wait) > duration("1m")', true],
    ['signal.?nothing.orValue("d") == "d"', true],
    ['observation.spec.severity == "high" ? true : false', true],
    ['signal.nothing == 1 || observation.spec.severity == "high"', true],
    ["!(1 > 2)", true],
  ];
  for (const [text, expected] of cases) assert.equal(evaluate(text), expected, text);
});

Deno.test("A mistake is refused with its line and column", () => {
  const cases: readonly [string, string][] = [
    ["", "line 1, column 1: the expression is empty"],
    ["observation.spec.severity ==", "line 1, column 29: unexpected token: EOF"],
    ['observation.spec.severity = "high"', "line 1, column 27: unexpected character: ="],
    ["true &&\n  severity == 1", "line 2, column 3: unknown variable: severity"],
    ["observation.spec.sevrity == 'high'", "line 1, column 18: observation.spec has no field sevrity"],
    ["observation.status.count > 1", "line 1, column 13: observation has no field status"],
    ["signal.name.nope()", "line 1, column 1: found no matching overload for 'dyn.nope()'"],
    ['1 + "a" == 2', "line 1, column 1: no such overload: int + string"],
    ['signal.name.matches("(")', "line 1, column 21: error parsing regexp: missing closing ): `(`"],
    [
      'signal.name.matches("(?=x)")',
      "line 1, column 21: error parsing regexp: invalid or unsupported Perl syntax",
    ],
    ["signal.a.matches(signal.b)", "line 1, column 25: the pattern of matches() must be a text in quotes"],
    ['"unclosed', "line 1, column 1: unterminated string"],
    ["signal.__proto__ == 1 )", "line 1, column 23: unexpected character: ')'"],
    ["size(signal)", "line 1, column 1: must give a bool, but gives a int"],
    ["'yes'", "line 1, column 1: must give a bool, but gives a string"],
  ];
  for (const [text, expected] of cases) {
    const said = String(evaluate(text));
    assert.ok(said.startsWith(`refused: ${expected}`), `${text}\n${said}`);
    assert.ok(!said.includes("\n"), "one line");
  }
});

Deno.test("Each field of a resource is an expression that gives a string", () => {
  assert.equal(evaluate('signal.vulnerabilities[0].id + "-x"', payload, "string"), "CVE-1-x");
  assert.equal(evaluate("string(signal.count)", payload, "string"), "3");
  assert.match(String(evaluate("1 == 1", payload, "string")), /^refused: .* must give a string/);
  assert.match(String(evaluate("signal.count", payload, "string")), /^error: it must give a string/);
});

Deno.test("What the payload does not have or hold is an error that quotes no payload", () => {
  const secret = { word: "s3cret", list: ["s3cret"], o: { a: 1 } };
  const cases: readonly [string, string][] = [
    ["signal.nothing == 1", "line 1, column 8: no such key: nothing"],
    ["signal.word + 1 == 2", "line 1, column 1: no such overload: dyn<string> + int"],
    ["signal.word && true", "line 1, column 8: logical operator requires bool operands, got 'string'"],
    ["signal.o[signal.word] == 1", "line 1, column 1: no such key"],
    ["bool(signal.word)", "line 1, column 1: bool conversion error"],
    ["duration(signal.word) > duration('1s')", "line 1, column 1: invalid duration"],
    ["timestamp(signal.word) > timestamp('2026-01-01T00:00:00Z')", "line 1, column 1: invalid timestamp"],
    ["signal.o.a.matches('x')", "line 1, column 1: it cannot be evaluated"],
    ["signal.list[7] == 'x'", "line 1, column 1: "],
  ];
  for (const [text, expected] of cases) {
    const said = String(evaluate(text, secret));
    assert.ok(said.startsWith(`error: ${expected}`), `${text}\n${said}`);
    assert.ok(!said.includes("s3cret"), said);
  }
});

Deno.test("Keys that mean something to JavaScript are keys and nothing else", () => {
  const hostile = parseJson(
    '{"constructor": {"x": 1}, "toString": "t", "a": {"constructor": "Evil", "b": 2}, "__proto__": {"p": 1}}',
  );
  const cases: readonly [string, unknown][] = [
    ["signal.a.b == 2 && signal.a.constructor == 'Evil'", true],
    ["signal.constructor.x == 1", true],
    ["signal.toString == 't'", true],
    ["has(signal.p)", false],
    ["has(signal.a.hasOwnProperty)", false],
    ["'b' in signal.a && !('valueOf' in signal.a)", true],
    ["signal.a.exists(k, k == 'b')", true],
  ];
  for (const [text, expected] of cases) assert.equal(evaluate(text, hostile), expected, text);
});

Deno.test("An expression may be evaluated any number of times, over other payloads in between", () => {
  const compiled = compileExpression("signal.exists(x, x > 1)", "bool");
  assert.ok(compiled.kind === "expression");
  const over = (list: Json): unknown => {
    const seen = seenOf(list);
    return compiled.evaluate({ ...seen, observation: () => ({}) });
  };
  for (let round = 0; round < 3; round++) {
    assert.deepEqual([over([1, 2]), over([1]), over(["x"])], [
      { kind: "value", value: true },
      { kind: "value", value: false },
      { kind: "error", message: "line 1, column 18: no such overload: dyn<string> > int" },
    ]);
  }
});

Deno.test("A place in a text is its line and column, both from 1", () => {
  assert.deepEqual([0, 2, 3, 99].map((offset) => placeIn("ab\nc", offset)), [
    "line 1, column 1",
    "line 1, column 3",
    "line 2, column 1",
    "line 2, column 2",
  ]);
});
