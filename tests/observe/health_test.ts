import assert from "node:assert/strict";
import {
  Health,
  type HealthState,
  judgeLiveness,
  judgeReadiness,
  STALL_MILLISECONDS,
  SUSPICION_MILLISECONDS,
} from "../../src/observe/health.ts";
import { HandClock } from "./hand_clock.ts";

const well: HealthState = {
  areIngestersSynced: true,
  areListenersUp: true,
  isSpoolWritable: true,
  isStopping: false,
  isTermStuck: false,
  lastTickMilliseconds: 0,
  suspectedMilliseconds: undefined,
};

const readiness:
  readonly (readonly [name: string, change: Partial<HealthState>, failures: readonly string[]])[] = [
    ["all is well", {}, []],
    ["Ingesters are not synced", { areIngestersSynced: false }, ["Ingesters were not synced yet"]],
    ["listeners are down", { areListenersUp: false }, ["Listeners are not up"]],
    ["the spool is full", { isSpoolWritable: false }, ["Spool is not writable"]],
    ["it was asked to end", { isStopping: true }, ["Stopping"]],
    ["a term is stuck, which is no matter of readiness", { isTermStuck: true }, []],
    ["several are wrong", { areListenersUp: false, isStopping: true }, ["Listeners are not up", "Stopping"]],
  ];

for (const [name, change, failures] of readiness) {
  Deno.test(`readiness when ${name}`, () => {
    const expected = failures.length === 0 ? { kind: "passing" } : { kind: "failing", failures };
    assert.deepEqual(judgeReadiness({ ...well, ...change }), expected);
  });
}

const liveness:
  readonly (readonly [name: string, change: Partial<HealthState>, now: number, lives: boolean])[] = [
    ["the last tick is fresh", {}, 1000, true],
    ["the last tick is 30 s old", { suspectedMilliseconds: 0 }, STALL_MILLISECONDS, true],
    ["nobody suspected it before", {}, 10 * STALL_MILLISECONDS, true],
    [
      "it was suspected just now",
      { suspectedMilliseconds: 40_000 },
      40_000 + SUSPICION_MILLISECONDS - 1,
      true,
    ],
    ["it was suspected for long", { suspectedMilliseconds: 40_000 }, 40_000 + SUSPICION_MILLISECONDS, false],
    [
      "Ingesters, listeners and spool fail",
      {
        areIngestersSynced: false,
        areListenersUp: false,
        isSpoolWritable: false,
        isStopping: true,
      },
      1000,
      true,
    ],
    ["a term is stuck", { isTermStuck: true }, 1000, false],
  ];

for (const [name, change, now, lives] of liveness) {
  Deno.test(`it ${lives ? "lives" : "does not live"} when ${name}`, () => {
    assert.equal(judgeLiveness({ ...well, ...change }, now).kind, lives ? "passing" : "failing");
  });
}

Deno.test("it becomes ready step by step and ends being so at the stop", () => {
  const health = new Health(new HandClock());
  const failures = (): readonly string[] => {
    const probe = health.readyz();
    return probe.kind === "failing" ? probe.failures : [];
  };
  assert.deepEqual(failures(), ["Ingesters were not synced yet", "Listeners are not up"]);
  health.markListenersUp(true);
  health.markIngestersSynced();
  assert.deepEqual(failures(), []);
  health.markSpoolWritable(false);
  assert.deepEqual(failures(), ["Spool is not writable"]);
  health.markSpoolWritable(true);
  health.markStopping();
  assert.deepEqual(failures(), ["Stopping"]);
  assert.equal(health.livez().kind, "passing");
});

Deno.test("a process that was stopped for a minute is not killed by the first probe", async () => {
  const clock = new HandClock();
  const health = new Health(clock);
  const stop = new AbortController();
  const ticking = health.keepTicking(stop.signal);
  clock.moveWithoutWaking(60_000);
  assert.equal(health.livez().kind, "passing");
  clock.advance(1);
  await Promise.resolve();
  clock.moveWithoutWaking(SUSPICION_MILLISECONDS);
  assert.equal(health.livez().kind, "passing");
  stop.abort(new Error("the test is over"));
  await assert.rejects(ticking, /the test is over/);
});

Deno.test("a loop that answers probes and turns no timers is given up", async () => {
  const clock = new HandClock();
  const health = new Health(clock);
  const stop = new AbortController();
  const ticking = health.keepTicking(stop.signal);
  clock.moveWithoutWaking(STALL_MILLISECONDS + 1);
  assert.equal(health.livez().kind, "passing");
  clock.moveWithoutWaking(10_000);
  assert.deepEqual(health.livez(), {
    kind: "failing",
    failures: ["Event loop stood still for more than 30 s"],
  });
  stop.abort(new Error("the test is over"));
  await assert.rejects(ticking, /the test is over/);
});

Deno.test("as long as the loop turns it lives", async () => {
  const clock = new HandClock();
  const health = new Health(clock);
  const stop = new AbortController();
  const ticking = health.keepTicking(stop.signal);
  for (let second = 0; second < 120; second++) {
    clock.advance(1000);
    await Promise.resolve();
    await Promise.resolve();
    assert.equal(health.livez().kind, "passing");
    assert.equal(clock.sleeping, 1);
  }
  health.markTermStuck();
  assert.deepEqual(health.livez(), {
    kind: "failing",
    failures: ["Tasks of the last term as leader could not be ended"],
  });
  stop.abort(new Error("the test is over"));
  await assert.rejects(ticking, /the test is over/);
  assert.equal(clock.sleeping, 0);
});
