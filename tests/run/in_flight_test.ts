import assert from "node:assert/strict";
import { InFlight } from "../../src/run/in_flight.ts";

function gate(): { readonly opened: Promise<void>; open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => open = resolve);
  return { opened, open };
}

Deno.test("At most so many run at once; the next is taken in when one has ended", async () => {
  const inFlight = new InFlight(2);
  const gates = [gate(), gate(), gate()];
  const started: number[] = [];
  const task = (index: number) => async (): Promise<void> => {
    started.push(index);
    await gates[index]?.opened;
  };
  await inFlight.start("a", task(0));
  await inFlight.start("b", task(1));
  const third = inFlight.start("c", task(2));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(started, [0, 1]);
  gates[0]?.open();
  await third;
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(started, [0, 1, 2]);
  gates[1]?.open();
  gates[2]?.open();
  await inFlight.settled();
});

Deno.test("Tasks of one key run one after the other, in their order", async () => {
  const inFlight = new InFlight(10);
  const first = gate();
  const done: string[] = [];
  await inFlight.start("a", async () => {
    await first.opened;
    done.push("first");
  });
  await inFlight.start("a", () => Promise.resolve(void done.push("second")));
  await inFlight.start("b", () => Promise.resolve(void done.push("other")));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(done, ["other"]);
  first.open();
  await inFlight.settled();
  assert.deepEqual(done, ["other", "first", "second"]);
});

Deno.test("A failure is thrown by the next start and by settled, and is never unhandled", async () => {
  const inFlight = new InFlight(1);
  await inFlight.start("a", () => Promise.reject(new Error("broken")));
  await assert.rejects(inFlight.start("b", () => Promise.resolve()), /broken/);
  await assert.rejects(inFlight.settled(), /broken/);
});
