import assert from "node:assert/strict";
import { MUTATIONS } from "./mutations.ts";
import { plant } from "./run_mutations.ts";

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);

for (const mutation of MUTATIONS) {
  Deno.test(`The mistake can still be planted: ${mutation.name}`, () => {
    const planted = plant(Deno.readTextFileSync(`${ROOT}${mutation.file}`), mutation);
    assert.equal(planted.kind, "planted", planted.kind === "stale" ? planted.message : "");
  });
}

Deno.test("A list of mutations that does not fit the sources says so", () => {
  const mutation = { name: "x", file: "a.ts", find: "one", replace: "two", breaks: [] };
  assert.deepEqual(plant("one", mutation), { kind: "planted", text: "two" });
  for (const text of ["another", "one and one"]) {
    const planted = plant(text, mutation);
    assert.match(planted.kind === "stale" ? planted.message : "", /the list of mutations is stale: what x/);
  }
});

Deno.test("No two mutations have the same name", () => {
  assert.equal(new Set(MUTATIONS.map(({ name }) => name)).size, MUTATIONS.length);
});
