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
