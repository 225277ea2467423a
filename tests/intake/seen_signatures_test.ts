import assert from "node:assert/strict";
import { SeenSignatures, type Sight } from "../../src/intake/seen_signatures.ts";

const kinds = (sights: readonly Sight[]): readonly string[] => sights.map(({ kind }) => kind);

Deno.test("A signature is taken once for each Ingester, until it ends by itself", () => {
  const seen = new SeenSignatures();
  assert.deepEqual(
    kinds([
      seen.take("n/i", ["a"], 100, 0),
      seen.take("n/i", ["a"], 100, 100),
      seen.take("n/j", ["a"], 100, 0),
      seen.take("n/i", ["b", "a"], 100, 0),
      seen.take("n/i", ["b"], 100, 0),
      seen.take("n/i", ["a"], 200, 101),
    ]),
    ["first", "again", "first", "again", "first", "first"],
  );
  assert.equal(seen.size, 3);
});

Deno.test("What was forgotten may come again", () => {
  const seen = new SeenSignatures();
  const sight = seen.take("n/i", ["a", "b"], 100, 0);
  assert.ok(sight.kind === "first");
  sight.forget();
  sight.forget();
  assert.equal(seen.size, 0);
  assert.equal(seen.take("n/i", ["a"], 100, 0).kind, "first");
});

Deno.test("Without room nothing is taken that could be sent again, and who waits is told how long", () => {
  const seen = new SeenSignatures({ perIngester: 2, total: 3 });
  for (const one of ["a", "b"]) assert.equal(seen.take("n/i", [one], 5_500, 0).kind, "first");
  assert.deepEqual(seen.take("n/i", ["c"], 9_000, 0), { kind: "full", retryAfterSeconds: 6 });
  assert.equal(seen.take("n/i", ["a"], 5_500, 0).kind, "again");
  assert.equal(seen.take("n/j", ["c"], 5_000, 0).kind, "first");
  assert.deepEqual(seen.take("n/k", ["d"], 5_000, 0), { kind: "full", retryAfterSeconds: 1 });
  assert.equal(seen.take("n/i", ["c"], 9_000, 5_501).kind, "first");
  assert.equal(seen.size, 1);
});
