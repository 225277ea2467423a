import assert from "node:assert/strict";
import { racePause, requestDeadline, retryAt } from "../../src/leadership/pace.ts";
import { DEFAULT_TIMINGS } from "../support/election.ts";

const fast = {
  leaseDurationMilliseconds: 1000,
  renewDeadlineMilliseconds: 600,
  retryPeriodMilliseconds: 100,
};

Deno.test("A request takes at most a retry period, and never longer than the term", () => {
  assert.equal(requestDeadline(DEFAULT_TIMINGS, undefined), 2000);
  assert.equal(requestDeadline(DEFAULT_TIMINGS, 9000), 2000);
  assert.equal(requestDeadline(DEFAULT_TIMINGS, 700), 700);
  assert.equal(requestDeadline(DEFAULT_TIMINGS, -5), 0);
});

Deno.test("Where the retry period is very short a request has half of the renew deadline, a second at most", () => {
  assert.equal(requestDeadline(fast, undefined), 300);
  assert.equal(requestDeadline({ ...DEFAULT_TIMINGS, retryPeriodMilliseconds: 100 }, undefined), 1000);
});

Deno.test("A candidate tries again a retry period after the last start, with up to a fifth more", () => {
  const failure = { startedAt: 1000, now: 1010, left: undefined, retryAfterMilliseconds: undefined };
  assert.equal(retryAt(DEFAULT_TIMINGS, failure, 0), 3000);
  assert.equal(retryAt(DEFAULT_TIMINGS, failure, 0.5), 3200);
});

Deno.test("A leader tries sooner and sooner as its time runs out, ten times in a retry period at most", () => {
  const failure = { startedAt: 1000, now: 1000, retryAfterMilliseconds: undefined };
  assert.equal(retryAt(DEFAULT_TIMINGS, { ...failure, left: 8000 }, 0), 3000);
  assert.equal(retryAt(DEFAULT_TIMINGS, { ...failure, left: 2000 }, 0), 2000);
  assert.equal(retryAt(DEFAULT_TIMINGS, { ...failure, left: 500 }, 0), 1250);
  assert.equal(retryAt(DEFAULT_TIMINGS, { ...failure, left: 10 }, 0), 1200);
});

Deno.test("A wait that the server asks for is kept", () => {
  const failure = { startedAt: 1000, now: 1500, left: 500, retryAfterMilliseconds: 4000 };
  assert.equal(retryAt(DEFAULT_TIMINGS, failure, 0), 5500);
});

Deno.test("Who lost a race waits up to half a retry period, never not at all", () => {
  assert.equal(racePause(DEFAULT_TIMINGS, 0), 1);
  assert.equal(racePause(DEFAULT_TIMINGS, 0.5), 500);
  assert.ok(racePause(DEFAULT_TIMINGS, 0.999) < 1000);
});
