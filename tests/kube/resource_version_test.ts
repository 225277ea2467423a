import assert from "node:assert/strict";
import { isOlder, isResourceVersion } from "../../src/kube/resource_version.ts";

Deno.test("resourceVersions are compared as numbers of any length", () => {
  assert.equal(isOlder("9", "10"), true);
  assert.equal(isOlder("10", "9"), false);
  assert.equal(isOlder("10", "10"), false);
  assert.equal(isOlder("99999999999999999999998", "99999999999999999999999"), true);
});

Deno.test("What is no decimal number is older than nothing, and nothing is older than it", () => {
  for (const text of ["", "x", "-1", "1.5", "01", " 1", "1e3", "9".repeat(41)]) {
    assert.equal(isResourceVersion(text), false, text);
    assert.equal(isOlder(text, "5"), false, text);
    assert.equal(isOlder("5", text), false, text);
  }
  assert.equal(isResourceVersion("0"), true);
});
