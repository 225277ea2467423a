import assert from "node:assert/strict";
import { SenderLimits } from "../../src/intake/sender_limits.ts";
import { HandClock } from "../observe/hand_clock.ts";

const limit = { requestsPerSecond: 2, burst: 3 };

Deno.test("A burst passes, then as many as the rate allows, and who waits is told how long", () => {
  const clock = new HandClock();
  const limits = new SenderLimits(clock);
  const take = (): number | undefined => limits.take("n/i", "10.0.0.1", limit);
  assert.deepEqual([take(), take(), take(), take()], [undefined, undefined, undefined, 1]);
  clock.advance(499);
  assert.equal(take(), 1);
  clock.advance(1);
  assert.deepEqual([take(), take()], [undefined, 1]);
  clock.advance(3_600_000);
  assert.deepEqual([take(), take(), take(), take()], [undefined, undefined, undefined, 1]);
});

Deno.test("A slow rate says when the next one passes, in whole seconds, and that is true", () => {
  const clock = new HandClock();
  const limits = new SenderLimits(clock);
  const slow = { requestsPerSecond: 0.03 };
  assert.equal(limits.take("n/i", "10.0.0.1", slow), undefined);
  const seconds = limits.take("n/i", "10.0.0.1", slow) ?? 0;
  assert.equal(seconds, 34);
  clock.advance(seconds * 1000);
  assert.equal(limits.take("n/i", "10.0.0.1", slow), undefined);
});

Deno.test("Without a burst as many pass at once as in a second", () => {
  const limits = new SenderLimits(new HandClock());
  const taken = Array.from({ length: 6 }, () => limits.take("n/i", "10.0.0.1", { requestsPerSecond: 4.5 }));
  assert.deepEqual(taken.map((one) => one === undefined), [true, true, true, true, true, false]);
});

Deno.test("Each sender of each Ingester has its own, an IPv6 network is one, and those without address are one", () => {
  const limits = new SenderLimits(new HandClock());
  const once = { requestsPerSecond: 1, burst: 1 };
  const passes = (ingester: string, address: string | undefined): boolean =>
    limits.take(ingester, address, once) === undefined;
  assert.deepEqual([passes("n/i", "10.0.0.1"), passes("n/i", "::ffff:10.0.0.1")], [true, false]);
  assert.ok(passes("n/i", "10.0.0.2") && passes("n/j", "10.0.0.1") && passes("m/i", "10.0.0.1"));
  assert.deepEqual([passes("n/i", "2001:db8::1"), passes("n/i", "2001:db8::2")], [true, false]);
  assert.deepEqual([passes("n/i", undefined), passes("n/i", undefined)], [true, false]);
});

Deno.test("A limit that changes is in force at once", () => {
  const limits = new SenderLimits(new HandClock());
  for (let n = 0; n < 10; n++) limits.take("n/i", "10.0.0.1", { requestsPerSecond: 1, burst: 100 });
  const tight = { requestsPerSecond: 1, burst: 1 };
  assert.deepEqual([limits.take("n/i", "10.0.0.1", tight), limits.take("n/i", "10.0.0.1", tight)], [
    undefined,
    1,
  ]);
});

Deno.test("Above so many senders the one that was silent longest begins anew", () => {
  const limits = new SenderLimits(new HandClock(), 2);
  const once = { requestsPerSecond: 1, burst: 1 };
  const passes = (address: string): boolean => limits.take("n/i", address, once) === undefined;
  assert.deepEqual(["10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.3"].map(passes), [true, true, false, true]);
  assert.deepEqual(["10.0.0.1", "10.0.0.2"].map(passes), [false, true]);
});
