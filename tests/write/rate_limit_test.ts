import assert from "node:assert/strict";
import { RateLimits, TokenBucket } from "../../src/write/rate_limit.ts";
import { FakeClock } from "../support/fake_clock.ts";

const never = new AbortController().signal;

Deno.test("So many as the burst pass at once, and the rest at the rate and in order", async () => {
  const cases: readonly [number, number, number, readonly number[]][] = [
    [2, 3, 6, [0, 0, 0, 500, 1000, 1500]],
    [0.5, 1, 3, [0, 2000, 4000]],
    [1000, 1, 3, [0, 1, 2]],
  ];
  for (const [requestsPerSecond, burst, count, expected] of cases) {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ requestsPerSecond, burst }, clock);
    const passed: [number, number][] = [];
    const all = Promise.all(Array.from({ length: count }, async (_, index) => {
      await bucket.take(never);
      passed.push([index, clock.monotonic()]);
    }));
    await clock.advance(10_000);
    await all;
    assert.deepEqual(passed, expected.map((at, index) => [index, at]));
  }
});

Deno.test("A wait ends at once when its signal aborts, and its turn is given back", async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ requestsPerSecond: 1, burst: 1 }, clock);
  assert.equal(await bucket.take(never), false);
  const stop = new AbortController();
  const gone = [bucket.take(stop.signal), bucket.take(stop.signal)];
  stop.abort(new Error("The Ingester was changed"));
  for (const one of gone) await assert.rejects(one, /was changed/);
  assert.equal(clock.sleeping, 0);
  const next = bucket.take(never);
  await clock.advance(1000);
  assert.equal(await next, true);
  await assert.rejects(bucket.take(stop.signal), /was changed/, "and none is given to who has gone already");
});

Deno.test("Who cannot wait is told when to ask again: for as many as come together in a second", async () => {
  const cases: readonly [number, number, number][] = [[100, 100, 1000], [100, 10, 100], [0.2, 1, 5000]];
  for (const [requestsPerSecond, burst, wait] of cases) {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ requestsPerSecond, burst }, clock);
    for (let index = 0; index < burst; index++) assert.equal(bucket.tryTake(), undefined);
    assert.equal(bucket.tryTake(), wait);
    await clock.advance(wait);
    assert.equal(bucket.tryTake(), undefined);
  }
});

Deno.test("What was not used is kept up to the burst, and not beyond", async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ requestsPerSecond: 10, burst: 2 }, clock);
  await clock.advance(60_000);
  assert.deepEqual([bucket.tryTake(), bucket.tryTake(), bucket.tryTake()], [undefined, undefined, 200]);
});

Deno.test("Each Ingester has a bucket of its own for as long as its rule stands", () => {
  const limits = new RateLimits(new FakeClock());
  const rule = { requestsPerSecond: 1, burst: 1 };
  assert.equal(limits.of(rule), limits.of(rule));
  assert.notEqual(limits.of(rule), limits.of({ ...rule }));
});
