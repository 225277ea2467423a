import assert from "node:assert/strict";
import type { KubeObject } from "../../src/kube/api.ts";
import { ApiError } from "../../src/kube/errors.ts";
import { watchObject } from "../../src/kube/watch_object.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LiveApi } from "../support/live_api.ts";

const PATH = "/api/v1/namespaces/zen/secrets";
const TARGET = { gvr: { group: "", version: "v1", resource: "secrets" }, namespace: "zen", name: "one" };
const secret = (name: string): KubeObject => ({ metadata: { name, namespace: "zen", uid: `uid-${name}` } });

/** What is told while `act` changes what stands there; it must end with its signal and leave nothing. */
async function told(
  api: LiveApi,
  act: (clock: FakeClock, settle: () => Promise<void>) => Promise<void>,
): Promise<string[]> {
  const clock = new FakeClock();
  const stop = new AbortController();
  const events: string[] = [];
  const watching = assert.rejects(async () => {
    for await (const event of watchObject(TARGET, api, clock, stop.signal)) {
      if (event.kind === "present") events.push(`present ${event.object.metadata.name}`);
      else events.push(event.kind === "failed" ? `failed ${event.reason}` : event.kind);
    }
  }, /asked to stop/);
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await clock.settle();
  };
  await settle();
  await act(clock, settle);
  stop.abort(new Error("asked to stop"));
  await watching;
  assert.deepEqual([api.watching(PATH), clock.sleeping], [0, 0]);
  return events;
}

Deno.test("One object is told of as it comes, changes and goes, and no other", async () => {
  const api = new LiveApi();
  api.put(PATH, secret("other"));
  const events = await told(api, async (_clock, settle) => {
    api.put(PATH, secret("one"));
    await settle();
    api.put(PATH, secret("one"));
    await settle();
    api.delete(PATH, "one");
    await settle();
  });
  assert.deepEqual(events, ["absent", "listed", "present one", "present one", "absent"]);
  assert.ok(api.requests.every(({ query }) => query?.["fieldSelector"] === "metadata.name=one"));
});

Deno.test("What stands there is told before the end of the list", async () => {
  const api = new LiveApi();
  api.put(PATH, secret("one"));
  assert.deepEqual(await told(api, () => Promise.resolve()), ["present one", "listed"]);
});

Deno.test("What cannot be watched is said, and nothing is taken back; what went meanwhile is told after", async () => {
  const api = new LiveApi();
  api.put(PATH, secret("one"));
  const events = await told(api, async (clock, settle) => {
    api.fail(PATH, new ApiError("may not list", { code: 403, reason: "Forbidden" }));
    await settle();
    await clock.advance(60_000);
    api.fail(PATH, new ApiError("too old", { code: 410 }));
    api.delete(PATH, "one");
    await clock.advance(60_000);
    api.fail(PATH, undefined);
    await clock.advance(120_000);
    await settle();
  });
  assert.deepEqual(events.slice(0, 2), ["present one", "listed"]);
  assert.ok(events.includes("failed forbidden"), String(events));
  assert.equal(events.filter((event) => event === "absent").length, 1, String(events));
  assert.ok(events.indexOf("absent") > events.lastIndexOf("failed forbidden"), String(events));
});
