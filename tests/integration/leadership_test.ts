import assert from "node:assert/strict";
import { systemClock } from "../../src/run/clock.ts";
import type { NewEvent } from "../support/oracle.ts";
import type { Replica, ReplicaLine } from "../support/process.ts";
import { until } from "../support/until.ts";
import { type AuditedRequest, isWrite, requestsOf, sentenceOf } from "./audit_log.ts";
import { assertConservation } from "./conservation.ts";
import { HOME, install, type Installation, isLeading, nameOf, untilLeading } from "./installation.ts";

const LEASE_SECONDS = 3;
const RETRY_SECONDS = 0.5;
const SETTINGS = {
  LEASE_DURATION_SECONDS: String(LEASE_SECONDS),
  RENEW_DEADLINE_SECONDS: "2",
  RETRY_PERIOD_SECONDS: String(RETRY_SECONDS),
  // Collecting would be one more write of a leader.
  GC_INTERVAL: "1s",
};
/** What is promised, in milliseconds, and how many times that a test waits before it calls it hanging. */
const CRASH_MILLISECONDS = 1000 * (LEASE_SECONDS + RETRY_SECONDS);
const HANG_FACTOR = 10;
const HAND_OVERS = 3;
const CRASHES = 2;
/** For how long a leader is stopped: some leases, and as long as a node that is frozen. */
const STOPS_MILLISECONDS = [10_000, 30_000] as const;
/** In which a leader of old would have written, had it wanted to: it renews six times. */
const AFTERMATH_MILLISECONDS = 6 * 1000 * RETRY_SECONDS;
const NAMESPACE = "production";

let counter = 0;

/** Further Events, each of which becomes an Observation. */
function events(count: number): readonly NewEvent[] {
  return Array.from({ length: count }, () => {
    const name = `event-${counter++}`;
    return { namespace: NAMESPACE, name, reason: "BackOff", about: { apiVersion: "v1", kind: "Pod", name } };
  });
}

async function installWithEvents(auditLog?: string): Promise<Installation> {
  await using starting = new AsyncDisposableStack();
  const installed = starting.use(await install({ auditLog }));
  await installed.createNamespaces(NAMESPACE);
  await installed.applyIngester("events", { source: "kubernetes-events", namespaces: [NAMESPACE] });
  await installed.applyIngester("falco", { source: "falco", webhook: { auth: { type: "none" } } });
  starting.move();
  return installed;
}

/** All Events have one Observation each, and were written at last. */
async function untilNoneIsMissing(installed: Installation): Promise<void> {
  const eventNames = async (): Promise<readonly string[]> => {
    const all = await installed.oracle.observations(NAMESPACE);
    return all.filter(({ spec }) => spec.source === "kubernetes-events").map(({ spec }) =>
      spec.origin?.name ?? ""
    );
  };
  await until("every Event has its Observation", async () => (await eventNames()).length >= counter);
  const names = await eventNames();
  assert.equal(names.length, counter);
  assert.equal(new Set(names).size, counter);
}

/** The place after the last line: what is looked for below it is news. */
function since(replica: Replica): (message: string, guardMilliseconds?: number) => Promise<ReplicaLine> {
  const old = new Set(replica.lines);
  return (message, guardMilliseconds) =>
    replica.waitFor((line) => line.fields["msg"] === message && !old.has(line), guardMilliseconds);
}

async function failovers(replica: Replica): Promise<{ readonly count: number; readonly seconds: number }> {
  const metrics = await replica.metrics();
  return {
    count: metrics.sum("zenwatcher_failover_duration_seconds_count"),
    seconds: metrics.sum("zenwatcher_failover_duration_seconds_sum"),
  };
}

function post(replica: Replica, pod: string): ReturnType<Replica["webhook"]> {
  return replica.webhook("/ingest/falco", {
    rule: "Terminal shell in container",
    priority: "Warning",
    output: "A shell",
    time: "2026-01-02T03:04:05.678901234Z",
    hostname: "node-1",
    output_fields: { "k8s.ns.name": NAMESPACE, "k8s.pod.name": pod },
  });
}

async function pause(milliseconds: number): Promise<void> {
  await systemClock.sleep(milliseconds, new AbortController().signal);
}

/** What a replica writes for webhooks it writes whoever leads; here they are Falco's. */
function isOfWebhook({ objectRef }: AuditedRequest): boolean {
  return objectRef?.resource === "observations" && objectRef.name?.startsWith("falco-") === true;
}

Deno.test("a leader that is asked to stop hands over, and the Lease is free after the last", async () => {
  counter = 0;
  await using installed = await installWithEvents();
  const holder = async (): Promise<string | undefined> =>
    (await installed.oracle.lease(HOME))?.spec?.holderIdentity;
  await using stack = new AsyncDisposableStack();
  let leader = stack.use(await installed.start(0, SETTINGS));
  await untilLeading(leader);
  for (let round = 1; round <= HAND_OVERS; round++) {
    const next = stack.use(await installed.start(round % 2 === 0 ? 0 : 1, SETTINGS));
    await installed.oracle.createEvents(events(20));
    assert.equal(await holder(), leader.name);
    assert.equal(await isLeading(next), false);

    const start = systemClock.monotonic();
    leader.kill("SIGTERM");
    const { fields } = await next.waitForMessage("New leader resumed the first source");
    const fromSignal = Math.round(systemClock.monotonic() - start);
    assert.deepEqual(await leader.exit, { code: 0, signal: null });
    const released = leader.lines.find((line) => line.fields["msg"] === "leader released");
    assert.ok(released, "the Lease was not released");

    assert.equal(fields["previous"], "released");
    assert.equal(await holder(), next.name);
    assert.equal(await isLeading(next), true);
    const { count, seconds } = await failovers(next);
    assert.equal(count, 1);
    assert.ok(Math.abs(1000 * seconds - Number(fields["duration_ms"])) <= 1);
    console.log(
      `Graceful hand-over ${round}: ${
        (1000 * seconds).toFixed(1)
      } ms from the release to the first source, ` +
        `${fromSignal} ms from SIGTERM`,
    );
    await installed.oracle.createEvents(events(20));
    await untilNoneIsMissing(installed);
    leader = next;
  }
  await assertConservation(leader);
  assert.deepEqual(await leader.stop(), { code: 0, signal: null });
  assert.equal(await holder() ?? "", "");
});

Deno.test("a leader that is killed is followed within the lease duration and one retry period", async () => {
  counter = 0;
  await using installed = await installWithEvents();
  await using stack = new AsyncDisposableStack();
  let leader = stack.use(await installed.start(0, SETTINGS));
  await untilLeading(leader);
  for (let round = 1; round <= CRASHES; round++) {
    const next = stack.use(await installed.start(round % 2 === 0 ? 0 : 1, SETTINGS));
    const writing = installed.oracle.createEvents(events(50), 4);
    const start = systemClock.monotonic();
    leader.kill("SIGKILL");
    await next.waitForMessage("leader acquired", HANG_FACTOR * CRASH_MILLISECONDS);
    const acquired = Math.round(systemClock.monotonic() - start);
    const { fields } = await next.waitForMessage("New leader resumed the first source");
    assert.equal(fields["previous"], "expired");
    assert.equal((await failovers(next)).count, 1);
    assert.equal((await leader.exit).signal, "SIGKILL");
    console.log(
      `Crash ${round}: acquired ${acquired} ms after the kill, where ${CRASH_MILLISECONDS} are promised; ` +
        `${fields["duration_ms"]} ms from the last renewal to the first source`,
    );
    await writing;
    await untilNoneIsMissing(installed);
    await assertConservation(next);
    leader = next;
  }
  assert.deepEqual(await leader.stop(), { code: 0, signal: null });
});

Deno.test("a leader that stood still does not write as one, serves webhooks, and may lead again", async (test) => {
  counter = 0;
  const auditLog = await Deno.makeTempFile({ prefix: "zen-watcher-audit-" });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => Deno.remove(auditLog));
  const installed = cleanup.use(await installWithEvents(auditLog));
  const replicas = [
    cleanup.use(await installed.start(0, SETTINGS)),
    cleanup.use(await installed.start(1, SETTINGS)),
  ] as const;

  for (const milliseconds of STOPS_MILLISECONDS) {
    await test.step(`after ${milliseconds / 1000} s`, async () => {
      await until("one leads", async () => await isLeading(replicas[0]) || await isLeading(replicas[1]));
      const index = await isLeading(replicas[0]) ? 0 : 1;
      const old = replicas[index];
      const next = replicas[1 - index] as Replica;
      await installed.oracle.createEvents(events(20));
      await untilNoneIsMissing(installed);
      // Nothing is under way then: a request that was sent before the stop is no write after it.
      const news = { old: since(old), next: since(next) };

      old.kill("SIGSTOP");
      const stopped = systemClock.monotonic();
      await news.next("leader acquired", HANG_FACTOR * CRASH_MILLISECONDS);
      const acquiredAt = new Date();
      console.log(`Stopped: the other acquired after ${Math.round(systemClock.monotonic() - stopped)} ms`);
      // The one that stands still has them in its connections, and reads them as soon as it goes on.
      await installed.oracle.createEvents(events(100));
      await pause(milliseconds - (systemClock.monotonic() - stopped));

      old.kill("SIGCONT");
      await news.old("leader lost");
      assert.equal(await isLeading(old), false);
      await installed.oracle.createEvents(events(100));
      await untilNoneIsMissing(installed);
      await pause(AFTERMATH_MILLISECONDS);
      const writes = (await requestsOf(auditLog, installed.account.user, nameOf(index))).filter((request) =>
        isWrite(request) && !isOfWebhook(request) && new Date(request.requestReceivedTimestamp) > acquiredAt
      );
      const granted = writes.filter(({ responseStatus }) => (responseStatus?.code ?? 0) < 400);
      console.log(
        `Continued after ${milliseconds / 1000} s: tried ${JSON.stringify(writes.map(sentenceOf))}`,
      );
      assert.deepEqual(granted.map(sentenceOf), []);
      // A try for the Lease by its old resourceVersion is what the API server refuses; nothing else is even tried.
      assert.deepEqual(
        writes.filter(({ objectRef }) => objectRef?.resource !== "leases").map(sentenceOf),
        [],
      );

      assert.equal((await installed.oracle.lease(HOME))?.spec?.holderIdentity, next.name);
      assert.deepEqual([await isLeading(old), await isLeading(next)], [false, true]);
      for (const path of ["/livez", "/readyz"]) {
        const response = await old.observe(path);
        await response.body?.cancel();
        assert.equal(response.status, 200, path);
      }
      const answer = await post(old, `web-${milliseconds}`);
      assert.equal(answer.status, 201, answer.text);
      assert.equal((await post(next, `web-${milliseconds}`)).status, 200);
      await assertConservation(old);
      await assertConservation(next);
      for (const replica of replicas) {
        assert.ok(!replica.lines.some(({ fields }) => fields["level"] === "error"), "an error was logged");
      }
    });
  }

  await test.step("it leads again when the other stops", async () => {
    const index = await isLeading(replicas[0]) ? 0 : 1;
    const leader = replicas[index];
    const other = replicas[1 - index] as Replica;
    const transitions = (await other.metrics()).sum("zenwatcher_leader_election_transitions_total");
    assert.ok(transitions >= 1);
    assert.deepEqual(await leader.stop(), { code: 0, signal: null });
    await untilLeading(other);
    assert.equal(
      (await other.metrics()).sum("zenwatcher_leader_election_transitions_total"),
      transitions + 1,
    );
    await installed.oracle.createEvents(events(20));
    await untilNoneIsMissing(installed);
    await assertConservation(other);
    assert.deepEqual(await other.stop(), { code: 0, signal: null });
  });
});
