import assert from "node:assert/strict";
import { RecentNames } from "../../src/deduplicate/recent_names.ts";
import { systemClock } from "../../src/run/clock.ts";

const ref = (name: string): { namespace: string; name: string } => ({ namespace: "a", name });

Deno.test("A name is remembered for the window, from when it was added, and not longer", () => {
  let now = 0;
  const recent = new RecentNames({ maxSize: 10, windowSeconds: 60 }, {
    ...systemClock,
    monotonic: () => now,
  });
  recent.add(ref("x"));
  now = 59_000;
  assert.equal(recent.has(ref("x")), true);
  assert.equal(recent.has({ namespace: "b", name: "x" }), false);
  now = 61_000;
  assert.equal(recent.has(ref("x")), false);
});

Deno.test("The oldest name leaves when there are too many, and a deleted one at once", () => {
  const recent = new RecentNames({ maxSize: 2, windowSeconds: 60 }, systemClock);
  for (const name of ["a", "b", "c"]) recent.add(ref(name));
  assert.deepEqual(["a", "b", "c"].map((name) => recent.has(ref(name))), [false, true, true]);
  recent.remove(ref("c"));
  assert.equal(recent.has(ref("c")), false);
});

Deno.test("Nothing is remembered after everything was forgotten", () => {
  const recent = new RecentNames({ maxSize: 2, windowSeconds: 60 }, systemClock);
  recent.add(ref("a"));
  recent.clear();
  assert.equal(recent.has(ref("a")), false);
});
