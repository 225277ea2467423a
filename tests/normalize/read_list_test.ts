import assert from "node:assert/strict";
import { readList } from "../../src/normalize/read_list.ts";

Deno.test("Every object of a list is read, what is none is rejected by itself", () => {
  const seen: unknown[] = [];
  const given = readList({ list: [{ a: 1 }, 7, { b: 2 }, null] }, "list", "a thing", "list", (item) => {
    seen.push(item);
    return [];
  });
  assert.deepEqual(seen, [{ a: 1 }, { b: 2 }]);
  assert.deepEqual(given.map((item) => item.kind === "rejected" ? item.message : item.kind), [
    "Cannot take a thing: list[] must be an object, given a number",
    "Cannot take a thing: list[] must be an object, given null",
  ]);
});

Deno.test("A list that is absent is empty, and one that is no list is rejected", () => {
  const never = (): never => assert.fail("nothing to read");
  assert.deepEqual(readList({}, "list", "a thing", "list", never), []);
  assert.deepEqual(readList({ list: null }, "list", "a thing", "list", never), []);
  const [given] = readList({ list: { length: 1 } }, "list", "a thing", "list", never);
  assert.ok(
    given?.kind === "rejected" && given.message.startsWith("Cannot take a thing: list must be a list"),
  );
});
