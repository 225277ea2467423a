import assert from "node:assert/strict";
import { IngesterRegistry } from "../../src/ingesters/registry.ts";
import { Activities } from "../../src/ingesters/activities.ts";
import { WatchedSecrets } from "../../src/ingesters/secrets.ts";
import type { SecretValues } from "../../src/intake/secret_keys.ts";
import type { KubeObject } from "../../src/kube/api.ts";
import { ApiError } from "../../src/kube/errors.ts";
import type { Ingester } from "../../src/model/ingester.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { COMPILE_SETTINGS, ingesterOf } from "../support/ingester_of.ts";
import { LiveApi } from "../support/live_api.ts";
import { silentLog } from "../support/silent_log.ts";

const PATH = "/api/v1/namespaces/zen/secrets";
const never = new AbortController().signal;

const secret = (token: string, name = "s"): KubeObject & { data: Record<string, string> } => ({
  metadata: { name, namespace: "zen", uid: `uid-${name}` },
  data: { token: btoa(token) },
});
const holding = (data: Record<string, string>): KubeObject => ({ ...secret("x"), ...{ data } });
const guarded = (name: string, secretName: string, generation = 1): Ingester =>
  ingesterOf(name, {
    source: name,
    webhook: { auth: { type: "bearer", secretName } },
  }, { generation });

interface Scene {
  readonly registry: IngesterRegistry;
  readonly clock: FakeClock;
  readonly activities: Activities;
  read(name?: string, signal?: AbortSignal): Promise<SecretValues | undefined>;
  settle(): Promise<void>;
}

/** An Ingester that names Secret s; when the test ends nothing is watched any more. */
async function scene(api: LiveApi, act: (scene: Scene) => Promise<void>): Promise<void> {
  const clock = new FakeClock();
  const registry = new IngesterRegistry(COMPILE_SETTINGS);
  registry.put(guarded("falco", "s"));
  const activities = new Activities();
  const secrets = new WatchedSecrets({ api, clock, log: silentLog, activities });
  const stop = new AbortController();
  const following = secrets.follow(registry, stop.signal);
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await clock.settle();
  };
  await settle();
  await act({
    registry,
    clock,
    activities,
    read: (name = "s", signal = never) => secrets.read("zen", name, signal),
    settle,
  });
  stop.abort(new Error("asked to stop"));
  await following;
  assert.deepEqual([api.watching(PATH), clock.sleeping], [0, 0]);
}

Deno.test("A Secret is watched by its name alone, and a rotated value is valid at once", async () => {
  const api = new LiveApi();
  api.put(PATH, secret("old"));
  api.put(PATH, secret("other", "t"));
  await scene(api, async ({ read, settle }) => {
    assert.deepEqual(await read(), { token: "old" });
    for (const { query } of api.requests) assert.equal(query?.["fieldSelector"], "metadata.name=s");
    api.put(PATH, secret("new"));
    await settle();
    assert.deepEqual(await read(), { token: "new" });
  });
});

Deno.test("Values are decoded as UTF-8", async () => {
  const api = new LiveApi();
  const bytes = String.fromCharCode(...new TextEncoder().encode("pä"));
  api.put(PATH, secret(bytes));
  await scene(api, async ({ read }) => assert.deepEqual(await read(), { token: "pä" }));
});

Deno.test("A deleted Secret lets nobody in, and one that was never there neither", async () => {
  const api = new LiveApi();
  api.put(PATH, secret("old"));
  await scene(api, async ({ read, settle }) => {
    api.delete(PATH, "s");
    await settle();
    assert.equal(await read(), undefined);
    assert.equal(await read("never-named"), undefined);
    api.put(PATH, secret("again"));
    await settle();
    assert.deepEqual(await read(), { token: "again" });
  });
});

Deno.test("While the API server is away the last values stay; what happened meanwhile is seen after", async () => {
  const api = new LiveApi();
  api.put(PATH, secret("old"));
  await scene(api, async ({ clock, read }) => {
    api.fail(PATH, new ApiError("away", { code: 0 }));
    await clock.advance(60_000);
    assert.deepEqual(await read(), { token: "old" });
    api.fail(PATH, new ApiError("too old", { code: 410 }));
    api.delete(PATH, "s");
    await clock.advance(60_000);
    assert.deepEqual(await read(), { token: "old" });
    api.fail(PATH, undefined);
    await clock.advance(30_000);
    assert.equal(await read(), undefined);
  });
});

Deno.test("A right that was taken away takes the values with it", async () => {
  const api = new LiveApi();
  api.put(PATH, secret("old"));
  await scene(api, async ({ clock, read }) => {
    api.fail(PATH, new ApiError("may not", { code: 403 }));
    await clock.advance(1000);
    assert.equal(await read(), undefined);
  });
});

Deno.test("A request waits for the first answer about a Secret, at most 2 s, and no longer than its sender", async () => {
  const api = new LiveApi();
  const gate = Promise.withResolvers<void>();
  const answer = api.request.bind(api);
  api.request = async <T>(...[request, signal]: Parameters<LiveApi["request"]>): Promise<T> => {
    await gate.promise;
    return await answer<T>(request, signal);
  };
  api.put(PATH, secret("slow"));
  await scene(api, async ({ clock, read, settle }) => {
    const leaving = new AbortController();
    const left = assert.rejects(read("s", leaving.signal), /gone/);
    leaving.abort(new Error("gone"));
    await left;
    const tooLate = read();
    await clock.advance(2000);
    assert.equal(await tooLate, undefined);
    const inTime = read();
    gate.resolve();
    await settle();
    assert.deepEqual(await inTime, { token: "slow" });
  });
});

Deno.test("What no Ingester names any more is watched no more, and what another names stays", async () => {
  const api = new LiveApi();
  for (const name of ["s", "t"]) api.put(PATH, secret(name, name));
  await scene(api, async ({ registry, read, settle }) => {
    registry.put(guarded("own", "s"));
    registry.put(guarded("falco", "t", 2));
    await settle();
    assert.deepEqual([await read("s"), await read("t"), api.watching(PATH)], [
      { token: "s" },
      { token: "t" },
      2,
    ]);
    registry.remove("zen/own");
    await settle();
    assert.deepEqual([await read("s"), await read("t"), api.watching(PATH)], [undefined, { token: "t" }, 1]);
  });
});

Deno.test("Whether a Secret has what is needed of it is told of each Ingester that names it, as it changes", async () => {
  const api = new LiveApi();
  api.put(PATH, secret("other", "t"));
  await scene(api, async ({ registry, activities, clock, settle }) => {
    const told = (name: string): string => {
      const state = activities.of(`zen/${name}`).credentials;
      return state === undefined ? "unknown" : state.kind === "usable" ? "usable" : state.message;
    };
    registry.put(ingesterOf("basic", {
      source: "basic",
      webhook: { auth: { type: "basic", secretName: "s" } },
    }));
    registry.put(
      ingesterOf("open", { source: "open", webhook: { auth: { type: "none", secretName: "s" } } }),
    );
    await settle();
    assert.match(told("falco"), /^Secret zen\/s does not exist: create it with token; .* 503$/);
    assert.match(told("basic"), /create it with username and password/);
    assert.equal(told("open"), "unknown");
    api.put(PATH, secret("here"));
    await settle();
    assert.equal(told("falco"), "usable");
    assert.match(told("basic"), /^Secret zen\/s has no key username: set it/);
    api.put(PATH, holding({ username: btoa("u"), "password-next": btoa("p") }));
    await settle();
    assert.match(told("falco"), /has no key token/);
    assert.equal(told("basic"), "usable");
    api.delete(PATH, "s");
    await settle();
    assert.match(told("falco"), /does not exist/);
    api.fail(PATH, new ApiError("may not", { code: 403 }));
    await clock.advance(1000);
    assert.match(told("falco"), /^Secret zen\/s may not be read: grant list and watch; .*: may not$/);
    assert.equal(activities.of("zen/falco").credentials?.kind, "forbidden");
    api.fail(PATH, undefined);
    api.put(PATH, secret("again"));
    await clock.advance(60_000);
    assert.equal(told("falco"), "usable");
  });
});

Deno.test("What in a Secret is no UTF-8 is no value", async () => {
  const api = new LiveApi();
  api.put(PATH, holding({ "token": btoa("\xff\xfe"), "token-next": btoa("good") }));
  await scene(api, async ({ read }) => assert.deepEqual(await read(), { "token-next": "good" }));
});
