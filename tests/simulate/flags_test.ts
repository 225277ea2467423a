import assert from "node:assert/strict";
import { readFlags } from "./flags.ts";

Deno.test("Without flags ten thousand schedules are run, on all cores", () => {
  assert.deepEqual(readFlags([], 2), {
    kind: "schedules",
    from: 1,
    count: 10_000,
    workers: 2,
    keepsGoing: false,
  });
});

Deno.test("One schedule can be replayed, and the mutations run, all or one", () => {
  assert.deepEqual(readFlags(["--replay", "7"], 2), { kind: "replay", seed: 7 });
  assert.deepEqual(readFlags(["--mutations", "--workers", "1"], 2), {
    kind: "mutations",
    only: undefined,
    workers: 1,
  });
  assert.deepEqual(readFlags(["--mutations", "--only", "x"], 2), {
    kind: "mutations",
    only: "x",
    workers: 2,
  });
});

for (
  const args of [["--schedules", "0"], ["--seed", "x"], ["--workers", "1.5"], ["--only", "x"], ["--what"], [
    "rest",
  ]]
) {
  Deno.test(`${args.join(" ")} is refused`, () => {
    assert.throws(() => readFlags(args, 2));
  });
}
