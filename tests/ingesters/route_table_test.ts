import assert from "node:assert/strict";
import { Activities } from "../../src/ingesters/activities.ts";
import { IngesterRegistry } from "../../src/ingesters/registry.ts";
import { createRouteTable, laneNow } from "../../src/ingesters/route_table.ts";
import type { RouteTable } from "../../src/intake/route.ts";
import { ApiError } from "../../src/kube/errors.ts";
import type { Ingester } from "../../src/model/ingester.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { COMPILE_SETTINGS, ingesterOf } from "../support/ingester_of.ts";
import { LiveApi } from "../support/live_api.ts";
import { spoolOf } from "../support/spool_of.ts";

const OBSERVATIONS = "/apis/zen.kube-zen.io/v1alpha1/namespaces/zen/observations";
const never = new AbortController().signal;

interface Scene {
  readonly routes: RouteTable;
  readonly api: LiveApi;
  readonly clock: FakeClock;
  readonly activities: Activities;
}

function scene(ingesters: readonly Ingester[], state: () => RouteTable["state"] = () => "ready"): Scene {
  const api = new LiveApi();
  api.answer(OBSERVATIONS, () => ({}));
  const clock = new FakeClock();
  const registry = new IngesterRegistry(COMPILE_SETTINGS);
  for (const ingester of ingesters) registry.put(ingester);
  const activities = new Activities();
  // Its folder is never opened: what cannot be written is refused.
  const spool = spoolOf(api, clock, { root: "/nowhere", laneOf: () => ({ kind: "wait" }) }).webhooks;
  return {
    routes: createRouteTable({ registry, activities, spool, clock, state }),
    api,
    clock,
    activities,
  };
}

Deno.test("What a path leads to is what its Ingester is", () => {
  const auth = { type: "bearer", secretName: "s" } as const;
  const { routes } = scene([
    ingesterOf("open", { source: "falco", webhook: { auth, maxBodyBytes: 7, methods: ["PUT"] } }),
    ingesterOf("mute", { source: "audit" }),
    ingesterOf("asleep", { source: "own", suspend: true }),
    ingesterOf("later", { source: "new", webhook: { auth: { type: "mtls" } } }),
    ingesterOf("reader", { source: "trivy" }),
    ingesterOf("tenant", { source: "falco" }, { namespace: "team" }),
  ]);
  const open = routes.find("/ingest/falco");
  assert.ok(open?.kind === "open");
  assert.deepEqual([open.source, open.ingester, open.auth, open.methods, open.maxBodyBytes], [
    "falco",
    { namespace: "zen", name: "open" },
    auth,
    ["PUT"],
    7,
  ]);
  const mute = routes.find("/ingest/audit");
  assert.deepEqual(mute?.kind === "open" ? mute.auth : "none", undefined);
  // Whoever asks is told neither the Ingester's name nor what is wrong with it.
  const closed: readonly [string, string, string][] = [
    ["/ingest/own", "suspended", "This webhook is suspended"],
    ["/ingest/new", "invalid", "This webhook takes nothing now"],
  ];
  for (const [path, reason, message] of closed) {
    const route = routes.find(path);
    assert.ok(route?.kind === "closed", path);
    assert.equal(route.reason, reason);
    assert.equal(route.message, message);
  }
  assert.equal(routes.find("/ns/team/ingest/falco")?.kind, "open");
  for (const path of ["/ingest/trivy", "/ingest/nobody", "/", ""]) assert.equal(routes.find(path), undefined);
});

Deno.test("The state is asked for at every request", () => {
  let state: RouteTable["state"] = "not-synced";
  const { routes } = scene([], () => state);
  assert.equal(routes.state, "not-synced");
  state = "draining";
  assert.equal(routes.state, "draining");
});

Deno.test("A payload is taken to its verdicts, under the rules of its Ingester", async () => {
  const { routes, api, clock, activities } = scene([
    ingesterOf("one", { source: "own", webhook: { auth: { type: "none" } } }),
  ]);
  const route = routes.find("/ingest/own");
  assert.ok(route?.kind === "open");
  const { verdicts } = await route.take([{ a: 1 }, 5], "2026-01-02T12:00:00Z", never);
  assert.deepEqual(verdicts.map(({ kind }) => kind), ["created", "rejected"]);
  assert.equal(api.sent("POST").length, 1);
  assert.equal(activities.lastSignalOf("zen/one"), clock.now());
});

Deno.test("A write that a person must mend is told of the Ingester, and gives up after 2 s", async () => {
  const { routes, api, clock, activities } = scene([
    ingesterOf("one", { source: "own", webhook: { auth: { type: "none" } } }),
  ]);
  api.answer(OBSERVATIONS, () => {
    throw new ApiError("may not create", { code: 403 });
  });
  const route = routes.find("/ingest/own");
  assert.ok(route?.kind === "open");
  const taking = route.take({ a: 1 }, "2026-01-02T12:00:00Z", never);
  await clock.advance(2000);
  const { verdicts } = await taking;
  assert.deepEqual(verdicts, [{ kind: "rejected", reason: "unavailable", message: "may not create" }]);
  assert.equal(activities.of("zen/one").stall, "may not create");
  api.answer(OBSERVATIONS, () => ({}));
  await route.take({ a: 1 }, "2026-01-02T12:00:00Z", never);
  assert.equal(activities.of("zen/one").stall, undefined);
});

Deno.test("What lies in the spool is processed as its Ingester stands now", () => {
  const registry = new IngesterRegistry(COMPILE_SETTINGS);
  const activities = new Activities();
  registry.put(ingesterOf("open", { source: "falco" }));
  registry.put(ingesterOf("asleep", { source: "own", suspend: true }));
  registry.put(ingesterOf("reader", { source: "trivy" }));
  const kinds = (state: RouteTable["state"]): readonly string[] =>
    ["open", "asleep", "reader", "nobody"].map((name) =>
      laneNow({ namespace: "zen", name }, { registry, activities, state: () => state }).kind
    );
  assert.deepEqual(kinds("ready"), ["lane", "wait", "lane", "gone"]);
  // Nobody is gone before the API server has said so.
  assert.deepEqual(kinds("remembered"), ["wait", "wait", "wait", "wait"]);
  assert.deepEqual(kinds("not-synced"), ["lane", "wait", "lane", "wait"]);
  const now = laneNow({ namespace: "zen", name: "open" }, { registry, activities, state: () => "ready" });
  assert.ok(now.kind === "lane");
  now.onStall(new ApiError("may not create", { code: 403 }));
  assert.equal(activities.of("zen/open").stall, "may not create");
});
