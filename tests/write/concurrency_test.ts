import assert from "node:assert/strict";
import { systemClock } from "../../src/run/clock.ts";
import { AdaptiveConcurrency, type Outcome } from "../../src/write/concurrency.ts";

const never = new AbortController().signal;

/** A clock that the test moves. */
function still(): { clock: typeof systemClock; advance: (milliseconds: number) => void } {
  let now = 0;
  return {
    clock: { ...systemClock, monotonic: () => now },
    advance: (milliseconds) => {
      now += milliseconds;
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

Deno.test("Never more run than the limit, and all get their turn in order", async () => {
  const concurrency = new AdaptiveConcurrency(4, still().clock);
  const order: number[] = [];
  let running = 0;
  let most = 0;
  await Promise.all(Array.from({ length: 20 }, (_, index) =>
    concurrency.run(
      async () => {
        order.push(index);
        most = Math.max(most, ++running);
        await turn();
        running--;
      },
      () => "ok",
      never,
    )));
  assert.ok(most <= 4, `${most} ran at once`);
  assert.deepEqual(order, Array.from({ length: 20 }, (_, index) => index));
});

Deno.test("The limit grows with good answers up to its maximum and falls when the server is overloaded", async () => {
  const { clock, advance } = still();
  const concurrency = new AdaptiveConcurrency(10, clock);
  const answer = async (outcome: Outcome, milliseconds: number): Promise<void> => {
    await concurrency.run(() => Promise.resolve(advance(milliseconds)), () => outcome, never);
  };
  assert.equal(concurrency.limit, 5);
  for (let index = 0; index < 100; index++) await answer("ok", 5);
  assert.equal(concurrency.limit, 10);
  await answer("overloaded", 200);
  assert.equal(concurrency.limit, 6);
  for (let index = 0; index < 50; index++) await answer("overloaded", 200);
  assert.equal(concurrency.limit, 1);
});

Deno.test("Answers that became much slower lower the limit as failures do", async () => {
  const { clock, advance } = still();
  const concurrency = new AdaptiveConcurrency(10, clock);
  const answer = async (milliseconds: number): Promise<void> => {
    await concurrency.run(() => Promise.resolve(advance(milliseconds)), () => "ok", never);
  };
  for (let index = 0; index < 100; index++) await answer(5);
  for (let index = 0; index < 30; index++) await answer(2000);
  assert.ok(concurrency.limit < 5, `${concurrency.limit}`);
});

Deno.test("Who waits and is aborted leaves the queue, and the others go on", async () => {
  const concurrency = new AdaptiveConcurrency(2, still().clock);
  let release = (): void => {};
  const held = new Promise<void>((resolve) => release = resolve);
  const first = concurrency.run(() => held, () => "ok", never);
  const stop = new AbortController();
  const second = concurrency.run(() => Promise.resolve(), () => "ok", stop.signal);
  const third = concurrency.run(() => Promise.resolve("third"), () => "ok", never);
  stop.abort(new Error("enough"));
  await assert.rejects(second, /enough/);
  release();
  await first;
  assert.equal(await third, "third");
});
