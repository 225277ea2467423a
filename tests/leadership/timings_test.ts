import assert from "node:assert/strict";
import { timingProblems } from "../../src/leadership/timings.ts";

const cases: readonly [lease: number, renew: number, retry: number, problems: readonly RegExp[]][] = [
  [15_000, 10_000, 2_000, []],
  [3_000, 2_000, 500, []],
  [1_000, 999, 832, []],
  [10_000, 10_000, 2_000, [
    /renew deadline: it must be less than the lease duration \(10000 ms\), given 10000 ms/,
  ]],
  [10_000, 12_000, 2_000, [/renew deadline: it must be less/]],
  [15_000, 10_000, 8_334, [
    /retry period: it must be less than the renew deadline \(10000 ms\) by a factor of 1\.2/,
  ]],
  [15_000, 2_000, 2_000, [/retry period/]],
  [5_000, 6_000, 5_500, [/renew deadline/, /retry period/]],
  [0, 10_000, 2_000, [/lease duration: it must be 1 or more whole seconds, given 0 ms/]],
  [1_500, 1_000, 200, [/whole seconds, given 1500 ms/]],
  [15_000, 0, 2_000, [/renew deadline: it must be more than 0/]],
  [15_000, 10_000, 0, [/retry period: it must be more than 0/]],
  [-1_000, -1, -1, [/lease duration/, /renew deadline/, /retry period/]],
  [NaN, NaN, NaN, [/lease duration/, /renew deadline/, /retry period/]],
];

for (const [lease, renew, retry, expected] of cases) {
  const name = expected.length === 0 ? "are taken" : "are refused with a sentence for each problem";
  Deno.test(`Times of ${lease}, ${renew} and ${retry} ms ${name}`, () => {
    const problems = timingProblems({
      leaseDurationMilliseconds: lease,
      renewDeadlineMilliseconds: renew,
      retryPeriodMilliseconds: retry,
    });
    assert.equal(problems.length, expected.length, problems.join("\n"));
    for (const [index, problem] of problems.entries()) assert.match(problem, expected[index] ?? /^$/);
  });
}
