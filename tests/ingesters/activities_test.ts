import assert from "node:assert/strict";
import { Activities } from "../../src/ingesters/activities.ts";

/** Activities, and the keys of which a change was told. */
function listened(): { activities: Activities; told: string[] } {
  const activities = new Activities();
  const told: string[] = [];
  activities.listen((key) => told.push(key));
  return { activities, told };
}

Deno.test("An Ingester of which nothing is known has no sources and waits for nothing", () => {
  const { activities } = listened();
  assert.deepEqual(activities.of("zen/a"), { sources: new Map(), stall: undefined });
  assert.equal(activities.lastSignalOf("zen/a"), undefined);
});

Deno.test("Each change is told, the same stall only once, and a signal not at all", () => {
  const { activities, told } = listened();
  activities.setSource("zen/a", "pods", { kind: "running" });
  activities.setStall("zen/a", "may not create");
  activities.setStall("zen/a", "may not create");
  activities.setStall("zen/a", undefined);
  activities.setSignal("zen/b", 5);
  assert.deepEqual(told, ["zen/a", "zen/a", "zen/a"]);
  assert.equal(activities.lastSignalOf("zen/b"), 5);
});

Deno.test("What was stopped has no sources and no stall, but keeps the time of its last signal", () => {
  const { activities, told } = listened();
  activities.setSource("zen/a", "pods", { kind: "running" });
  activities.setStall("zen/a", "may not create");
  activities.setSignal("zen/a", 5);
  told.length = 0;
  activities.clearSources("zen/a");
  activities.clearSources("zen/unknown");
  assert.deepEqual([activities.of("zen/a").sources.size, activities.of("zen/a").stall], [0, undefined]);
  assert.equal(activities.lastSignalOf("zen/a"), 5);
  assert.deepEqual(told, ["zen/a"]);
});

Deno.test("Only the Ingesters that still are there are remembered", () => {
  const { activities } = listened();
  for (const key of ["zen/a", "zen/b"]) activities.setSignal(key, 5);
  activities.keepOnly(new Map([["zen/b", 1]]));
  assert.deepEqual([activities.lastSignalOf("zen/a"), activities.lastSignalOf("zen/b")], [undefined, 5]);
});

Deno.test("A note is told once, and stays when sources are stopped", () => {
  const { activities, told } = listened();
  activities.setNote("zen/a", "used up");
  activities.setNote("zen/a", "used up");
  activities.setSource("zen/a", "pods", { kind: "running" });
  activities.clearSources("zen/a");
  assert.equal(activities.of("zen/a").note, "used up");
  activities.setNote("zen/a", undefined);
  assert.equal(activities.of("zen/a").note, undefined);
  assert.deepEqual(told, ["zen/a", "zen/a", "zen/a", "zen/a"]);
});
