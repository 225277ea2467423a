import assert from "node:assert/strict";
import { aborted } from "../../src/run/aborted.ts";

Deno.test("It resolves when the signal aborts, and not before", async () => {
  const stop = new AbortController();
  let isResolved = false;
  const waiting = aborted(stop.signal).then(() => isResolved = true);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isResolved, false);
  stop.abort();
  await waiting;
});

Deno.test("It resolves at once for a signal that has aborted", async () => {
  await aborted(AbortSignal.abort());
});
