import assert from "node:assert/strict";
import { at, isJsonObject, listAt, property, textAt } from "../../src/model/json.ts";

const event = { metadata: { name: "a", labels: {}, empty: "" }, items: [1, 2], count: 0, none: null };

Deno.test("Only an object is an object: neither null nor a list nor a text", () => {
  const cases: readonly [unknown, boolean][] = [[{}, true], [{ a: 1 }, true], [null, false], [[], false], [
    "{}",
    false,
  ], [undefined, false]];
  for (const [value, expected] of cases) assert.equal(isJsonObject(value), expected, JSON.stringify(value));
});

Deno.test("What an object inherits is not its own", () => {
  for (const key of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
    assert.equal(property({}, key), undefined, key);
    assert.equal(at({ a: {} }, "a", key), undefined, key);
  }
  const inherits: unknown = Object.create({ inherited: 1 });
  assert.equal(property(inherits, "inherited"), undefined);
});

Deno.test("A path leads through objects alone, and nowhere else", () => {
  assert.equal(at(event, "metadata", "name"), "a");
  assert.equal(at(event), event);
  assert.equal(at(event, "count"), 0);
  for (const path of [["metadata", "name", "length"], ["items", "0"], ["none", "x"], ["absent", "x"]]) {
    assert.equal(at(event, ...path), undefined, path.join("."));
  }
});

Deno.test("An empty text is none, and what is no list is an empty one", () => {
  assert.equal(textAt(event, "metadata", "name"), "a");
  for (const path of [["metadata", "empty"], ["count"], ["none"], ["items"]]) {
    assert.equal(textAt(event, ...path), undefined, path.join("."));
  }
  assert.deepEqual(listAt(event, "items"), [1, 2]);
  for (const path of [["metadata"], ["none"], ["absent"], ["count"]]) {
    assert.deepEqual(listAt(event, ...path), [], path.join("."));
  }
});
