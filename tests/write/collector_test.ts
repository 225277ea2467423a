import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import { API_VERSION, type Observation } from "../../src/model/observation.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import type { Clock } from "../../src/run/clock.ts";
import { collectExpired, type CollectorOptions, expiresAt } from "../../src/write/collector.ts";
import { type Answer, ScriptedApi } from "../support/scripted_api.ts";
import { silentLog } from "../support/silent_log.ts";

const CREATED = "2026-01-01T00:00:00.000Z";
const at = (seconds: number): number => Date.parse(CREATED) + seconds * 1000;
const ingester = { namespace: "zen", name: "events" };

function observation(name: string, spec: Observation["spec"], status?: Observation["status"]): Observation {
  return {
    apiVersion: API_VERSION,
    kind: "Observation",
    metadata: {
      name,
      namespace: "shop",
      uid: `uid-${name}`,
      resourceVersion: "5",
      creationTimestamp: CREATED,
    },
    spec,
    status,
  };
}

Deno.test("When an Observation expires is one table", () => {
  const cases: readonly [string, Observation, number | undefined][] = [
    ["event-like: from its creation", observation("a", { ingester, ttlSecondsAfterCreation: 60 }), at(60)],
    [
      "event-like: from its last sight",
      observation("a", { ingester, ttlSecondsAfterCreation: 60 }, { lastSeen: "2026-01-01T00:10:00.000Z" }),
      at(660),
    ],
    [
      "a last sight before the creation counts for nothing",
      observation("a", { ingester, ttlSecondsAfterCreation: 60 }, { lastSeen: "2020-01-01T00:00:00Z" }),
      at(60),
    ],
    ["state-like and Active: not", observation("a", { ingester }, { phase: "Active" }), undefined],
    [
      "Resolved: an hour later",
      observation("a", { ingester }, { phase: "Resolved", resolvedAt: "2026-01-01T00:10:00.000Z" }),
      at(4200),
    ],
    ["another writer's expiresAt", observation("a", { expiresAt: "2026-01-01T00:00:30.000Z" }), at(30)],
    ["another writer's ttl", observation("a", { ttlSecondsAfterCreation: 10 }), at(10)],
    ["another writer's silence", observation("a", {}), at(3600)],
  ];
  for (const [what, one, expected] of cases) assert.equal(expiresAt(one, 3600, false), expected, what);
});

Deno.test("A state whose Ingester was deleted expires the default ttl after it was last seen", () => {
  const active = observation("a", { ingester }, { phase: "Active" });
  assert.equal(expiresAt(active, 3600, true), at(3600));
  const seen = observation("a", { ingester }, { phase: "Active", lastSeen: "2026-01-01T00:10:00.000Z" });
  assert.equal(expiresAt(seen, 3600, true), at(4200));
  const eventLike = observation("a", { ingester, ttlSecondsAfterCreation: 60 });
  assert.equal(expiresAt(eventLike, 3600, true), at(60), "what happened keeps its own ttl");
});

/** Runs one collection over one page and says which requests were sent and which names were told. */
async function collect(
  items: readonly Observation[],
  own: Partial<CollectorOptions> = {},
  deletes: readonly Answer[] = [],
): Promise<{ sent: string[]; told: string[]; api: ScriptedApi }> {
  const stop = new AbortController();
  let turns = 0;
  const clock: Clock = {
    now: () => at(100),
    monotonic: () => 0,
    random: () => 0,
    sleep: () =>
      ++turns === 1 ? Promise.resolve() : Promise.reject(stop.signal.reason ?? new Error("one turn")),
  };
  const api = new ScriptedApi([{ kind: "json", value: { metadata: {}, items } }, ...deletes]);
  const told: string[] = [];
  await assert.rejects(
    collectExpired(
      {
        intervalMilliseconds: 1000,
        namespaces: undefined,
        isOwnIngester: (namespace) => namespace === "zen",
        isIngesterGone: () => false,
        defaultTtlSeconds: 3600,
        mayWrite: () => true,
        onDeleted: ({ name }) => told.push(name),
        ...own,
      },
      { api, clock, metrics: createMetrics("test"), log: silentLog },
      stop.signal,
    ),
    /one turn/,
  );
  return { sent: api.requests.map(({ method, path }) => `${method} ${path.split("/").at(-1)}`), told, api };
}
const done: Answer = { kind: "json", value: {} };

Deno.test("Only what has expired and is ours is deleted, under the uid and resourceVersion that were read", async () => {
  const { sent, told, api } = await collect(
    [
      observation("expired", { ingester, ttlSecondsAfterCreation: 60 }),
      observation("fresh", { ingester, ttlSecondsAfterCreation: 600 }),
      observation("foreign", { ingester: { namespace: "other", name: "x" }, ttlSecondsAfterCreation: 60 }),
    ],
    {},
    [done],
  );
  assert.deepEqual(sent, ["GET observations", "DELETE expired"]);
  assert.deepEqual(told, ["expired"]);
  assert.deepEqual(api.requests[0]?.query?.["labelSelector"], "app.kubernetes.io/managed-by=zen-watcher");
  assert.deepEqual(api.requests[1]?.body, {
    apiVersion: "v1",
    kind: "DeleteOptions",
    preconditions: { uid: "uid-expired", resourceVersion: "5" },
  });
});

Deno.test("One that was renewed since it was read stays and is not counted", async () => {
  const conflict: Answer = {
    kind: "error",
    error: new ApiError("changed", { code: 409, reason: "Conflict" }),
  };
  const { told } = await collect([observation("a", { ingester, ttlSecondsAfterCreation: 60 })], {}, [
    conflict,
  ]);
  assert.deepEqual(told, []);
});

Deno.test("Nothing is deleted once the term has ended", async () => {
  const { sent } = await collect([observation("a", { ingester, ttlSecondsAfterCreation: 60 })], {
    mayWrite: () => false,
  });
  assert.deepEqual(sent, ["GET observations"]);
});
