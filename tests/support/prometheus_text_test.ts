import assert from "node:assert/strict";
import { Metrics } from "./prometheus_text.ts";

const TEXT = String.raw`# HELP a_total What is counted.
# TYPE a_total counter
a_total{source="trivy",code="200"} 3
a_total{source="falco",code="200"} 4
a_total{source="falco",code="503"} 0.5

plain 1.5e3 1700000000000
escaped{text="a \"quoted\" \\ path\nand a } brace, too="} 1
bucket{le="+Inf"} +Inf
nothing NaN
`;

Deno.test("metrics are read with their labels and summed over those that are not asked for", () => {
  const metrics = Metrics.parse(TEXT);
  assert.equal(metrics.sum("a_total"), 7.5);
  assert.equal(metrics.sum("a_total", { source: "falco" }), 4.5);
  assert.equal(metrics.value("a_total", { source: "falco", code: "503" }), 0.5);
  assert.equal(metrics.value("a_total", { source: "falco" }), undefined);
  assert.equal(metrics.sum("b_total"), 0);
  assert.equal(metrics.value("plain"), 1500);
  assert.equal(metrics.value("bucket", { le: "+Inf" }), Infinity);
  assert.ok(Number.isNaN(metrics.value("nothing")));
  assert.equal(metrics.find("escaped")[0]?.labels["text"], 'a "quoted" \\ path\nand a } brace, too=');
});

const wrong: readonly (readonly [line: string, says: RegExp])[] = [
  ["<html>", /a line must be a sample or a comment, given <html>/],
  ["a{b} 1", /labels must be name="value", given b/],
  ["a many", /a value must be a number, given many/],
];
for (const [line, says] of wrong) {
  Deno.test(`${line} is refused`, () => assert.throws(() => Metrics.parse(line), { message: says }));
}
