import assert from "node:assert/strict";
import { randomOf, seedOfRound, seedText } from "./random.ts";
import {
  describe,
  type Fault,
  FAULT_KINDS,
  LEASE_MILLISECONDS,
  type Schedule,
  scheduleOf,
} from "./schedule.ts";

const SECONDS = 20;
const many: readonly Schedule[] = Array.from(
  { length: 300 },
  (_, index) => scheduleOf(randomOf(seedOfRound(7, index)), SECONDS, 3),
);
const faults: readonly Fault[] = many.flatMap(({ planned }) => planned.map(({ fault }) => fault));

Deno.test("the same seed makes the same schedule, another seed another one", () => {
  assert.deepEqual(scheduleOf(randomOf(4711), SECONDS, 2), scheduleOf(randomOf(4711), SECONDS, 2));
  assert.notDeepEqual(scheduleOf(randomOf(4711), SECONDS, 2), scheduleOf(randomOf(4712), SECONDS, 2));
});

Deno.test("what a fork chooses does not hang on what was chosen before it", () => {
  const one = randomOf(1);
  const other = randomOf(1);
  other.next();
  assert.equal(one.fork("feed").next(), other.fork("feed").next());
  assert.notEqual(one.fork("feed").next(), one.fork("faults").next());
});

Deno.test("the first round has the seed that was given, so that a round can be played alone", () => {
  assert.equal(seedOfRound(0x1234, 0), 0x1234);
  const seeds = Array.from({ length: 1000 }, (_, index) => seedOfRound(0xfffffff0, index));
  assert.equal(new Set(seeds).size, 1000);
  assert.ok(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32));
  assert.equal(seedText(0x1234), "0x00001234");
});

Deno.test("every kind of fault comes, in the order of time and within the round", () => {
  assert.deepEqual(new Set(faults.map(({ kind }) => kind)), new Set(FAULT_KINDS));
  for (const { planned } of many) {
    const times = planned.map(({ at }) => at);
    assert.deepEqual(times, [...times].sort((one, other) => one - other));
    assert.ok(times.every((at) => at >= 1000 && at <= SECONDS * 1000 - 1000), String(times));
    assert.equal(times.length, 7);
  }
});

Deno.test("a short round has its fault too", () => {
  assert.equal(scheduleOf(randomOf(1), 1, 2).planned.length, 1);
});

Deno.test("targets are places that there are, or the leader", () => {
  const targets = new Set(faults.flatMap((fault) => "target" in fault ? [fault.target] : []));
  assert.deepEqual([...targets].map(String).sort(), ["0", "1", "2", "leader"]);
});

Deno.test("a process is stopped for longer than the lease", () => {
  const stops = faults.filter((fault) => fault.kind === "stop");
  assert.ok(stops.length > 0);
  assert.ok(stops.every(({ milliseconds }) => milliseconds > LEASE_MILLISECONDS));
});

Deno.test("history is taken away only where no Event has to be seen that lived for a moment", () => {
  const forgets = ({ planned }: Schedule): boolean =>
    planned.some(({ fault: { kind } }) => kind === "compact" || kind === "checkpoints");
  assert.ok(many.some(forgets));
  assert.ok(many.some(({ keepsHistory }) => keepsHistory));
  assert.ok(many.every((schedule) => !(schedule.keepsHistory && forgets(schedule))));
});

Deno.test("the API server is killed at most once in a round", () => {
  for (const { planned } of many) {
    assert.ok(planned.filter(({ fault }) => fault.kind === "api-server").length <= 1);
  }
});

Deno.test("a fault is said in one line", () => {
  const fault: Fault = { kind: "kill", target: "leader", milliseconds: 20, isNewPod: true };
  assert.equal(describe(fault), "kill, target leader, 20 ms, isNewPod true");
});
