import assert from "node:assert/strict";
import type { Json } from "../../src/model/json.ts";
import { firstTime, rfc3339, timestampTime } from "../../src/normalize/rfc3339.ts";

Deno.test("Times that exist are kept as they are, digits and all", () => {
  for (
    const time of [
      "2024-01-02T03:04:05Z",
      "2024-01-02T03:04:05.123456789Z",
      "2024-02-29T23:59:59+14:00",
      "2024-01-02T03:04:05-00:30",
      "1970-01-01T00:00:00Z",
      "9999-12-31T23:59:59Z",
    ]
  ) {
    assert.equal(rfc3339(time), time);
    assert.ok(!Number.isNaN(Date.parse(time)), time);
  }
  assert.equal(rfc3339("2024-01-02t03:04:05z"), "2024-01-02T03:04:05Z");
});

Deno.test("What is no time, or was never set, is none", () => {
  const given: readonly (Json | undefined)[] = [
    undefined,
    null,
    "",
    "<ts>",
    1704164645,
    {},
    "2024-01-02",
    "2024-01-02T03:04:05",
    "2024-01-02 03:04:05Z",
    "2021-04-13T20:58:00.746609046Z+2",
    "2024-02-30T00:00:00Z",
    "2023-02-29T00:00:00Z",
    "2024-13-01T00:00:00Z",
    "2024-00-01T00:00:00Z",
    "2024-01-00T00:00:00Z",
    "2024-01-02T24:00:00Z",
    "2024-01-02T03:60:00Z",
    "2024-01-02T03:04:60Z",
    "2024-01-02T03:04:05+24:00",
    "2024-01-02T03:04:05.Z",
    "0001-01-01T00:00:00Z",
    "0099-01-01T00:00:00Z",
    "2024-01-02T03:04:05Z\n",
  ];
  for (const value of given) assert.equal(rfc3339(value), undefined, String(value));
});

Deno.test("The first time of several counts", () => {
  assert.equal(firstTime(null, "", "2024-01-02T03:04:05Z", "2025-01-02T03:04:05Z"), "2024-01-02T03:04:05Z");
  assert.equal(firstTime(), undefined);
});

Deno.test("Seconds and nanos become a time", () => {
  const cases: readonly [Json | undefined, Json | undefined, string | undefined][] = [
    [1704164645, 0, "2024-01-02T03:04:05Z"],
    [1704164645, 120_000_000, "2024-01-02T03:04:05.12Z"],
    [1704164645, 7, "2024-01-02T03:04:05.000000007Z"],
    [1704164645, -7, "2024-01-02T03:04:05Z"],
    [1704164645, 1_000_000_000, "2024-01-02T03:04:05Z"],
    ["1704164645", "7", "2024-01-02T03:04:05.000000007Z"],
    [1704164645, "x", "2024-01-02T03:04:05Z"],
    [253402300799, undefined, "9999-12-31T23:59:59Z"],
    [253402300800, 0, undefined],
    [0, 0, undefined],
    [-1, 0, undefined],
    [1.5, 0, undefined],
    [undefined, 0, undefined],
  ];
  for (const [seconds, nanos, expected] of cases) {
    assert.equal(timestampTime(seconds, nanos), expected, `${seconds} ${nanos}`);
  }
});

Deno.test("Digits beyond a nanosecond are left out", () => {
  assert.equal(rfc3339("2024-01-02T03:04:05.1234567891234Z"), "2024-01-02T03:04:05.123456789Z");
  assert.equal(rfc3339("2024-01-02T03:04:05.123456789+01:00"), "2024-01-02T03:04:05.123456789+01:00");
});
