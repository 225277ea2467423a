import assert from "node:assert/strict";
import { watchIngesters } from "../../src/ingesters/ingester_watch.ts";
import { IngesterRegistry } from "../../src/ingesters/registry.ts";
import { ApiError } from "../../src/kube/errors.ts";
import type { Ingester } from "../../src/model/ingester.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { COMPILE_SETTINGS, ingesterOf } from "../support/ingester_of.ts";
import { LiveApi } from "../support/live_api.ts";
import { RecordingLog } from "../support/recording_log.ts";

const ALL = "/apis/zen.kube-zen.io/v1alpha1/ingesters";
const IN_ZEN = "/apis/zen.kube-zen.io/v1alpha1/namespaces/zen/ingesters";

interface Scene {
  readonly api: LiveApi;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  /** Keys of the registry. */
  keys(): readonly string[];
  synced(): number;
  settle(): Promise<void>;
}

async function scene(
  namespace: string | undefined,
  api: LiveApi,
  act: (scene: Scene) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const registry = new IngesterRegistry(COMPILE_SETTINGS);
  const stop = new AbortController();
  let synced = 0;
  const scope = { namespaces: namespace === undefined ? undefined : [namespace], exclude: ["forbidden"] };
  const running = watchIngesters(
    namespace,
    scope,
    registry,
    () => synced++,
    { api, clock, log },
    stop.signal,
  );
  const ended = running.catch((error: unknown) => error);
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await clock.settle();
  };
  await settle();
  await act({
    api,
    clock,
    log,
    keys: () => [...registry.entries.keys()].sort(),
    synced: () => synced,
    settle,
  });
  stop.abort(new Error("asked to stop"));
  assert.match(String(await ended), /asked to stop/);
}

const falco = (name: string, namespace = "zen"): Ingester =>
  ingesterOf(name, { source: "falco" }, { namespace });

Deno.test("What is there, what is added, changed and deleted: the registry says the same", async () => {
  const api = new LiveApi();
  api.put(IN_ZEN, falco("a"));
  await scene("zen", api, async ({ keys, synced, settle }) => {
    assert.deepEqual([keys(), synced()], [["zen/a"], 1]);
    api.put(IN_ZEN, falco("b"));
    api.delete(IN_ZEN, "a");
    await settle();
    assert.deepEqual(keys(), ["zen/b"]);
  });
});

Deno.test("What was deleted while the API server was away is gone after the next list", async () => {
  const api = new LiveApi();
  for (const name of ["a", "b"]) api.put(IN_ZEN, falco(name));
  await scene("zen", api, async ({ clock, log, keys, settle }) => {
    api.fail(IN_ZEN, new ApiError("too old", { code: 410 }));
    api.delete(IN_ZEN, "a");
    await clock.advance(2000);
    assert.deepEqual(keys(), ["zen/a", "zen/b"], "Nothing is forgotten while nothing can be asked");
    api.fail(IN_ZEN, undefined);
    await clock.advance(30_000);
    await settle();
    assert.deepEqual(keys(), ["zen/b"]);
    assert.ok(log.of("Cannot watch Ingesters").length > 0);
  });
});

Deno.test("Over all namespaces those that are excluded are left out", async () => {
  const api = new LiveApi();
  api.put(ALL, falco("a"));
  api.put(ALL, falco("b", "forbidden"));
  await scene(undefined, api, async ({ keys, settle }) => {
    api.put(ALL, falco("c", "forbidden"));
    api.put(ALL, falco("d", "team"));
    await settle();
    assert.deepEqual(keys(), ["team/d", "zen/a"]);
  });
});

Deno.test("An object without spec is no Ingester, and no reason to stop", async () => {
  const api = new LiveApi();
  api.put(IN_ZEN, { metadata: { name: "broken", namespace: "zen", uid: "u" } });
  api.put(IN_ZEN, falco("a"));
  await scene("zen", api, ({ keys, synced }) => {
    assert.deepEqual([keys(), synced()], [["zen/a"], 1]);
    return Promise.resolve();
  });
});

Deno.test("What a person must mend is said with how", async () => {
  const cases: readonly [number, RegExp][] = [[404, /install the CRDs/], [403, /get, list and watch/]];
  for (const [code, expected] of cases) {
    const api = new LiveApi();
    api.fail(IN_ZEN, new ApiError("refused", { code }));
    await scene("zen", api, async ({ log, keys, synced, clock }) => {
      const [line] = log.of("Cannot watch Ingesters");
      assert.match(String(line?.fields["hint"]), expected);
      assert.deepEqual([keys(), synced()], [[], 0]);
      api.fail(IN_ZEN, undefined);
      await clock.advance(30_000);
      assert.equal(synced(), 1);
    });
  }
});
