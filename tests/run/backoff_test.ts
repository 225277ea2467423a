import assert from "node:assert/strict";
import { Backoff } from "../../src/run/backoff.ts";
import { FakeClock } from "../support/fake_clock.ts";

const middle = Object.assign(new FakeClock(), { random: () => 0.5 });

Deno.test("Waits double from try to try, up to the maximum", () => {
  const backoff = new Backoff({ minMilliseconds: 100, maxMilliseconds: 1000 }, middle);
  assert.deepEqual(Array.from({ length: 6 }, () => backoff.next()), [100, 200, 400, 800, 1000, 1000]);
});

Deno.test("Another factor can be asked for", () => {
  const backoff = new Backoff({ minMilliseconds: 100, maxMilliseconds: 1000, factor: 3 }, middle);
  assert.deepEqual(Array.from({ length: 3 }, () => backoff.next()), [100, 300, 900]);
});

Deno.test("After a success the waits begin anew", () => {
  const backoff = new Backoff({ minMilliseconds: 100, maxMilliseconds: 1000 }, middle);
  backoff.next();
  backoff.next();
  backoff.reset();
  assert.equal(backoff.next(), 100);
});

Deno.test("Waits are spread between three quarters and five quarters of their step, never above the maximum", () => {
  const clock = new FakeClock({ seed: 7 });
  const waits = Array.from(
    { length: 200 },
    () => new Backoff({ minMilliseconds: 100, maxMilliseconds: 120 }, clock).next(),
  );
  assert.ok(Math.min(...waits) >= 75 && Math.min(...waits) < 80, `${Math.min(...waits)}`);
  assert.equal(Math.max(...waits), 120);
});
