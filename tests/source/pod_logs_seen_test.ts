import assert from "node:assert/strict";
import { SeenLines } from "../../src/source/pod_logs_seen.ts";
import { readStamp } from "../../src/source/pod_logs_time.ts";

const at = (second: number, line: string): ReturnType<typeof readStamp> =>
  readStamp(`2026-01-01T00:00:${String(second).padStart(2, "0")}.000000001Z ${line}`);

Deno.test("A line is new once; another line or another time is another one", () => {
  const seen = new SeenLines();
  assert.deepEqual([seen.add(at(1, "a")), seen.add(at(1, "a"))], [true, false]);
  assert.deepEqual([seen.add(at(1, "b")), seen.add(at(2, "a")), seen.add(readStamp("a"))], [
    true,
    true,
    true,
  ]);
});

Deno.test("What is not asked for again is forgotten, and never more than a bound is remembered", () => {
  const seen = new SeenLines();
  for (let second = 0; second < 10; second++) seen.add(at(second, "a"));
  seen.forgetBefore(at(5, "").nanoseconds ?? 0n);
  assert.equal(seen.size, 5);
  assert.equal(seen.add(at(7, "a")), false);
  for (let index = 0; index < 6000; index++) seen.add(at(9, `line ${index}`));
  assert.equal(seen.size, 1000);
  assert.equal(seen.add(at(9, "line 5999")), false);
});
