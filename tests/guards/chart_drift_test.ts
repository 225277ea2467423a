import assert from "node:assert/strict";
import { parse } from "yaml";
import project from "../../deno.json" with { type: "json" };
import { chartFiles, foundFiles } from "./chart_files.ts";
import { chartValues, valuesTable } from "./chart_values.ts";
import { pathsOfSchema } from "./schema_paths.ts";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string): string => Deno.readTextFileSync(new URL(path, ROOT));

for (const { path, text } of chartFiles()) {
  Deno.test(`${path} is what it is made from`, () => {
    assert.equal(read(path), text, `${path} is out of date; write it anew with \`deno task chart:write\``);
  });
}

Deno.test("chart/files holds nothing but generated files", () => {
  const made = chartFiles().map(({ path }) => path).filter((path) => path.startsWith("chart/files/"));
  assert.deepEqual([...foundFiles()].sort(), made.sort());
});

Deno.test("the chart is of the program's version", () => {
  const { appVersion, version } = parse(read("chart/Chart.yaml"));
  assert.deepEqual([appVersion, version], [project.version, project.version]);
});

Deno.test("the schema of values knows every value, and no other", () => {
  const values = chartValues(read("chart/values.yaml")).map(({ path }) => path);
  assert.deepEqual(
    [...pathsOfSchema(JSON.parse(read("chart/values.schema.json")))].sort(),
    [...values].sort(),
  );
});

Deno.test("a value without a description is refused", () => {
  assert.throws(() => chartValues("# -- What it is.\na: 1\nb: 2\n"), {
    message: "Cannot describe the value b: it must have a comment # --",
  });
});

Deno.test("values are described by their comments, whole maps too, and a first key of a map", () => {
  const text = "# -- One.\na: 1\nb:\n  # -- Two | three.\n  c: {d: x}\n  # -- Four.\n  e: []\n";
  assert.deepEqual(chartValues(text), [
    { path: "a", default: 1, description: "One." },
    { path: "b.c", default: { d: "x" }, description: "Two | three." },
    { path: "b.e", default: [], description: "Four." },
  ]);
  assert.match(valuesTable(text), /^\| `b\.c` \| `\{"d":"x"\}` \| Two \\\| three\. \|$/m);
});
