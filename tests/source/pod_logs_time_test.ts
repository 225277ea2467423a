import assert from "node:assert/strict";
import { later, nanosecondsOf, readStamp, secondOf } from "../../src/source/pod_logs_time.ts";

const BASE = 1_767_225_600_000_000_000n;

Deno.test("The timestamp before a line is kept with all its digits, and read to the nanosecond", () => {
  const cases: readonly [string, string, bigint | undefined, string][] = [
    ["2026-01-01T00:00:00.123456789Z hello", "2026-01-01T00:00:00.123456789Z", BASE + 123456789n, "hello"],
    ["2026-01-01T00:00:00Z hello", "2026-01-01T00:00:00Z", BASE, "hello"],
    ["2026-01-01T00:00:00.5Z  two", "2026-01-01T00:00:00.5Z", BASE + 500_000_000n, " two"],
    ["2026-01-01T02:00:00.000000001+02:00 x", "2026-01-01T02:00:00.000000001+02:00", BASE + 1n, "x"],
    ["2026-01-01T00:00:00.1Z ", "2026-01-01T00:00:00.1Z", BASE + 100_000_000n, ""],
    ["2026-01-01T00:00:00.1Z", "2026-01-01T00:00:00.1Z", BASE + 100_000_000n, ""],
    ["failed to watch the file", "", undefined, "failed to watch the file"],
    ["2026-13-45T00:00:00Z x", "", undefined, "2026-13-45T00:00:00Z x"],
    ["", "", undefined, ""],
  ];
  for (const [text, timestamp, nanoseconds, line] of cases) {
    assert.deepEqual(readStamp(text), { timestamp, nanoseconds, line }, text);
  }
});

Deno.test("Nanoseconds become the second that they lie in, and milliseconds become nanoseconds", () => {
  assert.equal(secondOf(BASE + 999_999_999n), "2026-01-01T00:00:00Z");
  assert.equal(secondOf(-5n), "1970-01-01T00:00:00Z");
  assert.equal(nanosecondsOf(1.9), 1_000_000n);
  assert.equal(later(1n, 2n), 2n);
  assert.equal(later(2n, 1n), 2n);
});
