import assert from "node:assert/strict";
import { Machine } from "./machine.ts";
import { Timeline } from "./timeline.ts";

const never = new AbortController().signal;

Deno.test("What is due happens in the order of its time, and of asking for it", async () => {
  const timeline = new Timeline();
  const told: string[] = [];
  for (const [time, name] of [[30, "c"], [10, "a"], [20, "b"], [10, "a2"], [99, "late"]] as const) {
    timeline.at(time, () => told.push(`${name} at ${timeline.now}`));
  }
  timeline.at(15, () => told.push("never")).isCancelled = true;
  await timeline.runUntil(50, () => false);
  assert.deepEqual(told, ["a at 10", "a2 at 10", "b at 20", "c at 30"]);
  assert.equal(timeline.now, 50);
});

Deno.test("Whatever follows without time is done before the next thing happens", async () => {
  const timeline = new Timeline();
  const told: string[] = [];
  timeline.at(10, () => {
    (async () => {
      for (let turn = 0; turn < 100; turn++) await Promise.resolve();
      told.push("followed");
    })();
  });
  timeline.at(10, () => told.push("next"));
  await timeline.runUntil(10, () => false);
  assert.deepEqual(told, ["followed", "next"]);
});

Deno.test("It stops as soon as it is over, and says when time stands still", async () => {
  const timeline = new Timeline();
  let isOver = false;
  timeline.at(10, () => isOver = true);
  timeline.at(20, () => assert.fail("it was over"));
  await timeline.runUntil(50, () => isOver);
  assert.equal(timeline.now, 10);
  const loop = (): void => void timeline.at(timeline.now, loop);
  loop();
  await assert.rejects(timeline.runUntil(11, () => false), /time stands still/);
});

Deno.test("A process that is stopped is given nothing, and everything late when it goes on", async () => {
  const timeline = new Timeline();
  const machine = new Machine(timeline, 1, 0);
  const told: string[] = [];
  machine.clock.sleep(10, never).then(() => told.push(`timer at ${machine.clock.monotonic()}`));
  machine.post(12, () => told.push("answer"));
  timeline.at(5, () => machine.stop());
  await timeline.runUntil(40, () => false);
  assert.deepEqual(told, []);
  machine.resume();
  await timeline.runUntil(41, () => false);
  assert.deepEqual(told, ["timer at 40", "answer"]);
});

Deno.test("A process that was killed is never given anything again", async () => {
  const timeline = new Timeline();
  const machine = new Machine(timeline, 1, 0);
  machine.clock.sleep(10, never).then(() => assert.fail("it is dead"));
  machine.stop();
  machine.kill();
  machine.resume();
  await timeline.runUntil(50, () => false);
  assert.equal(machine.state, "dead");
});

Deno.test("A step of the wall clock moves neither the monotonic clock nor a timer, and only one machine", async () => {
  const timeline = new Timeline();
  const [machine, other] = [new Machine(timeline, 1, 0), new Machine(timeline, 2, 0)];
  let wokenAt = -1;
  machine.clock.sleep(10, never).then(() => wokenAt = timeline.now);
  machine.stepWall(-3_600_000);
  assert.equal(machine.clock.now(), other.clock.now() - 3_600_000);
  await timeline.runUntil(20, () => false);
  assert.equal(wokenAt, 10);
  assert.equal(machine.clock.monotonic(), 20);
});

Deno.test("A sleep that is aborted rejects with the reason", async () => {
  const timeline = new Timeline();
  const stop = new AbortController();
  const sleeping = new Machine(timeline, 1, 0).clock.sleep(10, stop.signal);
  stop.abort(new Error("enough"));
  await assert.rejects(sleeping, /enough/);
});
