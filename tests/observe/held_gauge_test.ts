import assert from "node:assert/strict";
import { Registry } from "prom-client";
import { HeldGauge } from "../../src/observe/held_gauge.ts";

Deno.test("A series lasts until the last who holds it lets it go, whatever the order of its labels", async () => {
  const gauge = new HeldGauge({
    name: "age",
    help: "Age",
    labelNames: ["source", "gvr"],
    registers: [new Registry()],
  });
  const shown = async (): Promise<readonly (readonly [unknown, number])[]> =>
    (await gauge.get()).values.map(({ labels, value }) => [labels.gvr, value] as const);
  const first = gauge.hold({ source: "own", gvr: "v1/events" });
  const second = gauge.hold({ gvr: "v1/events", source: "own" });
  using _other = gauge.hold({ source: "own", gvr: "v1/pods" });
  assert.deepEqual(await shown(), [], "nothing was set yet");
  gauge.set({ source: "own", gvr: "v1/events" }, 5);
  gauge.set({ source: "own", gvr: "v1/pods" }, 7);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assert.deepEqual(await shown(), [["v1/events", 5], ["v1/pods", 7]]);
  second[Symbol.dispose]();
  assert.deepEqual(await shown(), [["v1/pods", 7]]);
  // One that is held anew begins anew.
  using _again = gauge.hold({ source: "own", gvr: "v1/events" });
  gauge.set({ source: "own", gvr: "v1/events" }, 1);
  assert.deepEqual(await shown(), [["v1/pods", 7], ["v1/events", 1]]);
});
