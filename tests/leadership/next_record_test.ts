import assert from "node:assert/strict";
import { releasedRecord, renewedRecord, takenRecord } from "../../src/leadership/next_record.ts";
import type { LeaseRecord } from "../../src/leadership/record.ts";
import { DEFAULT_TIMINGS } from "../support/election.ts";

const me = { lease: "the-lease", identity: "a", release: "r1", timings: DEFAULT_TIMINGS };
const before: LeaseRecord = {
  holderIdentity: "b",
  leaseDurationSeconds: 60,
  acquireTime: "T1",
  renewTime: "T2",
  leaseTransitions: 7,
  release: undefined,
  resourceVersion: "42",
  object: { kind: "Lease" },
};

Deno.test("A Lease that is taken has our name, times and release, and one transition more", () => {
  assert.deepEqual(takenRecord(before, me, "T3"), {
    ...before,
    holderIdentity: "a",
    leaseDurationSeconds: 15,
    acquireTime: "T3",
    renewTime: "T3",
    leaseTransitions: 8,
    release: "r1",
  });
  assert.equal(takenRecord({ ...before, holderIdentity: "" }, me, "T3").leaseTransitions, 8);
});

Deno.test("A Lease that was ours is taken without a transition", () => {
  const taken = takenRecord({ ...before, holderIdentity: "a" }, me, "T3");
  assert.equal(taken.leaseTransitions, 7);
  assert.equal(taken.acquireTime, "T3");
});

Deno.test("A Lease that is created begins without transitions and without resourceVersion", () => {
  const created = takenRecord(undefined, { ...me, release: undefined }, "T3");
  assert.deepEqual(created, {
    holderIdentity: "a",
    leaseDurationSeconds: 15,
    acquireTime: "T3",
    renewTime: "T3",
    leaseTransitions: 0,
    release: undefined,
    resourceVersion: "",
    object: undefined,
  });
});

Deno.test("A renewal changes renewTime alone", () => {
  const own = { ...before, holderIdentity: "a", leaseDurationSeconds: 15, release: "r1" };
  assert.deepEqual(renewedRecord(own, me, "T3"), { ...own, renewTime: "T3" });
  assert.equal(renewedRecord({ ...own, acquireTime: undefined }, me, "T3").acquireTime, "T3");
});

Deno.test("A process without a release leaves that of the Lease", () => {
  const own = { ...before, holderIdentity: "a", release: "r1" };
  assert.equal(renewedRecord(own, { ...me, release: undefined }, "T3").release, "r1");
});

Deno.test("A released Lease is nobody's for a second, with its transitions kept", () => {
  assert.deepEqual(releasedRecord(before, "T3"), {
    ...before,
    holderIdentity: "",
    leaseDurationSeconds: 1,
    acquireTime: "T3",
    renewTime: "T3",
  });
});
