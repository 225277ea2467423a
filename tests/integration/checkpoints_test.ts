import assert from "node:assert/strict";
import { systemClock } from "../../src/run/clock.ts";
import type { NewEvent } from "../support/oracle.ts";
import type { Replica } from "../support/process.ts";
import { until } from "../support/until.ts";
import {
  GUARD_MILLISECONDS,
  HOME,
  install,
  type Installation,
  untilLeading,
  untilSettled,
} from "./installation.ts";
import { assertSound, assertStopsSound } from "./soundness.ts";

const SOURCE = "kubernetes-events";
const NAMESPACE = "production";
const CHECKPOINTS = "zen-watcher-leader-election-checkpoints";
/** A crashed leader is followed within 3.5 s. */
const QUICK = { LEASE_DURATION_SECONDS: "3", RENEW_DEADLINE_SECONDS: "2", RETRY_PERIOD_SECONDS: "0.5" };

function event(name: string): NewEvent {
  const about = { apiVersion: "v1", kind: "Pod", name };
  return { namespace: NAMESPACE, name, reason: "BackOff", about };
}

/** Creates Events and deletes them at once, as if their ttl ended. */
async function createAndDelete({ oracle, plane }: Installation, names: readonly string[]): Promise<void> {
  await oracle.createEvents(names.map(event));
  await plane.ask(["delete", "events", `--namespace=${NAMESPACE}`, ...names]);
}

/** Waits until every pod has its Observation, read by the official client, and says that none has two. */
async function untilSeen({ oracle }: Installation, names: readonly string[]): Promise<void> {
  const seen = async (): Promise<readonly string[]> =>
    (await oracle.observations(NAMESPACE)).map(({ spec }) => spec.resource?.name ?? "");
  await until(`${names.length} Events are seen`, async () => {
    const found = new Set(await seen());
    return names.every((name) => found.has(name));
  }, GUARD_MILLISECONDS);
  const found = await seen();
  assert.equal(new Set(found).size, found.length, "an Event has two Observations");
}

/** Waits until what was read last is saved. */
async function untilSaved(installed: Installation, replica: Replica, received: number): Promise<void> {
  await untilSettled(replica, SOURCE, received);
  const version = async (): Promise<string> =>
    await installed.plane.ask([
      "get",
      "configmap",
      CHECKPOINTS,
      `--namespace=${HOME}`,
      "-o",
      "jsonpath={.data}",
    ]);
  let before = "";
  await until("the checkpoint is saved", async () => {
    const now = await version();
    const isSame = now === before && now !== "";
    before = now;
    if (!isSame) await systemClock.sleep(1500, new AbortController().signal);
    return isSame;
  }, GUARD_MILLISECONDS);
}

const namesOf = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

Deno.test("what happens while nobody leads is not lost", async (test) => {
  await using installed = await install();
  const { plane } = installed;
  await installed.createNamespaces(NAMESPACE);
  await installed.applyIngester("events", { source: SOURCE });

  await test.step("Events made and deleted between two terms are seen, after a stop", async () => {
    const before = namesOf("before", 5);
    {
      await using replica = await installed.start(0, QUICK);
      await installed.oracle.createEvents(before.map(event));
      await untilSettled(replica, SOURCE, before.length);
      await assertStopsSound(replica);
    }
    const between = namesOf("between", 50);
    await createAndDelete(installed, between);
    await using replica = await installed.start(0, QUICK);
    await untilSeen(installed, [...before, ...between]);
    // Those from before were not read again: the checkpoint was saved at the stop.
    assert.equal((await replica.metrics()).sum("zen_watcher_signals_received_total"), between.length);
    await assertStopsSound(replica);
  });

  await test.step("and after a crash, by the follower", async () => {
    await using first = await installed.start(0, QUICK);
    await untilLeading(first);
    await using second = await installed.start(1, QUICK);
    const before = namesOf("running", 5);
    await installed.oracle.createEvents(before.map(event));
    await untilSaved(installed, first, before.length);
    first.kill("SIGKILL");
    await first.exit;
    const between = namesOf("crashed", 50);
    await createAndDelete(installed, between);
    await untilLeading(second);
    await untilSeen(installed, [...before, ...between]);
    const status = await installed.oracle.ingesters();
    await until(
      "the status tells the checkpoint",
      async () => (await installed.oracle.ingesters())[0]?.status?.checkpoint?.resourceVersion !== undefined,
      GUARD_MILLISECONDS,
    );
    assert.equal(status.length, 1);
    await assertStopsSound(second);
  });

  await test.step("a checkpoint that is corrupted or lost costs a list, and a line that says so", async () => {
    const damage: readonly (readonly [string, readonly string[]])[] = [
      ["corrupted", ["patch", "configmap", CHECKPOINTS, "--type=json", `-p=${await corrupted(installed)}`]],
      ["lost", ["delete", "configmap", CHECKPOINTS]],
    ];
    for (const [what, command] of damage) {
      await plane.ask([...command, `--namespace=${HOME}`]);
      const fresh = namesOf(what, 5);
      await installed.oracle.createEvents(fresh.map(event));
      await using replica = await installed.start(0, QUICK);
      await untilSeen(installed, fresh);
      await replica.waitForMessage("Source listed");
      if (what === "corrupted") {
        await replica.waitForMessage("Checkpoint cannot be read: its source lists everything");
      }
      await assertStopsSound(replica);
    }
  });
});

/** A JSON patch that makes every checkpoint unreadable. */
async function corrupted({ plane }: Installation): Promise<string> {
  const text = await plane.ask(["get", "configmap", CHECKPOINTS, `--namespace=${HOME}`, "-o", "json"]);
  const keys = Object.keys((JSON.parse(text) as { data: Record<string, string> }).data);
  assert.ok(keys.length > 0);
  return JSON.stringify(keys.map((key) => ({ op: "replace", path: `/data/${key}`, value: "{" })));
}

Deno.test("history that was compacted away is made up for by a list", async () => {
  // The API server compacts what is older than one to two of these.
  await using installed = await install({ apiServerArgs: ["--etcd-compaction-interval=4s"] });
  await installed.createNamespaces(NAMESPACE);
  await installed.applyIngester("events", { source: SOURCE });
  const before = namesOf("before", 5);
  {
    await using replica = await installed.start(0, QUICK);
    await installed.oracle.createEvents(before.map(event));
    await untilSettled(replica, SOURCE, before.length);
    await assertStopsSound(replica);
  }
  const between = namesOf("between", 20);
  await installed.oracle.createEvents(between.map(event));
  await systemClock.sleep(12_000, new AbortController().signal);
  await using replica = await installed.start(0, QUICK);
  await untilSeen(installed, [...before, ...between]);
  const restarts = (await replica.metrics()).sum("zenwatcher_source_watch_restarts_total", {
    reason: "expired",
  });
  assert.ok(restarts > 0, "the position should have been too old");
  const listed = await replica.waitForMessage("Source listed");
  assert.equal(listed.fields["reason"], "expired");
  assert.ok(
    (await replica.metrics()).sum("zen_watcher_relist_duration_seconds_count", { reason: "expired" }) > 0,
  );
  await assertSound(replica);
});
