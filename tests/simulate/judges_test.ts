import assert from "node:assert/strict";
import { CheckpointJudge } from "./checkpoint_judge.ts";
import { LeaseJudge } from "./lease_judge.ts";
import type { StoredObject } from "./store.ts";
import { targetsOf } from "./targets.ts";

function lease(holderIdentity: string, acquireTime: string): StoredObject {
  return {
    metadata: {},
    spec: { holderIdentity, acquireTime, leaseTransitions: 1 },
  } as unknown as StoredObject;
}

function checkpoints(holder: string, position: number): StoredObject {
  return {
    metadata: { annotations: { "zen.kube-zen.io/holder": holder } },
    data: { "uid-events.x": JSON.stringify({ resourceVersion: String(position) }) },
  } as unknown as StoredObject;
}

Deno.test("A term of the Lease is written by one alone, and released by none but it", () => {
  const violations: string[] = [];
  const judge = new LeaseJudge((invariant) => violations.push(invariant));
  judge.onWrite("a", undefined, lease("a", "T1"));
  judge.onWrite("a", lease("a", "T1"), lease("a", "T1"));
  judge.onWrite("b", lease("a", "T1"), lease("b", "T2"));
  assert.deepEqual(violations, []);
  judge.onWrite("a", lease("b", "T2"), lease("b", "T2"));
  judge.onWrite("b", lease("b", "T2"), lease("", "T3"));
  assert.deepEqual(violations, ["one writer of a term", "one writer of a term"]);
  assert.equal(judge.releasedBy("b"), true);
});

Deno.test("Two who lead at once are found, but for a while after a restore", () => {
  const violations: string[] = [];
  const judge = new LeaseJudge((invariant) => violations.push(invariant));
  judge.excuseUntil(100);
  judge.onLeaders(["a", "b"], 100);
  judge.onLeaders(["a"], 101);
  assert.deepEqual(violations, []);
  judge.onLeaders(["a", "b"], 101);
  assert.deepEqual(violations, ["one leader"]);
});

Deno.test("Checkpoints are not written by a term that was followed by another one, nor set back", () => {
  const violations: string[] = [];
  const judge = new CheckpointJudge(targetsOf(undefined), (invariant) => violations.push(invariant));
  judge.onWrite("a", checkpoints("a/1", 5), 100);
  judge.onWrite("b", checkpoints("b/1", 5), 100);
  judge.onWrite("b", checkpoints("b/1", 7), 100);
  assert.deepEqual(violations, []);
  judge.onWrite("b", checkpoints("b/1", 6), 100);
  assert.deepEqual(violations, ["checkpoints forward"]);
  judge.onWrite("a", checkpoints("a/1", 8), 100);
  assert.deepEqual(violations, ["checkpoints forward", "checkpoints by one leader"]);
  violations.length = 0;
  judge.onWrite("c", checkpoints("c/1", 900), 100);
  judge.onWrite("c", checkpoints("c/1", 99), 101);
  assert.deepEqual(violations, [], "of a history that is no more");
});
