import assert from "node:assert/strict";
import { KeptIngesters } from "../../src/ingesters/kept_ingesters.ts";
import { IngesterRegistry } from "../../src/ingesters/registry.ts";
import { systemDisk } from "../../src/run/disk.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { COMPILE_SETTINGS, ingesterOf } from "../support/ingester_of.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

interface Replica {
  readonly kept: KeptIngesters;
  readonly registry: IngesterRegistry;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  readonly folder: string;
}

async function replica(root: string, name: string, scope = "zen"): Promise<Replica> {
  const folder = `${root}/${name}`;
  await Deno.mkdir(folder, { recursive: true });
  const registry = new IngesterRegistry(COMPILE_SETTINGS);
  const clock = new FakeClock();
  const log = new RecordingLog();
  const parts = { root, folder: () => folder, registry, disk: systemDisk, clock, log };
  return { kept: new KeptIngesters(scope, parts), registry, clock, log, folder };
}

async function load({ kept }: Replica): Promise<boolean> {
  await kept.find();
  await kept.rescue();
  return kept.use();
}

/** Lets a replica keep what it knows. */
async function save({ kept, clock, folder }: Replica): Promise<void> {
  const stop = new AbortController();
  const keeping = kept.keep(() => true, stop.signal).catch(() => {});
  await clock.advance(1000);
  await until("they are kept", () => Deno.stat(`${folder}/ingesters.json`).then(() => true, () => false));
  stop.abort();
  await keeping;
}

const falco = ingesterOf("falco", { source: "falco", webhook: { auth: { type: "none" } } });
const audit = ingesterOf("audit", { source: "audit" }, { namespace: "team" });

Deno.test("What one replica knew another one uses, the newest first, until the API server says otherwise", async () => {
  await using folder = await temporaryFolder();
  const old = await replica(folder.path, "old");
  old.registry.put(audit);
  await save(old);
  const newer = await replica(folder.path, "newer");
  await newer.clock.advance(60_000);
  newer.registry.put({ ...falco, status: { observations: 7 } });
  newer.registry.put(audit);
  await save(newer);
  assert.doesNotMatch(await Deno.readTextFile(`${newer.folder}/ingesters.json`), /status/);

  const fresh = await replica(folder.path, "fresh");
  assert.equal(await load(fresh), true);
  assert.deepEqual([...fresh.registry.entries.keys()].sort(), ["team/audit", "zen/falco"]);
  assert.equal(fresh.registry.findByPath("/ingest/falco")?.compiled.kind, "webhook");
  // Taken over at once, since the folder that they came from may go.
  await Deno.remove(newer.folder, { recursive: true });
  const next = await replica(folder.path, "next");
  assert.equal(await load(next), true);
  assert.equal(next.registry.entries.size, 2);

  // One namespace was listed, and had another object of the same name; the other one had none any more.
  fresh.registry.put({ ...falco, metadata: { ...falco.metadata, resourceVersion: "9" } });
  fresh.kept.confirm("zen");
  assert.deepEqual([...fresh.registry.entries.keys()].sort(), ["team/audit", "zen/falco"]);
  fresh.kept.confirm("team");
  assert.deepEqual([...fresh.registry.entries.keys()], ["zen/falco"]);
});

Deno.test("What is damaged, of another shape or of another installation is no use and no harm", async () => {
  await using folder = await temporaryFolder();
  const first = await replica(folder.path, "first", "another");
  first.registry.put(falco);
  await save(first);
  const own = await replica(folder.path, "own");
  assert.equal(await load(own), false);
  const damaged = await replica(folder.path, "damaged");
  damaged.registry.put(falco);
  await save(damaged);
  const path = `${damaged.folder}/ingesters.json`;
  const bytes = await Deno.readFile(path);
  bytes[60] = (bytes[60] ?? 0) ^ 4;
  await Deno.writeFile(path, bytes);
  assert.equal(await load(own), false);
  assert.equal(own.registry.entries.size, 0);
  assert.equal(own.log.of("Kept Ingesters are damaged and left out").length, 1);
});
