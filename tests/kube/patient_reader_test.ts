import assert from "node:assert/strict";
import { PatientReader } from "../../src/kube/patient_reader.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** Numbers that a test hands over one at a time; ends when its signal aborts, as streams of the API do. */
function scene(): {
  readonly clock: FakeClock;
  readonly reader: PatientReader<number>;
  readonly stop: AbortController;
  give(value: number): void;
  fail(error: Error): void;
  hasEnded(): boolean;
} {
  const clock = new FakeClock();
  const stop = new AbortController();
  let next = Promise.withResolvers<number>();
  let hasEnded = false;
  const reader = new PatientReader<number>(
    async function* (signal) {
      signal.addEventListener("abort", () => next.reject(signal.reason), { once: true });
      try {
        while (true) {
          yield await next.promise;
          next = Promise.withResolvers();
        }
      } finally {
        hasEnded = true;
      }
    },
    clock,
    stop.signal,
  );
  return {
    clock,
    reader,
    stop,
    give: (value) => next.resolve(value),
    fail: (error) => next.reject(error),
    hasEnded: () => hasEnded,
  };
}

Deno.test("An item that comes in time is read, and one that comes late is not lost", async () => {
  const { clock, reader, give } = scene();
  const first = reader.next(1000);
  give(1);
  assert.deepEqual(await first, { done: false, value: 1 });
  const second = reader.next(1000);
  await clock.advance(1000);
  assert.equal(await second, "late");
  give(2);
  await clock.settle();
  const third = reader.next(5000);
  assert.deepEqual(await third, { done: false, value: 2 });
  await reader[Symbol.asyncDispose]();
  assert.equal(clock.sleeping, 0);
});

Deno.test("A wait that is shorter than the one before is late in its own time", async () => {
  const { clock, reader, give } = scene();
  const first = reader.next(60_000);
  give(1);
  await first;
  const second = reader.next(2_000);
  await clock.advance(2_000);
  assert.equal(await second, "late");
  await reader[Symbol.asyncDispose]();
});

Deno.test("One timer serves however many items", async () => {
  const { clock, reader, give } = scene();
  for (let value = 0; value < 50; value++) {
    const next = reader.next(clock.monotonic() + 1000);
    give(value);
    await next;
    await clock.advance(10);
    assert.ok(clock.sleeping <= 1);
  }
  const last = reader.next(clock.monotonic() + 1000);
  await clock.advance(999);
  assert.equal(clock.sleeping, 1);
  await clock.advance(1);
  assert.equal(await last, "late");
  await reader[Symbol.asyncDispose]();
});

Deno.test("Without a limit it waits for ever", async () => {
  const { clock, reader, give } = scene();
  const next = reader.next(Infinity);
  await clock.advance(10_000_000);
  assert.equal(clock.sleeping, 0);
  give(1);
  assert.deepEqual(await next, { done: false, value: 1 });
  await reader[Symbol.asyncDispose]();
});

Deno.test("A failure is thrown to whoever waits, and to the next after a late one", async () => {
  const { clock, reader, fail } = scene();
  const late = reader.next(10);
  await clock.advance(10);
  assert.equal(await late, "late");
  fail(new TypeError("connection reset"));
  await clock.settle();
  await assert.rejects(reader.next(1000), /connection reset/);
  await reader[Symbol.asyncDispose]();
});

Deno.test("Closing it ends the iterator, also while it is awaited, and so does the signal", async () => {
  const closed = scene();
  const waiting = closed.reader.next(1000);
  waiting.catch(() => {});
  await closed.reader[Symbol.asyncDispose]();
  assert.equal(closed.hasEnded(), true);
  assert.equal(closed.clock.sleeping, 0);
  const stopped = scene();
  const next = stopped.reader.next(Infinity);
  stopped.stop.abort(new Error("asked to stop"));
  await assert.rejects(next, /asked to stop/);
  await stopped.reader[Symbol.asyncDispose]();
});
