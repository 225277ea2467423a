import assert from "node:assert/strict";
import { FakeClock } from "../support/fake_clock.ts";
import { presetOf } from "../../src/model/preset.ts";
import {
  compileLogPatterns,
  type LogPattern,
  type LogPatternSpecs,
  Matcher,
} from "../../src/source/pod_logs_patterns.ts";

/** What the first of these patterns that matches says of a line. */
function compiled(...specs: LogPatternSpecs): { readonly match: LogPattern } {
  const compiled = compileLogPatterns(specs);
  assert.ok("patterns" in compiled, JSON.stringify(compiled));
  assert.equal(compiled.patterns.length, specs.length);
  return {
    match(line) {
      for (const pattern of compiled.patterns) {
        const said = pattern(line);
        if (said !== undefined) return said;
      }
      return undefined;
    },
  };
}
const problems = (...regexes: readonly string[]): readonly string[] => {
  const patterns = compileLogPatterns(regexes.map((regex) => ({ regex })));
  return "patterns" in patterns ? [] : patterns;
};

Deno.test("The first pattern that matches says what a line is, with its named groups", () => {
  const patterns = compiled(
    {
      regex: "login of (?P<user>\\w+) failed( from (?<address>\\S+))?",
      eventType: "login",
      severity: "high",
    },
    { regex: "failed", severity: "low" },
    { regex: "odd" },
  );
  const cases: readonly [string, unknown][] = [
    ["a login of ann failed from 10.0.0.1", {
      eventType: "login",
      severity: "high",
      groups: { user: "ann", address: "10.0.0.1" },
    }],
    ["login of ann failed", { eventType: "login", severity: "high", groups: { user: "ann" } }],
    ["the disk failed", { severity: "low" }],
    ["odd", {}],
    ["all is well", undefined],
    ["", undefined],
  ];
  for (const [line, said] of cases) assert.deepEqual(patterns.match(line), said, line);
});

Deno.test("A wrong pattern is refused by its place, with what is wrong", () => {
  const cases: readonly [string, RegExp][] = [
    [
      "(open",
      /^spec\.logs\.patterns\[1\]\.regex must be a regular expression of RE2, given "\(open": .*missing closing \)/,
    ],
    ["(?=ahead)", /patterns\[1\].*invalid or unsupported Perl syntax/],
    ["(a)\\1", /patterns\[1\].*invalid escape sequence/],
    ["(?P<a>x)(?P<a>y)", /patterns\[1\].*duplicate capture group name/],
    ["a{5000}", /patterns\[1\].*invalid repeat count/],
    [
      "([a-z]{30}[0-9]{30}){8}",
      /patterns\[1\]\.regex must repeat less: it makes \d+ steps, at most 400 are taken/,
    ],
  ];
  for (const [regex, message] of cases) {
    const found = problems("fine", regex, "fine too");
    assert.equal(found.length, 1, regex);
    assert.match(found[0] ?? "", message);
  }
  assert.equal(problems("(", ")").length, 2, "Not every pattern was judged");
});

Deno.test("Patterns that are too much together are refused", () => {
  const found = problems(...Array.from({ length: 20 }, (_, index) => `([a-z]{30}${index}){10}`));
  assert.equal(found.length, 1);
  assert.match(found[0] ?? "", /spec\.logs\.patterns must be fewer or shorter/);
});

Deno.test("A pattern that takes a JavaScript regular expression years ends at once", () => {
  const patterns = compiled({ regex: "^(a+)+(?P<end>b)$" });
  assert.equal(patterns.match("a".repeat(200_000)), undefined);
  assert.deepEqual(patterns.match(`${"a".repeat(100)}b`)?.groups, { end: "b" });
});

Deno.test("A line of a MiB matches; groups are looked for in its beginning", () => {
  const patterns = compiled({ regex: "(?P<word>error)[^z]*$" });
  const padding = "x".repeat(1024 * 1024);
  assert.deepEqual(patterns.match(`error ${padding}`), { groups: { word: "error" } });
  assert.deepEqual(patterns.match(`${padding} error`), {});
});

Deno.test("A group may have a name that objects have", () => {
  const said = compiled({ regex: "(?P<__proto__>a)(?P<constructor>b)" }).match("ab");
  assert.deepEqual(Object.entries(said?.groups ?? {}), [["__proto__", "a"], ["constructor", "b"]]);
});

Deno.test("The preset of sealed-secrets takes what its controller says when it cannot unseal", () => {
  const patterns = compiled(...presetOf("sealed-secrets").logs?.patterns ?? []);
  const cases: readonly [string, Record<string, string> | undefined][] = [
    [
      "2020/08/04 22:06:56 Error updating kube-system/gcr-key, giving up: no key could decrypt secret (.json)",
      {
        object: "kube-system/gcr-key",
        outcome: "giving up",
        reason: "no key could decrypt secret (.json)",
      },
    ],
    [
      'time=2025-01-01T00:00:00.000Z level=ERROR msg="Error updating, will retry" key=shop/db error="no key could decrypt"',
      {
        object: "shop/db",
        outcome: "will retry",
        reason: '"no key could decrypt"',
      },
    ],
    ["2020/08/04 22:06:56 Updating kube-system/gcr-key", undefined],
    ["Error updating SealedSecret shop/db status: not found", undefined],
    ["time=2025-01-01T00:00:00.000Z level=INFO msg=Updating key=shop/db", undefined],
  ];
  for (const [line, groups] of cases) {
    assert.deepEqual(patterns.match(line)?.groups, groups, line);
    if (groups !== undefined) assert.equal(patterns.match(line)?.severity, "high");
  }
});

Deno.test("Long lines give others a turn between patterns, short ones after many", async () => {
  const clock = new FakeClock();
  const patterns = compileLogPatterns([{ regex: "(a|b)+c" }, { regex: "bad" }]);
  assert.ok("patterns" in patterns);
  const matcher = new Matcher(patterns, clock);
  const { signal } = new AbortController();
  assert.deepEqual(await matcher.match("bad", signal), {});
  const long = matcher.match(`bad${"x".repeat(1024 * 1024)}`, signal);
  await clock.settle();
  assert.equal(clock.sleeping, 1, "Nobody else had a turn");
  for (let turn = 0; turn < 3; turn++) await clock.advance(0);
  assert.deepEqual(await long, {});
  assert.equal(await matcher.match("fine", signal), undefined);
});
