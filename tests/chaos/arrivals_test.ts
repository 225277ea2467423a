import assert from "node:assert/strict";
import { longestGapSince } from "./scenarios/arrivals.ts";

const cases: readonly { readonly times: readonly number[]; readonly moment: number; readonly gap: number }[] =
  [
    { times: [], moment: 10, gap: 0 },
    { times: [1, 2, 3], moment: 3, gap: 0 },
    { times: [1, 9, 12, 50, 51], moment: 10, gap: 38 },
    { times: [1, 9, 50], moment: 10, gap: 41 },
    { times: [1, 100, 101], moment: 100, gap: 1 },
  ];
for (const { times, moment, gap } of cases) {
  Deno.test(`the longest gap of ${times.join(" ") || "none"} since ${moment} is ${gap}`, () => {
    assert.equal(longestGapSince(times, moment), gap);
  });
}
