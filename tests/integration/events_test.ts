import assert from "node:assert/strict";
import type { Observation } from "../../src/model/observation.ts";
import { systemClock } from "../../src/run/clock.ts";
import type { NewEvent } from "../support/oracle.ts";
import type { Replica } from "../support/process.ts";
import { until } from "../support/until.ts";
import { assertConservation } from "./conservation.ts";
import {
  GUARD_MILLISECONDS,
  HOME,
  install,
  type Installation,
  untilLeading,
  untilSettled,
} from "./installation.ts";

const SOURCE = "kubernetes-events";
const COUNT = 2000;
const CHECKPOINTS = "zen-watcher-leader-election-checkpoints";

/** Events of type Warning, as the preset's filter lets through. */
function* events(namespace: string, from: number, count: number): Generator<NewEvent> {
  for (let index = from; index < from + count; index++) {
    const about = { apiVersion: "v1", kind: "Pod", name: `pod-${index}` };
    yield { namespace, name: `event-${index}`, reason: "BackOff", about };
  }
}

/** As the official client sees it: each Event of a namespace has one Observation, about the same pod. */
async function assertOneForEach(installed: Installation, namespace: string, count: number): Promise<void> {
  const list = await installed.plane.ask([
    "get",
    "events",
    `--namespace=${namespace}`,
    "-o",
    'jsonpath={range .items[*]}{.metadata.uid}{" "}{.involvedObject.name}{"\\n"}{end}',
  ]);
  const wanted = list.trim().split("\n").sort();
  assert.equal(wanted.length, count);
  const observations = await installed.oracle.observations(namespace);
  assert.deepEqual(observations.map(eventOf).sort(), wanted);
  assert.equal(new Set(observations.map(({ metadata }) => metadata.name)).size, count);
  assert.ok(observations.every(({ spec }) => spec.severity === "medium" && spec.eventType === "back_off"));
}

function eventOf({ spec }: Observation): string {
  return `${spec.origin?.uid} ${spec.resource?.name}`;
}

/** Waits for a number of Observations, and says how fast they came. */
async function untilCreated(replicas: readonly Replica[], count: number, what: string): Promise<void> {
  const start = systemClock.monotonic();
  const created = async (): Promise<number> => {
    const all = await Promise.all(replicas.map((replica) => replica.metrics()));
    return all.reduce((sum, metrics) => sum + metrics.sum("zen_watcher_observations_created_total"), 0);
  };
  while (await created() < count) {
    const waited = systemClock.monotonic() - start;
    assert.ok(
      waited < 2 * GUARD_MILLISECONDS,
      `${await created()} of ${count} after ${Math.round(waited)} ms`,
    );
    await systemClock.sleep(50, new AbortController().signal);
  }
  console.log(`${what}: ${rateSince(start)}`);
}

function rateSince(start: number): string {
  const milliseconds = systemClock.monotonic() - start;
  return `${Math.round(milliseconds)} ms, ${Math.round(1000 * COUNT / milliseconds)} a second`;
}

async function memoryOf(replica: Replica): Promise<string> {
  const bytes = (await replica.metrics()).value("process_resident_memory_bytes") ?? Number.NaN;
  return `${replica.name}: ${(bytes / 1e6).toFixed(0)} MB resident`;
}

Deno.test("2000 Events become 2000 Observations, however often and by however many they are read", async (test) => {
  await using installed = await install();
  const { oracle } = installed;
  await installed.createNamespaces("alone", "together");

  await test.step("with one replica", async (test) => {
    // How fast the API server is at this moment, for comparison.
    const start = systemClock.monotonic();
    await oracle.createEvents(events("alone", 0, COUNT));
    console.log(`2000 Events created by the official client: ${rateSince(start)}`);
    await installed.applyIngester("events", { source: SOURCE, namespaces: ["alone"] });

    await test.step("those that were there before the start have one each", async () => {
      await using replica = await installed.start(0);
      await untilCreated([replica], COUNT, "2000 Events that were there");
      await assertOneForEach(installed, "alone", COUNT);
      await assertConservation(replica);
      assert.deepEqual(await replica.stop(), { code: 0, signal: null });
    });

    await test.step("a restart goes on from the checkpoint, and reads none again", async () => {
      await using replica = await installed.start(0);
      await until(
        "it watches",
        async () => (await replica.metrics()).sum("zenwatcher_source_watch_last_event_timestamp_seconds") > 0,
      );
      assert.equal((await replica.metrics()).sum("zen_watcher_signals_received_total"), 0);
      assert.deepEqual(await replica.stop(), { code: 0, signal: null });
    });

    await installed.plane.ask(["delete", "configmap", CHECKPOINTS, `--namespace=${HOME}`]);
    await using replica = await installed.start(0);
    await test.step("a restart without a checkpoint reads all of them again, and adds none", async () => {
      const start = systemClock.monotonic();
      await untilSettled(replica, SOURCE, COUNT);
      console.log(`2000 Events read again: ${rateSince(start)}`);
      const metrics = await replica.metrics();
      assert.equal(metrics.sum("zen_watcher_observations_deduped_total"), COUNT);
      assert.equal(metrics.sum("zen_watcher_observations_created_total"), 0);
      await assertOneForEach(installed, "alone", COUNT);
    });

    await test.step("those that happen while it runs have one each", async () => {
      await Promise.all([
        oracle.createEvents(events("alone", COUNT, COUNT)),
        untilCreated([replica], COUNT, "2000 Events that happened"),
      ]);
      await untilSettled(replica, SOURCE, 2 * COUNT);
      await assertOneForEach(installed, "alone", 2 * COUNT);
      console.log(await memoryOf(replica));
    });

    assert.deepEqual(await assertConservation(replica), [SOURCE]);
    assert.deepEqual(await replica.stop(), { code: 0, signal: null });
  });

  await test.step("with two replicas", async (test) => {
    await oracle.createEvents(events("together", 0, COUNT));
    await installed.applyIngester("events", { source: SOURCE, namespaces: ["together"] });
    await using leader = await installed.start(0);
    await untilLeading(leader);
    await using follower = await installed.start(1);

    await test.step("those that were there before the start have one each", async () => {
      await untilCreated([leader, follower], COUNT, "2000 Events that were there, with two replicas");
      await assertOneForEach(installed, "together", COUNT);
    });

    await test.step("those that happen while both run have one each", async () => {
      await Promise.all([
        oracle.createEvents(events("together", COUNT, COUNT)),
        untilCreated([leader, follower], 2 * COUNT, "2000 Events that happened, with two replicas"),
      ]);
      await assertOneForEach(installed, "together", 2 * COUNT);
      for (const replica of [leader, follower]) console.log(await memoryOf(replica));
    });

    await test.step("only the leader has read them", async () => {
      const received = (await follower.metrics()).sum("zen_watcher_signals_received_total");
      assert.equal(received, 0);
      assert.equal((await oracle.lease(HOME))?.spec?.holderIdentity, leader.name);
    });

    assert.deepEqual(await assertConservation(leader), [SOURCE]);
    assert.deepEqual(await assertConservation(follower), []);
    for (const replica of [follower, leader]) {
      assert.deepEqual(await replica.stop(), { code: 0, signal: null });
    }
  });
});
