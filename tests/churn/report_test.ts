import assert from "node:assert/strict";
import type { ChurnResult } from "./churn.ts";
import { nothingSent } from "./load.ts";
import { complaintsOf, linesOf } from "./report.ts";

const usage = { resident: 100, heap: 20, files: 30, series: 100 };
const well: ChurnResult = {
  created: 1,
  edited: 1,
  deleted: 1,
  sent: nothingSent(),
  books: { due: 2, missing: [], doubled: [] },
  evenScrapes: 3,
  before: usage,
  after: usage,
  left: [],
  settledAfter: 5,
};

const cases: readonly (readonly [string, Partial<ChurnResult>, number, RegExp | undefined])[] = [
  ["all is well", {}, 100, undefined],
  ["something is missing", { books: { due: 2, missing: ["a"], doubled: [] } }, 100, /1 missing, e\.g\. a/],
  ["something is doubled", { books: { due: 2, missing: [], doubled: ["a"] } }, 100, /1 doubled/],
  ["a gauge is left", { left: ["age of a"] }, 100, /1 gauges of what is gone, e\.g\. age of a/],
  ["memory grew a fifth", { after: { ...usage, resident: 120 } }, 100, undefined],
  ["memory grew more", { after: { ...usage, resident: 121 } }, 100, /grew from 100 to 121 MB/],
  ["connections are left", { after: { ...usage, files: 39 } }, 100, /Open files grew from 30 to 39/],
  ["connections may be idle yet", { after: { ...usage, files: 39 } }, 3, undefined],
];
for (const [what, change, quietSeconds, complaint] of cases) {
  Deno.test(`When ${what}, that is ${complaint === undefined ? "no complaint" : "told"}`, () => {
    const complaints = complaintsOf({ ...well, ...change }, { quietSeconds });
    if (complaint === undefined) assert.deepEqual(complaints, []);
    else assert.match(complaints.join("\n"), complaint);
  });
}

Deno.test("The report says what was measured", () => {
  assert.match(linesOf(well).join("\n"), /2 due, 0 missing[^]*even in each of 3[^]*100 -> 100 MB resident/);
});
