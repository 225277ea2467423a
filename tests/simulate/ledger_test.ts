import assert from "node:assert/strict";
import { ApiServer } from "./api_server.ts";
import { CHECKPOINTS, Ledger } from "./ledger.ts";
import { eventOf, nameOfSignal, targetsOf } from "./targets.ts";
import { Timeline } from "./timeline.ts";

interface Books {
  readonly ledger: Ledger;
  readonly server: ApiServer;
  readonly violations: string[];
  event(number: number): void;
  gone(number: number): void;
  observe(number: number, name: string): void;
  save(position: number): void;
  list(): void;
}

function books(): Books {
  const violations: string[] = [];
  const targets = targetsOf(undefined);
  const ledger = new Ledger(targets, (invariant) => violations.push(invariant));
  const server = new ApiServer({ mostInPage: 500, random: () => 0.6 }, new Timeline(), {
    onChange: (change) => ledger.onChange(change),
    onWrite: () => {},
    onList: (...told) => ledger.onList(...told),
    onPeek: (...told) => ledger.onPeek(...told),
    onWatch: (...told) => ledger.onWatch(...told),
    onExpired: (...told) => ledger.onExpired(...told),
  });
  ledger.follow(server.store);
  const { namespace, name } = CHECKPOINTS;
  return {
    ledger,
    server,
    violations,
    event: (number) => void server.put("events", "blue", `e-${number}`, eventOf(number, 1, "blue", "T")),
    gone: (number) => server.remove("events", "blue", `e-${number}`),
    observe: (number, observation) =>
      void server.put("observations", "blue", observation, {
        spec: { resource: { name: nameOfSignal(number) } },
      }),
    save: (position) => {
      const data = { "uid-events.x": JSON.stringify({ resourceVersion: String(position), time: "T" }) };
      ledger.judgeCheckpoints("me", server.put("configmaps", namespace, name, { data }));
    },
    list: () =>
      void server.handle({ role: "read", method: "GET", path: "/api/v1/events", query: { limit: 50 } }, "me"),
  };
}

Deno.test("A signal is missing until it has its Observation, and has one alone", () => {
  const { ledger, event, observe, violations } = books();
  event(1);
  event(2);
  observe(2, "x");
  assert.deepEqual(ledger.missing, [1]);
  observe(1, "y");
  assert.deepEqual([ledger.missing, violations], [[], []]);
  observe(1, "z");
  assert.deepEqual(violations, ["P2 no doubles"]);
});

Deno.test("A checkpoint past a signal without Observation is seen, and one before it is right", () => {
  const { event, save, server, observe, violations } = books();
  event(1);
  const born = server.store.revision;
  save(born - 1);
  assert.deepEqual(violations, []);
  save(born);
  assert.deepEqual(violations, ["P3 checkpoint after effect"]);
  violations.length = 0;
  observe(1, "x");
  save(born);
  assert.deepEqual(violations, []);
});

Deno.test("What was gone before a list is excused only where no position was saved, or its history is gone", () => {
  const without = books();
  without.event(1);
  without.gone(1);
  without.list();
  assert.deepEqual([without.ledger.missing, without.ledger.counts.excused], [[], 1]);

  const saved = books();
  const { revision } = saved.server.store;
  saved.save(revision);
  saved.event(1);
  saved.gone(1);
  saved.list();
  assert.deepEqual(saved.ledger.missing, [1], "a list in the place of its history loses it");

  saved.ledger.onExpired({ caller: "me", resource: "events", namespace: undefined });
  saved.list();
  assert.deepEqual(saved.ledger.missing, []);
});

Deno.test("What still stands there is never excused", () => {
  const { ledger, event, list } = books();
  event(1);
  list();
  assert.deepEqual(ledger.missing, [1]);
});

Deno.test("After a restore what stands there again needs its Observation again", () => {
  const { ledger, server, event, observe, gone } = books();
  event(1);
  event(2);
  gone(2);
  const { revision } = server.store;
  observe(1, "x");
  observe(2, "y");
  event(3);
  const highest = server.store.revision;
  server.restore(revision);
  ledger.restored(server.store.log, highest, [], 0);
  assert.deepEqual(ledger.missing, [1], "2 was gone, 3 never was");
});

Deno.test("Who watches from the future although it was told better is found out", () => {
  const { ledger, server, violations, list } = books();
  list();
  const asked = { caller: "me", resource: "events", namespace: undefined } as const;
  const { revision } = server.store;
  ledger.onWatch(asked, revision, revision);
  assert.deepEqual(violations, []);
  ledger.onWatch(asked, revision + 5, revision);
  assert.deepEqual(violations, ["no watch from the future"]);
});

Deno.test("A webhook that is answered 2xx has its Observation", () => {
  const { ledger, observe, violations } = books();
  ledger.expectWebhook(1);
  ledger.expectWebhook(2);
  observe(1, "x");
  ledger.acknowledged(1, "me", 0);
  assert.deepEqual(violations, []);
  ledger.acknowledged(2, "me", 0);
  assert.deepEqual(violations, ["P4 OK means safe"]);
});
