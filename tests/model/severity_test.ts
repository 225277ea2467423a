import assert from "node:assert/strict";
import { isAtLeast, isSeverity, SEVERITIES } from "../../src/model/severity.ts";

Deno.test("The list goes from the worst to the least", () => {
  assert.deepEqual(SEVERITIES, ["critical", "high", "medium", "low", "info"]);
});

Deno.test("A severity is at least each one after it, and itself", () => {
  for (const [index, severity] of SEVERITIES.entries()) {
    for (const [other, least] of SEVERITIES.entries()) {
      assert.equal(isAtLeast(severity, least), index <= other, `${severity} at least ${least}`);
    }
  }
});

Deno.test("Only our own words are severities", () => {
  for (const word of SEVERITIES) assert.equal(isSeverity(word), true);
  for (const word of ["HIGH", "warning", "", undefined, null, 1]) assert.equal(isSeverity(word), false);
});
