import assert from "node:assert/strict";
import type { KubeObject } from "../../src/kube/api.ts";
import { SeenObjects } from "../../src/source/seen_objects.ts";

const object = (uid: string, resourceVersion: string, content: unknown = 1): KubeObject =>
  ({
    metadata: { name: uid, uid, resourceVersion, managedFields: [resourceVersion] },
    content,
  }) as KubeObject;

Deno.test("An object is new until it was taken, and again when its content changes", () => {
  const seen = new SeenObjects();
  assert.equal(seen.isUnchanged(object("a", "1")), false);
  assert.equal(seen.isUnchanged(object("a", "1")), false);
  seen.add(object("a", "1"));
  assert.equal(seen.isUnchanged(object("a", "1")), true);
  assert.equal(seen.isUnchanged(object("a", "2")), true, "only resourceVersion and managedFields differ");
  assert.equal(seen.isUnchanged(object("a", "3", 2)), false);
});

Deno.test("managedFields elsewhere in the object are content", () => {
  const seen = new SeenObjects();
  const deep = (value: number): KubeObject =>
    ({ metadata: { name: "a", uid: "a" }, spec: { managedFields: value } }) as KubeObject;
  seen.add(deep(1));
  assert.equal(seen.isUnchanged(deep(2)), false);
});

Deno.test("What a relist did not list is gone, what it listed unchanged stays", () => {
  const seen = new SeenObjects();
  for (const uid of ["a", "b", "c"]) seen.add(object(uid, "1"));
  seen.beginRelist();
  assert.equal(seen.isUnchanged(object("a", "1")), true);
  seen.add(object("b", "2", 2));
  assert.equal(seen.endRelist(), 1);
  assert.equal(seen.size, 2);
  assert.equal(seen.isUnchanged(object("c", "1")), false);
});

Deno.test("A deleted object made again is new", () => {
  const seen = new SeenObjects();
  seen.add(object("a", "1"));
  seen.remove(object("a", "2"));
  assert.equal(seen.isUnchanged(object("a", "1")), false);
});

Deno.test("The next review is that of the first object that must be judged again, whatever becomes of the others", () => {
  const seen = new SeenObjects();
  assert.equal(seen.nextReview, Infinity);
  seen.add(object("a", "1"), 300);
  seen.add(object("b", "2"), 100);
  seen.add(object("c", "3"));
  assert.equal(seen.nextReview, 100);
  assert.deepEqual(["a", "b", "c"].map((uid) => seen.isDue(object(uid, "1"), 100)), [false, true, false]);
  seen.add(object("b", "2"), 500);
  assert.equal(seen.nextReview, 300);
  seen.remove(object("a", "1"));
  assert.equal(seen.nextReview, 500);
  seen.beginRelist();
  assert.equal(seen.isUnchanged(object("c", "3")), true);
  assert.equal(seen.endRelist(), 1);
  assert.equal(seen.nextReview, Infinity);
});

Deno.test("Only what is older than what was taken is outdated", () => {
  const seen = new SeenObjects();
  seen.add(object("a", "10"));
  assert.deepEqual(["9", "10", "11"].map((version) => seen.isOutdated(object("a", version))), [
    true,
    false,
    false,
  ]);
  assert.equal(seen.isOutdated(object("b", "1")), false);
});
