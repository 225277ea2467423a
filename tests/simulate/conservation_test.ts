import assert from "node:assert/strict";
import { createMetrics } from "../../src/observe/metrics.ts";
import { conservationProblem } from "./conservation.ts";

Deno.test("Counts that are not even, and what is left in flight, are found", async () => {
  const metrics = createMetrics("test");
  assert.equal(await conservationProblem(metrics), undefined);
  metrics.received.inc({ source: "own" }, 2);
  metrics.deduplicated.inc({ source: "own" });
  assert.match(await conservationProblem(metrics) ?? "", /own received 2, with a verdict 1, in flight 0/);
  metrics.inFlight.inc({ source: "own" });
  assert.match(await conservationProblem(metrics) ?? "", /in flight 1/);
  metrics.inFlight.dec({ source: "own" });
  metrics.rejected.inc({ source: "own", reason: "unavailable" });
  assert.equal(await conservationProblem(metrics), undefined);
});
