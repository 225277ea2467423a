import assert from "node:assert/strict";
import { type Reads, readsOf } from "./promql.ts";

const cases: readonly (readonly [string, Reads])[] = [
  ["up", { selectors: [{ names: ["up"], labels: [] }], grouping: [] }],
  ["time() - a_seconds > 300", { selectors: [{ names: ["a_seconds"], labels: [] }], grouping: [] }],
  [
    'sum by (job, le) (rate(a_bucket{code=~"5..", source!=""}[5m] offset 1h))',
    { selectors: [{ names: ["a_bucket"], labels: ["code", "source"] }], grouping: ["job", "le"] },
  ],
  [
    "histogram_quantile(0.95, sum(rate(a_bucket[$__rate_interval])) by (le))",
    { selectors: [{ names: ["a_bucket"], labels: [] }], grouping: ["le"] },
  ],
  [
    '{__name__=~"a|b",x="}"} unless on (job) c',
    { selectors: [{ names: ["a", "b"], labels: ["x"] }, { names: ["c"], labels: [] }], grouping: ["job"] },
  ],
  [
    "a * on (x) group_left (y) b # c\n or d",
    {
      selectors: ["a", "b", "d"].map((name) => ({ names: [name], labels: [] })),
      grouping: ["x", "y"],
    },
  ],
];
for (const [expression, reads] of cases) {
  Deno.test(`the names in ${expression.split("\n")[0]} are found`, () => {
    assert.deepEqual(readsOf(expression), reads);
  });
}

Deno.test("what cannot be read is said", () => {
  assert.throws(() => readsOf("a ~ b"), /no token begins at ~ b/);
  assert.throws(() => readsOf('{job="x"}'), /must name its series/);
  assert.throws(() => readsOf('{__name__=~"a.*"}'), /must be a list of names/);
  assert.throws(() => readsOf('a{b="c"'), /must follow/);
});
