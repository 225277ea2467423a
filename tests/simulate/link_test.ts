import assert from "node:assert/strict";
import type { ApiRequest } from "../../src/kube/api.ts";
import { isApiError } from "../../src/kube/errors.ts";
import { ApiServer } from "./api_server.ts";
import { Link } from "./link.ts";
import { Machine } from "./machine.ts";
import { Timeline } from "./timeline.ts";
import { calm, type Weather } from "./weather.ts";

const never = new AbortController().signal;
const CREATE: ApiRequest = {
  role: "write",
  method: "POST",
  path: "/api/v1/namespaces/zen/configmaps",
  body: { metadata: { name: "one" } },
  timeoutMilliseconds: 5000,
};
const WATCH: ApiRequest = {
  role: "watch",
  method: "GET",
  path: "/api/v1/events",
  query: { resourceVersion: "1000", timeoutSeconds: 100 },
};

function scene(weather: Weather, random: () => number = () => 0.5) {
  const timeline = new Timeline();
  const machine = new Machine(timeline, 1, 0);
  const server = new ApiServer({ mostInPage: 500, random: () => 0.6 }, timeline, {
    onChange: () => {},
    onWrite: () => {},
    onList: () => {},
    onPeek: () => {},
    onWatch: () => {},
    onExpired: () => {},
  });
  const parts = { caller: "me", timeline, machine, server, weather, random };
  const link = new Link({ ...parts, trace: () => {}, onSend: () => {} });
  const isThere = (): boolean => server.store.get("configmaps", "zen/one") !== undefined;
  return { timeline, machine, server, link, isThere };
}

/** How a request ends, once time has gone on. */
async function endOf(asked: Promise<unknown>, timeline: Timeline): Promise<string> {
  const end = asked.then(() => "answered", (error) => isApiError(error) ? error.kind : String(error));
  await timeline.runUntil(timeline.now + 10_000, () => false);
  return await end;
}

/** A number that makes this the fate of a request in weather with nothing but trouble. */
const FATES = {
  "refused": 0,
  "lost": 1,
  "answer-lost": 2,
  "reset-after": 3,
  "failed": 4,
  "failed-after": 5,
  "throttled": 6,
};

for (
  const [fate, end, isEffective] of [
    ["refused", "unreachable", false],
    ["lost", "unreachable", false],
    ["answer-lost", "unreachable", true],
    ["reset-after", "unreachable", true],
    ["failed", "server", false],
    ["failed-after", "server", true],
    ["throttled", "throttled", false],
  ] as const
) {
  Deno.test(`A request whose fate is ${fate} ends as ${end}, ${isEffective ? "with" : "without"} effect`, async () => {
    const { timeline, link, isThere } = scene({ ...calm(), trouble: 1 }, () => (FATES[fate] + 0.5) / 7);
    assert.equal(await endOf(link.request(CREATE, never), timeline), end);
    assert.equal(isThere(), isEffective);
  });
}

Deno.test("What was sent takes effect although nobody waits for it any more", async () => {
  const { timeline, link, isThere } = scene(calm());
  const stop = new AbortController();
  const asked = link.request(CREATE, stop.signal);
  stop.abort(new Error("enough"));
  assert.equal(await endOf(asked, timeline), "Error: enough");
  assert.equal(isThere(), true);
});

Deno.test("A cut that swallows lets requests wait, one that refuses does not", async () => {
  const weather = { ...calm(), cutUntil: 100_000, cutKind: "swallowed" as const };
  const { timeline, link, isThere } = scene(weather);
  let isOver = false;
  const asked = link.request(CREATE, never).catch(() => isOver = true);
  await timeline.runUntil(4999, () => false);
  assert.equal(isOver, false);
  await timeline.runUntil(5001, () => false);
  await asked;
  Object.assign(weather, { cutKind: "refused" });
  const again = link.request(CREATE, never).catch(() => "refused");
  await timeline.runUntil(5010, () => false);
  assert.equal(await again, "refused");
  assert.equal(isThere(), false);
});

Deno.test("Lines come in order, wait while a cut swallows them, and break off when the API server goes", async () => {
  const weather = calm();
  const { timeline, link, server } = scene(weather);
  const opening = link.stream(WATCH, never);
  await timeline.runUntil(50, () => false);
  const heard: string[] = [];
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const bytes of await opening) heard.push(...decoder.decode(bytes).trim().split("\n"));
  })().catch((error) => heard.push(String(error)));
  server.put("events", "blue", "a", {});
  await timeline.runUntil(100, () => false);
  assert.equal(heard.length, 1);
  Object.assign(weather, { cutUntil: 500, cutKind: "swallowed" });
  for (const name of ["b", "c"]) server.put("events", "blue", name, {});
  await timeline.runUntil(499, () => false);
  assert.equal(heard.length, 1);
  await timeline.runUntil(600, () => false);
  assert.deepEqual(heard.map((line) => JSON.parse(line).object.metadata.name), ["a", "b", "c"]);
  server.goDown();
  await timeline.runUntil(700, () => false);
  await reading;
  assert.match(heard.at(-1) ?? "", /TypeError/);
});
