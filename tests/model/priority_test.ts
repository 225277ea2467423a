import assert from "node:assert/strict";
import { priorityOf } from "../../src/model/priority.ts";
import { SEVERITIES } from "../../src/model/severity.ts";

Deno.test("The priority is what was said, else one that falls with the severity", () => {
  assert.equal(priorityOf({ severity: "info", priority: 0.9 }), 0.9);
  assert.equal(priorityOf({ severity: "critical", priority: 0 }), 0);
  assert.deepEqual(SEVERITIES.map((severity) => priorityOf({ severity })), [1, 0.8, 0.5, 0.3, 0.1]);
});
