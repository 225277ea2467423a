import assert from "node:assert/strict";
import type { ApiRequest } from "../../src/kube/api.ts";
import { ApiServer, type Onlooker, type Reply } from "./api_server.ts";
import { Timeline } from "./timeline.ts";

const EVENTS = "/api/v1/events";
const REPORTS = "/apis/wgpolicyk8s.io/v1alpha2/policyreports";
const CONFIG_MAPS = "/api/v1/namespaces/zen/configmaps";

interface Scene {
  readonly timeline: Timeline;
  readonly server: ApiServer;
  readonly told: string[];
  ask(method: ApiRequest["method"], path: string, more?: Partial<ApiRequest>): Reply;
  /** Opens a watch and returns what it tells: type and resourceVersion, or how it ended. */
  watch(path: string, query: ApiRequest["query"]): string[];
}

function scene(mostInPage = 500): Scene {
  const timeline = new Timeline();
  const told: string[] = [];
  const onlooker: Onlooker = {
    onChange: () => {},
    onWrite: (caller, resource) => told.push(`${caller} wrote ${resource}`),
    onList: (asked, revision) => told.push(`${asked.caller} lists ${asked.resource} at ${revision}`),
    onPeek: () => {},
    onWatch: () => {},
    onExpired: (asked) => told.push(`${asked.caller} is too late for ${asked.resource}`),
  };
  const server = new ApiServer({ mostInPage, random: () => 0.6 }, timeline, onlooker);
  return {
    timeline,
    server,
    told,
    ask: (method, path, more = {}) => server.handle({ role: "read", method, path, ...more }, "me"),
    watch: (path, query = {}) => {
      const heard: string[] = [];
      const reply = server.watch({ role: "watch", method: "GET", path, query }, "me", {
        line: (text) => {
          const { type, object } = JSON.parse(text);
          heard.push(`${type} ${object.code ?? object.metadata.resourceVersion}`);
        },
        end: () => heard.push("end"),
        break: () => heard.push("break"),
      });
      if (reply.status !== 200) heard.push(`answered ${reply.status}`);
      return heard;
    },
  };
}

Deno.test("A list is told in pages of one revision, also while objects change, until it was compacted", () => {
  const { server, ask } = scene(2);
  for (const name of ["a", "b", "c"]) server.put("events", "blue", name, { type: "Warning" });
  const first = ask("GET", EVENTS, { query: { limit: 50 } }).body as {
    metadata: { resourceVersion: string; continue: string };
    items: { metadata: { name: string } }[];
  };
  assert.deepEqual(first.items.map(({ metadata }) => metadata.name), ["a", "b"]);
  server.remove("events", "blue", "c");
  const query = { limit: 50, continue: first.metadata.continue };
  const second = ask("GET", EVENTS, { query }).body as typeof first;
  assert.deepEqual(second.items.map(({ metadata }) => metadata.name), ["c"]);
  assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
  assert.equal(second.metadata.continue, undefined);
  server.store.compact(server.store.revision);
  assert.equal(ask("GET", EVENTS, { query }).status, 410);
});

Deno.test("A create of what is there is 409, and so is a write on an older version", () => {
  const { ask, told } = scene();
  const body = { metadata: { name: "one" }, data: { a: "1", b: "2" } };
  const created = ask("POST", CONFIG_MAPS, { body });
  assert.equal(created.status, 201);
  assert.deepEqual([ask("POST", CONFIG_MAPS, { body })].map(({ status, reason }) => [status, reason]), [
    [409, "AlreadyExists"],
  ]);
  const { resourceVersion } = (created.body as { metadata: { resourceVersion: string } }).metadata;
  const patch = { metadata: { resourceVersion }, data: { a: null, c: "3" } };
  const patched = ask("PATCH", `${CONFIG_MAPS}/one`, { body: patch });
  assert.deepEqual((patched.body as { data: unknown }).data, { b: "2", c: "3" });
  assert.equal(ask("PATCH", `${CONFIG_MAPS}/one`, { body: patch }).reason, "Conflict");
  assert.equal(ask("PATCH", `${CONFIG_MAPS}/two`, { body: patch }).status, 404);
  assert.deepEqual(told, ["me wrote configmaps", "me wrote configmaps"]);
});

Deno.test("A watch replays Events that were created and deleted, until they were compacted", () => {
  const { server, watch, told } = scene();
  const from = server.store.revision;
  server.put("events", "blue", "a", {});
  server.remove("events", "blue", "a");
  server.goDown();
  server.comeUp();
  assert.deepEqual(watch(EVENTS, { resourceVersion: String(from) }), [
    `ADDED ${from + 1}`,
    `DELETED ${from + 2}`,
  ]);
  server.store.compact(from + 2);
  assert.deepEqual(watch(EVENTS, { resourceVersion: String(from) }), ["ERROR 410", "end"]);
  assert.deepEqual(told, ["me is too late for events"]);
});

Deno.test("A watch of a custom resource from before the API server was restarted is told 410 in its stream", () => {
  const { server, watch } = scene();
  const from = server.store.revision;
  server.put("policyreports", "blue", "a", { results: [] });
  assert.deepEqual(watch(REPORTS, { resourceVersion: String(from) }), [`ADDED ${from + 1}`]);
  server.goDown();
  server.comeUp();
  assert.deepEqual(watch(REPORTS, { resourceVersion: String(from) }), ["ERROR 410", "end"]);
});

Deno.test("A watch from the future is silent until then", () => {
  const { server, watch } = scene();
  const { revision } = server.store;
  const heard = watch(EVENTS, { resourceVersion: String(revision + 1) });
  server.put("events", "blue", "a", {});
  assert.deepEqual(heard, []);
  server.put("events", "blue", "b", {});
  assert.deepEqual(heard, [`ADDED ${revision + 2}`]);
});

Deno.test("Custom resources have bookmarks, Events have none, and both end at their time", async () => {
  const { server, timeline, watch } = scene();
  const resourceVersion = String(server.store.revision);
  const query = { resourceVersion, allowWatchBookmarks: true, timeoutSeconds: 120 };
  const [events, reports] = [watch(EVENTS, query), watch(REPORTS, query)];
  await timeline.runUntil(121_000, () => false);
  assert.deepEqual(events, ["end"]);
  assert.deepEqual(reports, [`BOOKMARK ${resourceVersion}`, `BOOKMARK ${resourceVersion}`, "end"]);
});

Deno.test("A streaming list tells what there is, says when that is done, and goes on", () => {
  const { server, watch } = scene();
  server.put("events", "blue", "a", {});
  const { revision } = server.store;
  const heard = watch(EVENTS, { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" });
  server.put("events", "blue", "b", {});
  assert.deepEqual(heard, [`ADDED ${revision}`, `BOOKMARK ${revision}`, `ADDED ${revision + 1}`]);
  assert.deepEqual(watch(EVENTS, { sendInitialEvents: true }), ["answered 422"]);
});

Deno.test("A restore takes back what was later, and gives its numbers again", () => {
  const { server, ask } = scene();
  server.put("events", "blue", "a", {});
  const { revision } = server.store;
  server.put("events", "blue", "b", {});
  server.remove("events", "blue", "a");
  server.restore(revision);
  const items = (): string[] =>
    (ask("GET", EVENTS).body as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) =>
      metadata.name
    );
  assert.deepEqual(items(), ["a"]);
  assert.equal(server.put("events", "blue", "c", {}).metadata.resourceVersion, String(revision + 1));
});
