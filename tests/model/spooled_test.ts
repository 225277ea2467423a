import assert from "node:assert/strict";
import { openFindings, type Spooled } from "../../src/model/spooled.ts";
import type { Observation } from "../../src/model/observation.ts";

Deno.test("A signal counts its open findings, an Observation is one", () => {
  const common = {
    source: "own",
    ingester: { namespace: "n", name: "own" },
    spooledAt: "2026-01-02T12:00:00Z",
  };
  const signal: Spooled = {
    ...common,
    kind: "signal",
    receivedAt: common.spooledAt,
    payload: [],
    open: [1, 4],
    total: 7,
  };
  assert.equal(openFindings(signal), 2);
  assert.equal(openFindings({ ...common, kind: "observation", observation: {} as Observation }), 1);
});
