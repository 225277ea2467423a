import assert from "node:assert/strict";
import { isObject, readLineOfWatch } from "../../src/kube/watch_event.ts";

const object = { metadata: { name: "a", resourceVersion: "5" } };

Deno.test("What a line of a watch says is one table", () => {
  assert.deepEqual(readLineOfWatch({ type: "ADDED", object }), { kind: "added", object });
  assert.deepEqual(readLineOfWatch({ type: "MODIFIED", object }), { kind: "modified", object });
  assert.deepEqual(readLineOfWatch({ type: "DELETED", object }), { kind: "deleted", object });
  const bookmark = { metadata: { resourceVersion: "7" } };
  assert.deepEqual(readLineOfWatch({ type: "BOOKMARK", object: bookmark }), {
    kind: "bookmark",
    resourceVersion: "7",
    isEndOfInitialEvents: false,
  });
  const end = { metadata: { resourceVersion: "7", annotations: { "k8s.io/initial-events-end": "true" } } };
  assert.deepEqual(readLineOfWatch({ type: "BOOKMARK", object: end }), {
    kind: "bookmark",
    resourceVersion: "7",
    isEndOfInitialEvents: true,
  });
});

Deno.test("An ERROR is an error with the code that it names, else a fault of the server", () => {
  const gone = readLineOfWatch({
    type: "ERROR",
    object: { code: 410, reason: "Expired", message: "too old" },
  });
  assert.ok(gone.kind === "error");
  assert.deepEqual([gone.error.kind, gone.error.reason], ["expired", "Expired"]);
  const vague = readLineOfWatch({ type: "ERROR", object: {} });
  assert.ok(vague.kind === "error");
  assert.equal(vague.error.kind, "server");
});

Deno.test("What is no event of a watch is a mistake of syntax", () => {
  const wrong: readonly unknown[] = [
    null,
    7,
    {},
    { type: "ADDED" },
    { type: "ADDED", object: { metadata: {} } },
    { type: "BOOKMARK", object: { metadata: {} } },
    { type: "SOMETHING", object },
  ];
  for (const line of wrong) assert.throws(() => readLineOfWatch(line), SyntaxError, JSON.stringify(line));
  assert.equal(isObject(object), true);
  assert.equal(isObject({ metadata: null }), false);
});
