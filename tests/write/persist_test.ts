import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import { persist } from "../../src/write/persist.ts";
import { FakeClock } from "../support/fake_clock.ts";

const never = new AbortController().signal;
const terms = { patienceMilliseconds: Infinity, mayWrite: () => true, onStall: () => {} };

/** A task that fails with these codes, one after the other, then succeeds. */
function failing(...codes: readonly number[]): { task: () => Promise<string>; tries: () => number } {
  let tries = 0;
  return {
    tries: () => tries,
    task: () => {
      const code = codes[tries++];
      return code === undefined ? Promise.resolve("done") : Promise.reject(new ApiError(`${code}`, { code }));
    },
  };
}

Deno.test("What may pass is tried again until it does", async () => {
  const clock = new FakeClock();
  const { task, tries } = failing(0, 503, 429, 401);
  const persisting = persist(task, terms, clock, never);
  await clock.advance(60_000);
  assert.deepEqual(await persisting, { kind: "done", value: "done" });
  assert.equal(tries(), 5);
});

Deno.test("A conflict is tried again at once", async () => {
  const { task } = failing(409, 409);
  assert.deepEqual(await persist(task, terms, new FakeClock(), never), { kind: "done", value: "done" });
});

Deno.test("What is refused for good is not tried again", async () => {
  for (const code of [400, 413, 422]) {
    const { task, tries } = failing(code);
    assert.deepEqual(await persist(task, terms, new FakeClock(), never), {
      kind: "refused",
      message: `${code}`,
    });
    assert.equal(tries(), 1);
  }
});

Deno.test("A missing right is told while it lasts, and that it is over", async () => {
  const clock = new FakeClock();
  const told: (string | undefined)[] = [];
  const { task } = failing(403);
  const persisting = persist(task, { ...terms, onStall: (error) => told.push(error?.kind) }, clock, never);
  await clock.advance(1000);
  await persisting;
  assert.deepEqual(told, ["forbidden", undefined]);
});

Deno.test("Patience ends, the term ends, and a mistake is thrown", async () => {
  const clock = new FakeClock();
  const away = persist(
    () => Promise.reject(new ApiError("away", { code: 0 })),
    {
      ...terms,
      patienceMilliseconds: 1000,
    },
    clock,
    never,
  );
  await clock.advance(2000);
  assert.deepEqual(await away, { kind: "unavailable", message: "away" });
  const { task } = failing();
  await assert.rejects(persist(task, { ...terms, mayWrite: () => false }, clock, never), {
    name: "TermEndedError",
  });
  await assert.rejects(
    persist(() => Promise.reject(new TypeError("a mistake")), terms, clock, never),
    /a mistake/,
  );
});

Deno.test("An aborted signal ends it with its reason", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const persisting = persist(
    () => Promise.reject(new ApiError("away", { code: 0 })),
    terms,
    clock,
    stop.signal,
  );
  await clock.settle();
  stop.abort(new Error("asked to stop"));
  await assert.rejects(persisting, /asked to stop/);
});
