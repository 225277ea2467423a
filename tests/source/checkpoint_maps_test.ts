import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import { CheckpointMaps } from "../../src/source/checkpoint_maps.ts";
import { MemoryConfigMaps } from "../support/memory_config_maps.ts";

const NAME = "lease-checkpoints";
const never = new AbortController().signal;

function mapsOf(api: MemoryConfigMaps, holder: string, maxKeys?: number): CheckpointMaps {
  const options = { namespace: "zen", name: NAME, holder, mayWrite: () => true };
  return new CheckpointMaps(maxKeys === undefined ? options : { ...options, maxKeys }, api);
}

const changes = (values: Record<string, string | undefined>): ReadonlyMap<string, string | undefined> =>
  new Map(Object.entries(values));

Deno.test("Where there is no ConfigMap one is made, claimed, and changed by what has changed", async () => {
  const api = new MemoryConfigMaps();
  const maps = mapsOf(api, "me");
  const found = await maps.read(never);
  assert.deepEqual([found.values.size, found.holder, found.isRewound], [0, undefined, false]);
  assert.deepEqual(await maps.save(new Map(), never), { kind: "saved", isRewound: false });
  assert.equal(api.maps.get(NAME)?.metadata.annotations?.["zen.kube-zen.io/holder"], "me");
  assert.equal((await maps.save(changes({ a: "1", b: "2" }), never)).kind, "saved");
  assert.equal((await maps.save(changes({ a: undefined, b: "3", gone: undefined }), never)).kind, "saved");
  assert.deepEqual(api.data(NAME), { b: "3" });
});

Deno.test("Whoever was followed by another one changes nothing", async () => {
  const api = new MemoryConfigMaps();
  const before = mapsOf(api, "before");
  await before.read(never);
  await before.save(changes({ a: "1" }), never);
  const after = mapsOf(api, "after");
  assert.deepEqual([...(await after.read(never)).values], [["a", "1"]]);
  await after.save(new Map(), never);
  assert.deepEqual(await before.save(changes({ a: "0" }), never), { kind: "changed" });
  assert.deepEqual(api.data(NAME), { a: "1" });
  const found = await before.read(never);
  assert.deepEqual([found.holder, before.isClaimed], ["after", false]);
});

Deno.test("A claim fails when the one before saved after it was read", async () => {
  const api = new MemoryConfigMaps();
  const before = mapsOf(api, "before");
  await before.read(never);
  await before.save(changes({ a: "1" }), never);
  const after = mapsOf(api, "after");
  await after.read(never);
  await before.save(changes({ a: "2" }), never);
  assert.deepEqual(await after.save(new Map(), never), { kind: "changed" });
  assert.deepEqual([...(await after.read(never)).values], [["a", "2"]]);
  assert.equal((await after.save(new Map(), never)).kind, "saved");
});

Deno.test("More keys than one ConfigMap may have go into further ones, and stay where they are", async () => {
  const api = new MemoryConfigMaps();
  const maps = mapsOf(api, "me", 2);
  await maps.read(never);
  await maps.save(changes({ a: "1", b: "1", c: "1", d: "1", e: "1" }), never);
  assert.deepEqual([api.data(NAME), api.data(`${NAME}-1`), api.data(`${NAME}-2`)], [
    { a: "1", b: "1" },
    { c: "1", d: "1" },
    { e: "1" },
  ]);
  const next = mapsOf(api, "next", 2);
  assert.equal((await next.read(never)).values.size, 5);
  assert.equal(next.isClaimed, false);
  await next.save(changes({ a: undefined, d: "2" }), never);
  await next.save(changes({ f: "1" }), never);
  assert.equal(next.isClaimed, true);
  assert.deepEqual([api.data(NAME), api.data(`${NAME}-1`), api.data(`${NAME}-2`)], [
    { b: "1", f: "1" },
    { c: "1", d: "2" },
    { e: "1" },
  ]);
});

Deno.test("A ConfigMap that somebody deleted is found changed, and made again", async () => {
  const api = new MemoryConfigMaps();
  const maps = mapsOf(api, "me");
  await maps.read(never);
  await maps.save(changes({ a: "1" }), never);
  api.maps.delete(NAME);
  assert.deepEqual(await maps.save(changes({ a: "2" }), never), { kind: "changed" });
  const found = await maps.read(never);
  assert.deepEqual([found.isRewound, found.holder], [false, undefined]);
  assert.deepEqual(await maps.save(changes({ a: "2" }), never), { kind: "saved", isRewound: false });
  assert.deepEqual(api.data(NAME), { a: "2" });
});

Deno.test("History that went back is seen, whether the ConfigMap is older or gone", async () => {
  for (const isGone of [false, true]) {
    const api = new MemoryConfigMaps();
    const maps = mapsOf(api, "me");
    await maps.read(never);
    await maps.save(changes({ a: "1" }), never);
    const backup = api.maps.get(NAME);
    assert.ok(backup !== undefined);
    await maps.save(changes({ a: "2" }), never);
    if (isGone) api.maps.delete(NAME);
    else api.maps.set(NAME, backup);
    api.resourceVersion = 100;
    assert.deepEqual(await maps.save(changes({ a: "3" }), never), { kind: "changed" });
    const found = await maps.read(never);
    const saved = await maps.save(changes({ a: "3" }), never);
    assert.ok(saved.kind === "saved");
    assert.ok(found.isRewound || saved.isRewound, `gone: ${isGone}`);
    assert.deepEqual(await maps.save(changes({ a: "4" }), never), { kind: "saved", isRewound: false });
  }
});

Deno.test("That history went back is told once, also when somebody else has told it before", async () => {
  const api = new MemoryConfigMaps();
  const maps = mapsOf(api, "me");
  await maps.read(never);
  await maps.save(changes({ a: "1" }), never);
  const backup = api.maps.get(NAME);
  assert.ok(backup !== undefined);
  await maps.save(changes({ a: "2" }), never);
  api.maps.set(NAME, backup);
  api.resourceVersion = Number(backup.metadata.resourceVersion);
  maps.forgetHistory();
  assert.deepEqual(await maps.save(changes({ a: "3" }), never), { kind: "changed" });
  assert.equal((await maps.read(never)).isRewound, false);
  assert.deepEqual(await maps.save(changes({ a: "3" }), never), { kind: "saved", isRewound: false });
});

Deno.test("A ConfigMap that is made again is made empty, and filled only where history did not go back", async () => {
  for (const isRewound of [false, true]) {
    const api = new MemoryConfigMaps();
    const maps = mapsOf(api, "me");
    await maps.read(never);
    await maps.save(changes({ a: "1" }), never);
    api.maps.clear();
    if (isRewound) api.resourceVersion = 100;
    await maps.read(never);
    assert.deepEqual(await maps.save(changes({ a: "2" }), never), { kind: "saved", isRewound });
    assert.deepEqual(api.data(NAME), isRewound ? {} : { a: "2" });
  }
});

Deno.test("Whose term has ended writes nothing", async () => {
  const api = new MemoryConfigMaps();
  const options = { namespace: "zen", name: NAME, holder: "me", mayWrite: () => false };
  const maps = new CheckpointMaps(options, api);
  await maps.read(never);
  assert.deepEqual(await maps.save(changes({ a: "1" }), never), { kind: "changed" });
  assert.equal(api.maps.size, 0);
});

Deno.test("A save whose answer was lost is found done", async () => {
  const api = new MemoryConfigMaps();
  const maps = mapsOf(api, "me");
  await maps.read(never);
  await maps.save(new Map(), never);
  api.after = () => {
    throw new ApiError("connection reset", { code: 0 });
  };
  assert.equal((await maps.save(changes({ a: "1" }), never)).kind, "failed");
  api.after = () => {};
  assert.equal((await maps.save(changes({ a: "2" }), never)).kind, "changed");
  assert.deepEqual([...(await maps.read(never)).values], [["a", "1"]]);
  assert.equal(maps.isClaimed, true);
  assert.equal((await maps.save(changes({ a: "2" }), never)).kind, "saved");
});

Deno.test("A missing right is a failure, and a further ConfigMap that may not be read is none", async () => {
  const api = new MemoryConfigMaps();
  const forbidden = new ApiError("no", { code: 403 });
  api.before = ({ path }) => {
    if (path.endsWith("-1")) throw forbidden;
  };
  const maps = mapsOf(api, "me");
  await maps.read(never);
  assert.equal((await maps.save(changes({ a: "1" }), never)).kind, "saved");
  api.before = () => {
    throw forbidden;
  };
  assert.deepEqual(await maps.save(changes({ a: "2" }), never), { kind: "failed", error: forbidden });
  await assert.rejects(maps.read(never), forbidden);
});

Deno.test("What is no data is read as no keys", async () => {
  const api = new MemoryConfigMaps();
  api.maps.set(NAME, {
    metadata: { name: NAME, resourceVersion: "5" },
    data: 7 as unknown as Record<string, string>,
  });
  const maps = mapsOf(api, "me");
  assert.equal((await maps.read(never)).values.size, 0);
});
