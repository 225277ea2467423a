import assert from "node:assert/strict";
import type { LeaseRecord } from "../../src/leadership/record.ts";
import { observe, type Seen } from "../../src/leadership/seen.ts";
import { DEFAULT_TIMINGS } from "../support/election.ts";

const held: LeaseRecord = {
  holderIdentity: "b",
  leaseDurationSeconds: 30,
  acquireTime: "T1",
  renewTime: "T1",
  leaseTransitions: 0,
  release: undefined,
  resourceVersion: "10",
  object: undefined,
};
const released = {
  ...held,
  holderIdentity: "",
  leaseDurationSeconds: 1,
  renewTime: "T5",
  resourceVersion: "20",
};

function see(
  before: Seen | undefined,
  record: LeaseRecord | undefined,
  now: number,
  via: "look" | "watch" = "watch",
  isLatest = false,
): Seen {
  return observe(before, { record, via, isLatest, now }, "a", DEFAULT_TIMINGS);
}

Deno.test("The first sight of a hold begins its lease duration: the one that the Lease says", () => {
  assert.deepEqual(see(undefined, held, 1000), {
    record: held,
    last: held,
    changedAt: 1000,
    expiresAt: 31_000,
    renewedAt: 1000,
    changes: 0,
    lookAt: 4000,
  });
  assert.equal(see(undefined, { ...held, leaseDurationSeconds: undefined }, 1000).expiresAt, 16_000);
});

Deno.test("A renewal begins it anew; what is no renewal does not, but gives the resourceVersion to write with", () => {
  const first = see(undefined, held, 1000);
  const renewed = see(first, { ...held, renewTime: "T2", resourceVersion: "11" }, 3000);
  assert.equal(renewed.expiresAt, 33_000);
  assert.equal(renewed.renewedAt, 3000);
  assert.equal(renewed.changes, 1);
  const annotated = see(first, { ...held, release: "r1", resourceVersion: "12" }, 3000);
  assert.equal(annotated.expiresAt, 31_000);
  assert.equal(annotated.changedAt, 1000);
  assert.equal(annotated.changes, 0);
  assert.equal(annotated.record?.resourceVersion, "12");
  assert.equal(annotated.record?.release, "r1");
});

Deno.test("What is older than what was seen tells nothing, but that somebody speaks", () => {
  const newer = see(undefined, { ...held, renewTime: "T2", resourceVersion: "100" }, 1000);
  const stale = see(newer, { ...held, resourceVersion: "99" }, 3000);
  assert.deepEqual(stale, { ...newer, lookAt: 6000 });
});

Deno.test("An older one that was asked for after all that is known is how things are: history went back", () => {
  const newer = see(undefined, { ...held, renewTime: "T2", resourceVersion: "100" }, 1000);
  const restored = see(newer, { ...held, resourceVersion: "99" }, 3000, "look", true);
  assert.equal(restored.record?.resourceVersion, "99");
  assert.equal(restored.expiresAt, 33_000);
  assert.equal(restored.changes, 1);
});

Deno.test("A release expires at once and keeps when the last renewal was seen", () => {
  const seen = see(see(undefined, held, 1000), released, 5000);
  assert.equal(seen.expiresAt, 5000);
  assert.equal(seen.changedAt, 5000);
  assert.equal(seen.renewedAt, 1000);
});

Deno.test("A Lease that is deleted under its holder expires when it would have", () => {
  const gone = see(see(undefined, held, 1000), undefined, 5000);
  assert.equal(gone.record, undefined);
  assert.equal(gone.last, held);
  assert.equal(gone.expiresAt, 31_000);
  assert.equal(gone.changedAt, 5000);
  assert.equal(see(gone, undefined, 9000).changedAt, 5000);
  assert.equal(see(see(undefined, released, 1000), undefined, 5000).expiresAt, 1000);
  assert.equal(see(undefined, undefined, 5000).expiresAt, 5000);
});

Deno.test("Our own hold does not make us wait for ourselves", () => {
  assert.equal(see(undefined, { ...held, holderIdentity: "a" }, 1000).expiresAt, 1000);
});

Deno.test("After a look the next is a retry period later, after an event half a period more", () => {
  assert.equal(see(undefined, held, 1000, "look").lookAt, 3000);
  assert.equal(see(undefined, held, 1000, "watch").lookAt, 4000);
});
