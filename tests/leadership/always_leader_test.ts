import assert from "node:assert/strict";
import { Counter, Gauge } from "prom-client";
import { AlwaysLeader } from "../../src/leadership/always_leader.ts";
import { type Lead, LeadError } from "../../src/leadership/elector.ts";
import type { Term } from "../../src/leadership/term.ts";
import { untilItsEnd, valueOf } from "../support/election.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";

function start(lead: Lead) {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const metrics = {
    isLeader: new Gauge({ name: "is_leader", help: "-", registers: [] }),
    leaderTransitions: new Counter({ name: "transitions_total", help: "-", registers: [] }),
  };
  const elector = new AlwaysLeader({ lease: "the-lease", identity: "a" }, { clock, metrics, log });
  const stop = new AbortController();
  const run = { ended: undefined as unknown };
  elector.run(lead, stop.signal).then(() => run.ended = "stopped", (error) => run.ended = error);
  return { clock, log, metrics, elector, stop, run };
}

Deno.test("Without an election the term lasts from the start to the end of the work after the stop", async () => {
  let term: Term | undefined;
  const { clock, log, metrics, elector, stop, run } = start(async (given) => {
    term = given;
    await untilItsEnd(given);
    await clock.sleep(3000, new AbortController().signal);
  });
  await clock.advance(600_000);
  assert.deepEqual(term?.takeover, { kind: "none", sinceMonotonic: undefined });
  assert.equal(term?.isValid(), true);
  assert.deepEqual([elector.isLeading, elector.holder], [true, "a"]);
  assert.equal(await valueOf(metrics.isLeader), 1);
  assert.equal(await valueOf(metrics.leaderTransitions), 1);
  stop.abort();
  assert.equal(term?.signal.aborted, true);
  await clock.advance(2999);
  assert.equal(term?.isValid(), true);
  await clock.advance(1);
  assert.equal(run.ended, "stopped");
  assert.equal(term?.isValid(), false);
  assert.deepEqual([elector.isLeading, elector.holder], [false, undefined]);
  assert.equal(await valueOf(metrics.isLeader), 0);
  assert.deepEqual(log.lines.map(({ message }) => message), ["leader acquired", "leader released"]);
  assert.equal(clock.sleeping, 0);
});

Deno.test("Work that fails or ends by itself fails the process", async () => {
  for (const lead of [() => Promise.resolve(), () => Promise.reject(new Error("broken"))]) {
    const { clock, run, elector } = start(lead);
    await clock.advance(0);
    assert.ok(run.ended instanceof LeadError);
    assert.equal(elector.isLeading, false);
  }
});

Deno.test("Work that does not end within 10 s of the stop fails the process", async () => {
  const { clock, stop, run } = start(() => new Promise<void>(() => {}));
  await clock.advance(1000);
  stop.abort();
  await clock.advance(9999);
  assert.ok(run.ended === undefined);
  await clock.advance(1);
  assert.match(String(run.ended), /TermStuckError/);
  assert.equal(clock.sleeping, 0);
});

Deno.test("A stop before the start means no term", async () => {
  const clock = new FakeClock();
  const metrics = {
    isLeader: new Gauge({ name: "is_leader", help: "-", registers: [] }),
    leaderTransitions: new Counter({ name: "transitions_total", help: "-", registers: [] }),
  };
  const elector = new AlwaysLeader(
    { lease: "the-lease", identity: "a" },
    { clock, metrics, log: new RecordingLog() },
  );
  await elector.run(() => assert.fail("led"), AbortSignal.abort());
  assert.equal(await valueOf(metrics.leaderTransitions), 0);
});
