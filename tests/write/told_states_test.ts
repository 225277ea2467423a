import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import { ObservationStore } from "../../src/write/observation_store.ts";
import { ToldStates } from "../../src/write/told_states.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryObservations } from "../support/memory_observations.ts";
import { observationOf } from "../support/observation_of.ts";

const never = new AbortController().signal;
const terms = { patienceMilliseconds: 2000, mayWrite: () => true, onStall: () => {} };
const alert = (beganAt: string, severity: "high" | "low" = "high") =>
  observationOf("alert", { origin: undefined, finding: { detectedAt: beganAt, severity } });

function scene(): { api: MemoryObservations; clock: FakeClock; states: ToldStates } {
  const api = new MemoryObservations();
  const clock = new FakeClock();
  return { api, clock, states: new ToldStates({ store: new ObservationStore(api, undefined), clock }) };
}

Deno.test("An alert that is resolved is Resolved since it says so, once", async () => {
  const { api, states } = scene();
  api.put(alert("2026-01-02T10:00:00Z"));
  const end = "2026-01-02T11:00:00Z";
  const ended = await states.ends(alert("2026-01-02T10:00:00Z"), end, terms, never);
  assert.deepEqual(ended, { kind: "done", value: "resolved" });
  assert.deepEqual(api.named("alert")?.status, { phase: "Resolved", count: 1, resolvedAt: end });
  const again = await states.ends(alert("2026-01-02T10:00:00Z"), end, terms, never);
  assert.deepEqual(again, { kind: "done", value: "was-resolved" });
});

Deno.test("An end without a beginning is none", async () => {
  const { states } = scene();
  assert.deepEqual(await states.ends(alert("2026-01-02T10:00:00Z"), undefined, terms, never), {
    kind: "done",
    value: "none",
  });
});

Deno.test("One that fires again is Active; one that is told late is not", async () => {
  const { api, states } = scene();
  api.put(alert("2026-01-02T10:00:00Z"));
  await states.ends(alert("2026-01-02T10:00:00Z"), "2026-01-02T11:00:00Z", terms, never);
  await states.goesOn(alert("2026-01-02T10:00:00Z"), terms, never);
  assert.equal(api.named("alert")?.status?.phase, "Resolved", "sent again after its end");
  await states.goesOn(alert("2026-01-02T12:00:00Z"), terms, never);
  assert.equal(api.named("alert")?.status?.phase, "Active");
  await states.ends(alert("2026-01-02T10:00:00Z"), "2026-01-02T11:00:00Z", terms, never);
  assert.equal(api.named("alert")?.status?.phase, "Active", "an end that is older than the new beginning");
});

Deno.test("A late end of an earlier time does not resolve what fires since a later one", async () => {
  const { api, states } = scene();
  const earlier = alert("2026-01-02T07:00:00Z", "low");
  const end = "2026-01-02T07:10:00Z";
  api.put(alert("2026-01-02T07:20:00Z"));
  const late = await states.ends(earlier, end, terms, never);
  assert.deepEqual(late, { kind: "done", value: "was-resolved" });
  assert.equal(api.named("alert")?.status?.phase, "Active", "created by what began later");

  api.put(earlier);
  await states.goesOn(alert("2026-01-02T07:20:00Z"), terms, never);
  assert.equal(api.named("alert")?.status?.lastSeen, "2026-01-02T07:20:00.000Z");
  const writes = api.count("PATCH");
  await states.goesOn(alert("2026-01-02T07:20:00Z"), terms, never);
  await states.goesOn(earlier, terms, never);
  await states.ends(earlier, end, terms, never);
  assert.equal(api.named("alert")?.status?.phase, "Active", "begun anew before the end of the first came");
  assert.equal(api.named("alert")?.spec.severity, "high", "what is told late turns nothing back");
  assert.equal(api.count("PATCH"), writes);
  await states.ends(alert("2026-01-02T07:20:00Z"), "2026-01-02T07:30:00Z", terms, never);
  assert.equal(api.named("alert")?.status?.phase, "Resolved");
});

Deno.test("The end of the last beginning counts, also by a clock that is behind", async () => {
  const { api, states } = scene();
  api.put(alert("2026-01-02T07:20:00Z"));
  await states.ends(alert("2026-01-02T07:20:00Z"), "2026-01-02T07:19:59Z", terms, never);
  assert.equal(api.named("alert")?.status?.phase, "Resolved");
});

Deno.test("What is told otherwise meanwhile is changed in place", async () => {
  const { api, states } = scene();
  api.put(alert("2026-01-02T10:00:00Z"));
  await states.goesOn(alert("2026-01-02T10:00:00Z", "low"), terms, never);
  assert.equal(api.named("alert")?.spec.severity, "low");
  const writes = api.count("PATCH");
  await states.goesOn(alert("2026-01-02T10:00:00Z", "low"), terms, never);
  assert.equal(api.count("PATCH"), writes);
});

Deno.test("A server that is away for longer than the sender waits is unavailable", async () => {
  const { api, clock, states } = scene();
  api.put(alert("2026-01-02T10:00:00Z"));
  api.before = () => {
    throw new ApiError("away", { code: 503 });
  };
  const ending = states.ends(alert("2026-01-02T10:00:00Z"), undefined, terms, never);
  await clock.advance(3000);
  assert.deepEqual(await ending, { kind: "unavailable", message: "away" });
});
