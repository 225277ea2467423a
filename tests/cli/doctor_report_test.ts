import assert from "node:assert/strict";
import { parse } from "yaml";
import { ok, problem, warning } from "../../src/cli/check.ts";
import { doctorText, isWell } from "../../src/cli/doctor_report.ts";

const checked = [
  ok("network", "Reached it"),
  warning("clock", "Not\x1b[2J\nthe same", "set it"),
  problem("rights", "Missing"),
];

Deno.test("the report is lines with verdict, check and advice, and a total", () => {
  assert.equal(
    doctorText(checked, "table", false),
    [
      "ok       network      Reached it",
      "warning  clock        Not [2J the same",
      "                      -> set it",
      "problem  rights       Missing",
      "",
      "1 problem, 1 warning, 1 ok",
      "",
    ].join("\n"),
  );
  assert.match(doctorText(checked.slice(0, 2), "table", false), /\nNo problem, 1 warning, 1 ok\n$/);
  assert.match(
    doctorText([checked[2] ?? assert.fail(), checked[2] ?? assert.fail()], "table", false),
    /2 problems, 0 warnings/,
  );
});

Deno.test("a terminal sees verdicts in colours, and nothing else differs", () => {
  const coloured = doctorText(checked, "table", true);
  assert.ok(coloured.includes("\x1b[31mproblem  \x1b[0m"));
  // deno-lint-ignore no-control-regex -- colours are what is looked for
  assert.equal(coloured.replaceAll(/\x1b\[\d+m/g, ""), doctorText(checked, "table", false));
});

Deno.test("machines read it as JSON or YAML", () => {
  const document = {
    healthy: false,
    checks: [
      { check: "network", verdict: "ok", message: "Reached it" },
      { check: "clock", verdict: "warning", message: "Not\x1b[2J\nthe same", advice: "set it" },
      { check: "rights", verdict: "problem", message: "Missing" },
    ],
  };
  assert.deepEqual(JSON.parse(doctorText(checked, "json", true)), document);
  assert.deepEqual(parse(doctorText(checked, "yaml", true)), document);
});

Deno.test("warnings are no problem", () => {
  assert.deepEqual([isWell([]), isWell(checked.slice(0, 2)), isWell(checked)], [true, true, false]);
});
