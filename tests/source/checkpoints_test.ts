import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import { checkpointText } from "../../src/source/checkpoint.ts";
import { Checkpoints } from "../../src/source/checkpoints.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryConfigMaps } from "../support/memory_config_maps.ts";
import { RecordingLog } from "../support/recording_log.ts";

const NAME = "lease-checkpoints";
const KEY = "uid.aaaaaaaaaaaaaaaa";
const OTHER = "other.aaaaaaaaaaaaaaaa";

interface Scene {
  readonly api: MemoryConfigMaps;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  readonly metrics: Metrics;
  readonly term: { holds: boolean; renewedAt: number; isValid(): boolean };
  readonly checkpoints: Checkpoints;
  readonly stop: AbortController;
}

function scene(api = new MemoryConfigMaps(), clock = new FakeClock(), identity = "me"): Scene {
  const log = new RecordingLog();
  const metrics = createMetrics("test");
  const term = {
    holds: true,
    renewedAt: 0,
    isValid(): boolean {
      return this.holds;
    },
  };
  const checkpoints = new Checkpoints({
    api,
    clock,
    log,
    metrics,
    term,
    namespace: "zen",
    name: NAME,
    identity,
  });
  return { api, clock, log, metrics, term, checkpoints, stop: new AbortController() };
}

/** Begins a term and saves for as long as `act` lasts. */
async function during(one: Scene, act: (one: Scene) => Promise<void>): Promise<void> {
  await one.checkpoints.begin(one.stop.signal);
  const saving = one.checkpoints.keepSaving(one.stop.signal).catch((error: unknown) => error);
  await act(one);
  one.stop.abort(new Error("the term ended"));
  assert.match(String(await saving), /the term ended/);
}

const savedVersion = (api: MemoryConfigMaps, key = KEY): string | undefined => {
  const text = api.data(NAME)?.[key];
  return text === undefined ? undefined : JSON.parse(text).resourceVersion;
};
const writes = (api: MemoryConfigMaps): number =>
  api.requests.filter(({ method }) => method !== "GET").length;

Deno.test("What one term saves the next one resumes from", async () => {
  const first = scene();
  await during(first, async ({ checkpoints, clock, api }) => {
    assert.equal(checkpoints.resumeFrom(KEY, undefined), undefined);
    checkpoints.note(KEY, "41", undefined, "by-findings");
    await clock.advance(1000);
    assert.equal(savedVersion(api), "41");
    checkpoints.note(KEY, "42", undefined, "by-findings");
  });
  assert.equal(savedVersion(first.api), "41");
  await first.checkpoints.end();
  const second = scene(first.api, first.clock, "you");
  await second.checkpoints.begin(second.stop.signal);
  assert.equal(second.checkpoints.resumeFrom(KEY, undefined), "42");
});

Deno.test("Findings are saved once a second at most, bookmarks once in half a minute", async () => {
  await during(scene(), async ({ checkpoints, clock, api }) => {
    const before = writes(api);
    for (let version = 0; version < 50; version++) {
      checkpoints.note(KEY, String(100 + version), undefined, "by-findings");
      await clock.advance(100);
    }
    assert.equal(writes(api) - before, 5);
    const between = writes(api);
    for (let version = 0; version < 60; version++) {
      checkpoints.note(KEY, String(200 + version), undefined, "by-bookmark");
      await clock.advance(1000);
    }
    assert.equal(writes(api) - between, 2);
    await clock.advance(30_000);
    assert.equal(savedVersion(api), "259");
    const quiet = writes(api);
    await clock.advance(300_000);
    assert.equal(writes(api), quiet, "what is saved is not saved again");
  });
});

Deno.test("A source that shows a state lists again when its Ingester was changed, another one resumes", async () => {
  const first = scene();
  await during(first, ({ checkpoints }) => {
    checkpoints.note(KEY, "41", "spec-a", "by-findings");
    return Promise.resolve();
  });
  await first.checkpoints.end();
  const { checkpoints, stop } = scene(first.api);
  await checkpoints.begin(stop.signal);
  assert.equal(checkpoints.resumeFrom(KEY, "spec-a"), "41");
  assert.equal(checkpoints.resumeFrom(KEY, "spec-b"), undefined);
  assert.equal(checkpoints.resumeFrom(KEY, undefined), "41");
});

Deno.test("A checkpoint that cannot be read costs a list of its source, and no other one", async () => {
  const api = new MemoryConfigMaps();
  const good = checkpointText({ resourceVersion: "41", time: "2026-01-01T00:00:00Z" });
  api.edit(NAME, { [KEY]: '{"resourceVersion":"4', [OTHER]: good });
  await during(scene(api), async ({ checkpoints, clock, log }) => {
    assert.equal(checkpoints.resumeFrom(KEY, undefined), undefined);
    assert.equal(checkpoints.resumeFrom(OTHER, undefined), "41");
    assert.ok(log.lines.some(({ level, fields }) => level === "error" && fields?.["key"] === KEY));
    await clock.advance(31_000);
    assert.deepEqual(Object.keys(api.data(NAME) ?? {}), [OTHER]);
  });
});

Deno.test("A leader that was followed by another one turns nothing back, whatever it still believes", async () => {
  const before = scene();
  await during(before, async ({ checkpoints, clock, api }) => {
    checkpoints.note(KEY, "41", undefined, "by-findings");
    await clock.advance(1000);
    const after = scene(api, clock, "you");
    await after.checkpoints.begin(after.stop.signal);
    after.checkpoints.note(KEY, "90", undefined, "by-findings");
    await after.checkpoints.end();
    assert.equal(savedVersion(api), "90");
    // Its term still holds by its own clock, but no renewal succeeds.
    checkpoints.note(KEY, "42", undefined, "by-findings");
    await clock.advance(60_000);
    assert.equal(savedVersion(api), "90");
  });
  await before.checkpoints.end();
  assert.equal(savedVersion(before.api), "90");
});

Deno.test("A leader that renews after it found somebody else's hand takes its checkpoints back", async () => {
  await during(scene(), async ({ checkpoints, clock, api, term }) => {
    checkpoints.note(KEY, "41", undefined, "by-findings");
    await clock.advance(1000);
    api.edit(NAME, {}, { "zen.kube-zen.io/holder": "somebody" });
    checkpoints.note(KEY, "42", undefined, "by-findings");
    await clock.advance(3000);
    assert.equal(savedVersion(api), undefined);
    term.renewedAt = clock.monotonic();
    await clock.advance(2000);
    assert.equal(savedVersion(api), "42");
  });
});

Deno.test("A ConfigMap that was deleted by hand is made again with all that is known, and nothing is listed", async () => {
  await during(scene(), async ({ checkpoints, clock, api, term }) => {
    let rewound = 0;
    checkpoints.onRewound(() => rewound++);
    checkpoints.note(KEY, "41", undefined, "by-findings");
    checkpoints.note(OTHER, "40", undefined, "by-findings");
    await clock.advance(1000);
    api.maps.clear();
    checkpoints.note(KEY, "42", undefined, "by-findings");
    for (let second = 0; second < 5; second++) {
      await clock.advance(1000);
      term.renewedAt = clock.monotonic();
    }
    assert.deepEqual([savedVersion(api), savedVersion(api, OTHER)], ["42", "40"]);
    assert.equal(rewound, 0);
  });
});

Deno.test("History that went back makes every position void, and every source is told", async () => {
  for (const isGone of [false, true]) {
    await during(scene(), async ({ checkpoints, clock, api, term }) => {
      let rewound = 0;
      const unlisten = checkpoints.onRewound(() => rewound++);
      checkpoints.note(KEY, "41", undefined, "by-findings");
      await clock.advance(1000);
      const backup = api.maps.get(NAME);
      checkpoints.note(KEY, "5000", undefined, "by-findings");
      await clock.advance(1000);
      assert.ok(backup !== undefined);
      if (isGone) api.maps.clear();
      else api.maps.set(NAME, backup);
      api.resourceVersion = isGone ? 500 : Number(backup.metadata.resourceVersion);
      checkpoints.note(KEY, "5001", undefined, "by-findings");
      for (let second = 0; second < 5; second++) {
        await clock.advance(1000);
        term.renewedAt = clock.monotonic();
      }
      assert.equal(rewound, 1, `gone: ${isGone}`);
      assert.equal(checkpoints.resumeFrom(KEY, undefined), undefined);
      assert.equal(savedVersion(api), undefined);
      unlisten();
    });
  }
});

Deno.test("The last save of a term succeeds although the one before it was cut off after it took effect", async () => {
  const one = scene();
  await during(one, async ({ checkpoints, clock, api }) => {
    api.after = () => {
      throw new ApiError("cut off", { code: 0 });
    };
    checkpoints.note(KEY, "41", undefined, "by-findings");
    await clock.advance(1000);
    api.after = () => {};
    checkpoints.note(KEY, "42", undefined, "by-findings");
  });
  await one.checkpoints.end();
  assert.equal(savedVersion(one.api), "42");
});

Deno.test("A term that is over saves nothing", async () => {
  const one = scene();
  await during(one, async ({ checkpoints, clock, term }) => {
    checkpoints.note(KEY, "41", undefined, "by-findings");
    term.holds = false;
    await clock.advance(5000);
  });
  await one.checkpoints.end();
  assert.equal(savedVersion(one.api), undefined);
});

Deno.test("The end of a term does not wait for a server that hangs", async () => {
  const one = scene();
  await during(one, ({ checkpoints, api }) => {
    checkpoints.note(KEY, "41", undefined, "by-findings");
    api.before = () => new Promise(() => {});
    return Promise.resolve();
  });
  const ending = one.checkpoints.end();
  await one.clock.advance(2000);
  // The request obeys its signal, as a real one does.
  const ended = await Promise.race([ending.then(() => "ended"), one.clock.settle().then(() => "hangs")]);
  assert.equal(ended, "ended");
});

Deno.test("Without the right to read them a term goes on, lists, and says once what is missing", async () => {
  const one = scene();
  one.api.before = () => {
    throw new ApiError("configmaps is forbidden", { code: 403 });
  };
  await during(one, async ({ checkpoints, clock, log }) => {
    assert.equal(checkpoints.resumeFrom(KEY, undefined), undefined);
    checkpoints.note(KEY, "41", undefined, "by-findings");
    await clock.advance(10_000);
    assert.equal(log.lines.filter(({ level }) => level === "error").length, 1);
  });
});

Deno.test("A server that does not answer at the beginning is asked again until it does", async () => {
  const one = scene();
  let tries = 0;
  one.api.before = () => {
    if (++tries < 6) throw new ApiError("down", { code: 503 });
  };
  const beginning = one.checkpoints.begin(one.stop.signal);
  await one.clock.advance(10_000);
  await beginning;
  assert.ok(tries > 6);
  assert.ok(one.log.lines.some(({ message }) => message === "Checkpoints are read and saved again"));
});

Deno.test("Keys of Ingesters that are no more are dropped", async () => {
  await during(scene(), async ({ checkpoints, clock, api }) => {
    checkpoints.note(KEY, "41", undefined, "by-findings");
    checkpoints.note(OTHER, "42", undefined, "by-findings");
    await clock.advance(1000);
    checkpoints.keepOnly((uid) => uid === "uid");
    await clock.advance(31_000);
    assert.deepEqual(Object.keys(api.data(NAME) ?? {}), [KEY]);
    assert.equal(checkpoints.oldestOf("other"), undefined);
  });
});

Deno.test("The oldest checkpoint of an Ingester is told", async () => {
  await during(scene(), async ({ checkpoints, clock }) => {
    checkpoints.note("uid.b", "50", undefined, "by-findings");
    await clock.advance(5000);
    checkpoints.note("uid.a", "40", undefined, "by-findings");
    assert.equal(checkpoints.oldestOf("uid")?.resourceVersion, "50");
  });
});

Deno.test("The age of what is saved is shown for each source that is watched, by the leader alone", async () => {
  const one = scene();
  const ages = async (): Promise<Record<string, number>> => {
    const { values } = await one.metrics.checkpointAge.get();
    return Object.fromEntries(values.map(({ labels, value }) => [String(labels.source), value]));
  };
  await during(one, async ({ checkpoints, clock }) => {
    const ended = checkpoints.watch(KEY, "events");
    using other = checkpoints.watch(OTHER, "trivy");
    await clock.advance(10_000);
    assert.deepEqual(await ages(), { events: 10, trivy: 10 });
    other.setServed(false);
    await clock.advance(5000);
    assert.deepEqual(await ages(), { events: 15 });
    other.setServed(true);
    other.setServed(true);
    await clock.advance(3000);
    assert.deepEqual(await ages(), { events: 18, trivy: 3 });
    await clock.advance(7000);
    checkpoints.note(KEY, "41", undefined, "by-findings");
    await clock.advance(5000);
    assert.deepEqual(await ages(), { events: 5, trivy: 15 });
    const twin = checkpoints.watch("third.aaaaaaaaaaaaaaaa", "events");
    ended[Symbol.dispose]();
    assert.deepEqual(await ages(), { events: 5, trivy: 15 }, "another watch of the source goes on");
    twin[Symbol.dispose]();
    assert.deepEqual(await ages(), { trivy: 15 }, "at once");
    await clock.advance(1000);
    assert.deepEqual(await ages(), { trivy: 16 });
  });
  await one.checkpoints.end();
  assert.deepEqual(await ages(), {});
});
