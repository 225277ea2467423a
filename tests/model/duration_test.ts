import assert from "node:assert/strict";
import { parseDuration } from "../../src/model/duration.ts";

const cases: readonly (readonly [string, number | undefined])[] = [
  ["0", 0],
  ["0s", 0],
  ["10m", 600_000],
  ["1h30m", 5_400_000],
  ["1.5h", 5_400_000],
  [".5s", 500],
  ["1.s", 1000],
  ["250ms", 250],
  ["1s250ms", 1250],
  ["1500us", 1.5],
  ["1500µs", 1.5],
  ["2000000ns", 2],
  ["24h", 86_400_000],
  ["", undefined],
  ["10", undefined],
  ["m", undefined],
  [".s", undefined],
  ["10 m", undefined],
  ["10m ", undefined],
  ["-10m", undefined],
  ["1d", undefined],
  ["10m5", undefined],
  ["x10m", undefined],
  ["1..5s", undefined],
  ["Infinitys", undefined],
];
for (const [text, expected] of cases) {
  Deno.test(`the duration ${JSON.stringify(text)} is ${expected === undefined ? "refused" : `${expected} ms`}`, () => {
    assert.equal(parseDuration(text), expected);
  });
}
