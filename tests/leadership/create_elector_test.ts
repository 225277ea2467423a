import assert from "node:assert/strict";
import { AlwaysLeader } from "../../src/leadership/always_leader.ts";
import { createElector } from "../../src/leadership/create_elector.ts";
import { LeaseElector } from "../../src/leadership/lease_elector.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { DEFAULT_TIMINGS } from "../support/election.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { ScriptedApi } from "../support/scripted_api.ts";
import { silentLog } from "../support/silent_log.ts";

const settings = { isEnabled: true, leaseName: "the-lease", ...DEFAULT_TIMINGS };

function parts(api = new ScriptedApi([])) {
  return {
    identity: "a",
    namespace: "zen-system",
    release: undefined,
    api,
    clock: new FakeClock(),
    metrics: createMetrics("0.0.0"),
    log: silentLog,
  };
}

Deno.test("With leader election the Lease of that name in that namespace decides", async () => {
  const api = new ScriptedApi([
    { kind: "lines", lines: [], then: "silence" },
    { kind: "error", error: new Error("no server") },
  ]);
  const elector = createElector(settings, parts(api));
  assert.ok(elector instanceof LeaseElector);
  const stop = new AbortController();
  const running = elector.run(() => assert.fail("led"), stop.signal);
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  await running;
  assert.ok(api.requests.some(({ path }) => path.endsWith("/namespaces/zen-system/leases/the-lease")));
});

Deno.test("Without leader election this process always leads, whatever the times", () => {
  const elector = createElector({ ...settings, isEnabled: false, retryPeriodMilliseconds: 0 }, parts());
  assert.ok(elector instanceof AlwaysLeader);
});

Deno.test("Times that cannot work together are refused with all their sentences", () => {
  const bad = { ...settings, renewDeadlineMilliseconds: 20_000, retryPeriodMilliseconds: 19_000 };
  assert.throws(() => createElector(bad, parts()), (error: RangeError) => {
    assert.ok(error instanceof RangeError);
    assert.match(error.message, /renew deadline: .*; Cannot elect a leader with this retry period: /);
    return true;
  });
});
