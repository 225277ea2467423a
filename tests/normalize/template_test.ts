import assert from "node:assert/strict";
import { compileTemplate } from "../../src/normalize/template.ts";

const source = {
  payload: {
    rule: "Shell",
    who: { name: "root", password: "s3cret", list: ["a", "b"] },
    "x.y": 1.5,
    empty: "",
    on: true,
    none: null,
    long: "x".repeat(100_000),
  },
  observation: () => ({ spec: { severity: "high" } }),
};
const render = (text: string): string => {
  const compiled = compileTemplate(text);
  return compiled.kind === "template" ? compiled.render(source) : `refused: ${compiled.message}`;
};

Deno.test("A template puts values into its text", () => {
  const cases: readonly [string, string][] = [
    ["", ""],
    ["no value", "no value"],
    ["{{ .rule }} by {{.who.name}}", "Shell by root"],
    ["{{ rule }}{{ signal.rule }}{{ $.rule }}", "ShellShellShell"],
    ["[{{ observation.spec.severity | upper }}]", "[HIGH]"],
    ["{{ .['x.y'] }}", "refused: column 5: a name is expected"],
    ["{{ $['x.y'] }} {{ .on }}", "1.5 true"],
    ["{{ .who.list }} {{ .who.list[1] }}", "a, b b"],
    ["{{ .missing }}|{{ .none }}|{{ .empty }}", "||"],
    ['{{ .missing | default "a | b }} c" }}', "a | b }} c"],
    ['{{ .empty | default "say \\"hi\\"" | upper }}', 'SAY "HI"'],
    ["{{ .rule | lower | trim }}", "shell"],
    ["}} {x} { {", "}} {x} { {"],
    ["{{ .who }}", '{"name":"root","password":"[redacted]","list":["a","b"]}'],
  ];
  for (const [text, expected] of cases) assert.equal(render(text), expected, text);
});

Deno.test("A mistake in a template says where", () => {
  const cases: readonly [string, RegExp][] = [
    ["on {{ .a", /^refused: column 4: \{\{ is not closed by \}\}$/],
    ["{{ }}", /^refused: column 4: the path is empty/],
    ["x {{ .a.. }}", /^refused: column 9: a name is expected/],
    ["{{ .a | nope }}", /column 9: after a bar stands default "text", upper, lower or trim, given nope/],
    ["{{ .a | default x }}", /given default x/],
    ["{{ .who.password }}", /password names a secret/],
    ["{{ printf .a }}", /a dot or a bracket is expected/],
  ];
  for (const [text, expected] of cases) assert.match(render(text), expected, text);
});

Deno.test("One value is cut to 4096 characters, however long it is", () => {
  assert.equal(render("{{ .long }}").length, 4096);
});
