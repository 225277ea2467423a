import assert from "node:assert/strict";
import { formatMicroTime } from "../../src/kube/micro_time.ts";

const cases: readonly [number, string][] = [
  [0, "1970-01-01T00:00:00.000000Z"],
  [Date.UTC(2026, 0, 2, 12, 30, 45, 678), "2026-01-02T12:30:45.678000Z"],
  [Date.UTC(2026, 0, 2) + 0.001, "2026-01-02T00:00:00.000001Z"],
  [Date.UTC(2026, 0, 2) + 999.9996, "2026-01-02T00:00:01.000000Z"],
  [Date.UTC(2099, 11, 31, 23, 59, 59, 999) + 0.999, "2099-12-31T23:59:59.999999Z"],
  [-1, "1969-12-31T23:59:59.999000Z"],
];

for (const [milliseconds, text] of cases) {
  Deno.test(`${milliseconds} ms since 1970 is ${text}, with six digits`, () => {
    assert.equal(formatMicroTime(milliseconds), text);
  });
}
