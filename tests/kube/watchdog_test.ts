import assert from "node:assert/strict";
import { SilenceError, withWatchdog } from "../../src/kube/watchdog.ts";
import type { Clock } from "../../src/run/clock.ts";

/** A clock that stands still until the test moves it; sleepers wake when their time has come. */
function manualClock(): { clock: Clock; advance: (milliseconds: number) => Promise<void> } {
  let now = 0;
  let sleepers: { at: number; wake: () => void }[] = [];
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    clock: {
      now: () => now,
      monotonic: () => now,
      random: () => 0,
      sleep: (milliseconds, signal) =>
        new Promise((resolve, reject) => {
          sleepers.push({ at: now + milliseconds, wake: resolve });
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        }),
    },
    async advance(milliseconds) {
      await turn();
      now += milliseconds;
      const due = sleepers.filter(({ at }) => at <= now);
      sleepers = sleepers.filter(({ at }) => at > now);
      for (const { wake } of due) wake();
      await turn();
    },
  };
}

async function* items(signal: AbortSignal, gates: readonly Promise<void>[]): AsyncGenerator<number> {
  for (const [index, gate] of gates.entries()) {
    await Promise.race([
      gate,
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true })
      ),
    ]);
    yield index;
  }
}

Deno.test("Waiting too long for the other side is a SilenceError", async () => {
  const { clock, advance } = manualClock();
  const never = new Promise<void>(() => {});
  const taken: number[] = [];
  const reading = (async () => {
    for await (
      const item of withWatchdog(
        (signal) => items(signal, [Promise.resolve(), never]),
        1000,
        clock,
        new AbortController().signal,
      )
    ) taken.push(item);
  })();
  const failure = assert.rejects(reading, SilenceError);
  await advance(999);
  await advance(2);
  await advance(1000);
  await failure;
  assert.deepEqual(taken, [0]);
});

Deno.test("Time in which the consumer is busy is no silence", async () => {
  const { clock, advance } = manualClock();
  const taken: number[] = [];
  for await (
    const item of withWatchdog(
      (signal) => items(signal, [Promise.resolve(), Promise.resolve()]),
      1000,
      clock,
      new AbortController().signal,
    )
  ) {
    taken.push(item);
    await advance(5000);
  }
  assert.deepEqual(taken, [0, 1]);
});
