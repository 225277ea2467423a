import assert from "node:assert/strict";
import { isExhausted, type RetryRule, waitAfter } from "../../src/write/retry.ts";

const middle = { random: () => 0.5 };

Deno.test("Waits stay or double, up to 15 s or the first one", () => {
  const cases: readonly [RetryRule["backoff"], number, readonly number[]][] = [
    ["constant", 200, [200, 200, 200, 200]],
    ["exponential", 200, [200, 400, 800, 1600]],
    ["exponential", 6000, [6000, 12_000, 15_000, 15_000]],
    ["exponential", 60_000, [60_000, 60_000, 60_000, 60_000]],
    ["constant", 60_000, [60_000, 60_000, 60_000, 60_000]],
  ];
  for (const [backoff, baseMilliseconds, expected] of cases) {
    const rule = { maxAttempts: undefined, backoff, baseMilliseconds };
    assert.deepEqual(expected.map((_, index) => waitAfter(rule, index + 1, middle)), expected);
  }
  const rule: RetryRule = { maxAttempts: undefined, backoff: "exponential", baseMilliseconds: 50 };
  assert.equal(waitAfter(rule, 100_000, middle), 15_000);
});

Deno.test("Waits differ by a quarter either way", () => {
  const rule: RetryRule = { maxAttempts: undefined, backoff: "constant", baseMilliseconds: 100 };
  assert.equal(waitAfter(rule, 1, { random: () => 0 }), 75);
  assert.ok(waitAfter(rule, 1, { random: () => 0.999 }) < 125);
});

Deno.test("Only a rule that says how often exhausts", () => {
  const rule: RetryRule = { maxAttempts: 3, backoff: "constant", baseMilliseconds: 1 };
  const cases: readonly [RetryRule | undefined, number, boolean][] = [
    [undefined, 1000, false],
    [{ ...rule, maxAttempts: undefined }, 1000, false],
    [rule, 2, false],
    [rule, 3, true],
  ];
  for (const [given, tries, expected] of cases) assert.equal(isExhausted(given, tries), expected);
});
