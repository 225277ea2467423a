import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import { judgeFailure, Waits } from "../../src/kube/restart.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("What a failure means for the position is one table", () => {
  const table: readonly (readonly [Error, string, boolean])[] = [
    [new TypeError("connection reset"), "unreachable", true],
    [new ApiError("", { code: 0 }), "unreachable", true],
    [new ApiError("", { code: 410 }), "expired", false],
    [new ApiError("", { code: 403 }), "forbidden", true],
    [new ApiError("", { code: 404 }), "missing", false],
    [new ApiError("", { code: 429 }), "throttled", true],
    [new ApiError("", { code: 401 }), "server_error", true],
    [new ApiError("", { code: 500 }), "server_error", true],
    [new ApiError("Too large resource version: 9, current: 5", { code: 504 }), "server_error", false],
    [new ApiError("", { code: 400 }), "server_error", false],
    [new ApiError("", { code: 422 }), "server_error", false],
  ];
  for (const [error, reason, isPositionKept] of table) {
    assert.deepEqual(judgeFailure(error), { reason, error, isPositionKept }, `${error}`);
  }
});

Deno.test("What is thrown and is no error is told as one", () => {
  assert.equal(judgeFailure("broken").error.message, "broken");
});

Deno.test("A planned restart waits for nothing, one at once a little, and 429 as long as it is asked", () => {
  const waits = new Waits(new FakeClock());
  assert.equal(waits.after("closed", undefined), 0);
  assert.equal(waits.after("rewound", undefined), 0);
  assert.equal(waits.after("resync", undefined), 0);
  assert.ok(waits.after("closed", new Error("closed at once")) > 0);
  const asked = new ApiError("", { code: 429, retryAfterMilliseconds: 7000 });
  assert.equal(waits.after("throttled", asked), 7000);
  assert.equal(waits.after("missing", undefined), 10_000);
});

Deno.test("Waits grow with each failure of their kind, and begin anew after a success", () => {
  const waits = new Waits(new FakeClock());
  const error = new Error("down");
  for (let tries = 0; tries < 10; tries++) waits.after("unreachable", error);
  assert.ok(waits.after("unreachable", error) > 5000);
  assert.ok(waits.after("expired", error) < 1000, "one trouble teaches nothing of another");
  waits.onListed();
  assert.ok(waits.after("unreachable", error) < 1000);
  for (let tries = 0; tries < 10; tries++) waits.after("forbidden", error);
  assert.ok(waits.after("forbidden", error) > 20_000);
  waits.onOpened();
  assert.ok(waits.after("forbidden", error) < 2000);
  for (let tries = 0; tries < 10; tries++) waits.after("expired", error);
  waits.onRecovered();
  assert.ok(waits.after("expired", error) < 1000);
});
