import assert from "node:assert/strict";
import type { Term } from "../../src/leadership/term.ts";
import { Work } from "../../src/leadership/work.ts";
import { FakeClock } from "../support/fake_clock.ts";

const term: Term = {
  lease: "the-lease",
  takeover: { kind: "none", sinceMonotonic: undefined },
  signal: new AbortController().signal,
  isValid: () => true,
  renewedAt: 0,
};

Deno.test("Work begins after the caller is ready for it, and tells when and how it ended", async () => {
  const clock = new FakeClock();
  const error = new Error("broken");
  const cases: readonly [() => Promise<void>, unknown][] = [
    [() => Promise.resolve(), undefined],
    [() => Promise.reject(error), error],
    [() => {
      throw error;
    }, error],
  ];
  for (const [lead, expected] of cases) {
    let begun = 0;
    let ended = 0;
    const work = Work.start(
      (given) => {
        begun++;
        assert.equal(given, term);
        return lead();
      },
      term,
      () => ended++,
    );
    assert.equal(begun, 0);
    assert.equal(work.outcome, undefined);
    await clock.settle();
    assert.deepEqual([begun, ended], [1, 1]);
    assert.deepEqual(work.outcome, { error: expected });
  }
});

Deno.test("Work has 10 s to end", () => {
  const work = Work.start(() => new Promise<void>(() => {}), term, () => {});
  assert.equal(work.patience(1000, 1000), 5000);
  assert.equal(work.patience(1000, 3000), 3000);
  assert.equal(work.patience(1000, 6000), 5000);
  assert.equal(work.patience(1000, 10_999), 1);
  assert.equal(work.patience(1000, 11_000), 0);
});

Deno.test("Work that slept through its time has half of it left", () => {
  const work = Work.start(() => new Promise<void>(() => {}), term, () => {});
  assert.equal(work.patience(1000, 2000), 4000);
  assert.equal(work.patience(1000, 60_000), 5000);
  assert.equal(work.patience(1000, 64_999), 1);
  assert.equal(work.patience(1000, 65_000), 0);
});
