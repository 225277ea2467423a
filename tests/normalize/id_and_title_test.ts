import assert from "node:assert/strict";
import { idAndTitle } from "../../src/normalize/id_and_title.ts";

Deno.test("Id and title stand together, or what there is of both", () => {
  assert.equal(idAndTitle("A-1", "Do not", "Check"), "A-1: Do not");
  assert.equal(idAndTitle("A-1", undefined, "Check"), "A-1");
  assert.equal(idAndTitle(undefined, "Do not", "Check"), "Do not");
  assert.equal(idAndTitle(undefined, undefined, "Check"), "Check");
});
