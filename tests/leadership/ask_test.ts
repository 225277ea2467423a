import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import { ask } from "../../src/leadership/ask.ts";
import { FakeClock } from "../support/fake_clock.ts";

const never = new AbortController().signal;
const forever = () => new Promise<never>(() => {});

Deno.test("An answer is passed on, and no timer is left", async () => {
  const clock = new FakeClock();
  assert.deepEqual(await ask(1000, clock, () => Promise.resolve(7), never), { kind: "answered", value: 7 });
  assert.equal(clock.sleeping, 0);
});

const answers: readonly [Error | string, "conflict" | "failed"][] = [
  [new ApiError("changed", { code: 409, reason: "Conflict" }), "conflict"],
  [new ApiError("there", { code: 409, reason: "AlreadyExists" }), "conflict"],
  [new ApiError("gone", { code: 404, reason: "NotFound" }), "conflict"],
  [new ApiError("no such namespace", { code: 404, reason: "NotFound", subject: "namespaces" }), "failed"],
  [new ApiError("no", { code: 403, reason: "Forbidden" }), "failed"],
  [new ApiError("slow down", { code: 429 }), "failed"],
  [new ApiError("broken", { code: 500 }), "failed"],
  [new ApiError("unreachable", { code: 0 }), "failed"],
  [new TypeError("a surprise"), "failed"],
  ["a text", "failed"],
];

for (const [error, kind] of answers) {
  Deno.test(`What rejects with ${error} is a ${kind}`, async () => {
    const answer = await ask(1000, new FakeClock(), () => Promise.reject(error), never);
    assert.ok(answer.kind !== "answered");
    assert.equal(answer.kind, kind);
    assert.equal(answer.error.message, error instanceof Error ? error.message : error);
  });
}

Deno.test("A request that does not answer, nor listens, has failed at its deadline", async () => {
  const clock = new FakeClock();
  let wasAborted = false;
  const answer = ask(1000, clock, (signal) => {
    signal.addEventListener("abort", () => wasAborted = true);
    return forever();
  }, never);
  await clock.advance(999);
  assert.equal(wasAborted, false);
  await clock.advance(1);
  assert.equal((await answer).kind, "failed");
  assert.equal(wasAborted, true);
});

Deno.test("A request is given up when its signal aborts, and not sent when it has", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const answer = ask(1000, clock, forever, stop.signal);
  await clock.settle();
  stop.abort(new Error("asked to stop"));
  const given = await answer;
  assert.ok(given.kind === "failed" && given.error.message === "asked to stop");
  let isSent = false;
  const late = await ask(1000, clock, () => Promise.resolve(isSent = true), stop.signal);
  assert.equal(late.kind, "failed");
  assert.equal(isSent, false);
  assert.equal(clock.sleeping, 0);
});

Deno.test("A request that rejects after it was given up disturbs nobody", async () => {
  const clock = new FakeClock();
  let fail = (_: Error): void => {};
  const answer = ask(1000, clock, () => new Promise((_, reject) => fail = reject), never);
  await clock.advance(1000);
  await answer;
  fail(new Error("too late"));
  await clock.settle();
});
