import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import { Hold, type WriteDecision } from "../../src/leadership/hold.ts";
import { DEFAULT_TIMINGS } from "../support/election.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryLease, type Network, promptly } from "../support/memory_lease.ts";
import { RecordingLog } from "../support/recording_log.ts";

const never = new AbortController().signal;

function start() {
  const clock = new FakeClock();
  const lease = new MemoryLease();
  const log = new RecordingLog();
  const network = { is: promptly as Network };
  const sights = { count: 0 };
  const hold = new Hold(
    { lease: "the-lease", identity: "a", release: undefined, timings: DEFAULT_TIMINGS },
    { lock: lease.connect((request) => network.is(request), clock), clock, log },
    () => sights.count++,
  );
  return { clock, lease, log, network, sights, hold };
}

/** What is decided now, which must be a write. */
function writeOf(hold: Hold): WriteDecision {
  const decision = hold.decide(undefined);
  assert.ok(decision.kind === "create" || decision.kind === "take-over" || decision.kind === "renew");
  return decision;
}

Deno.test("A look and a write are sights, and the write is known as ours", async () => {
  const { hold, lease, sights } = start();
  assert.deepEqual(hold.decide(undefined), { kind: "look" });
  await hold.look(undefined, never);
  assert.equal(hold.holder, undefined);
  await hold.write(writeOf(hold), undefined, never);
  assert.equal(sights.count, 2);
  assert.equal(hold.holder, "a");
  assert.equal(hold.renewedAt, 0);
  assert.equal(lease.record?.holderIdentity, "a");
  assert.equal(hold.decide(undefined).kind, "lead");
});

Deno.test("A write whose answer is lost is looked for before the next", async () => {
  const { hold, clock, network } = start();
  await hold.look(undefined, never);
  network.is = () => ({ kind: "answer-lost", thereMilliseconds: 5 });
  const writing = hold.write(writeOf(hold), undefined, never);
  await clock.advance(2000);
  await writing;
  assert.deepEqual(hold.decide(undefined), { kind: "look" });
  network.is = promptly;
  await hold.look(undefined, never);
  assert.equal(hold.decide(undefined).kind, "lead");
});

Deno.test("A look sees a Lease that went back to an older version, unless a watch was faster", async () => {
  const { hold, clock, lease, network } = start();
  const old = lease.put({
    holderIdentity: "b",
    leaseDurationSeconds: 15,
    acquireTime: "T1",
    renewTime: "T1",
    leaseTransitions: 0,
    release: undefined,
    object: undefined,
  });
  assert.ok(old !== undefined);
  hold.see({ ...old, holderIdentity: "c", resourceVersion: "900" }, "watch");
  hold.see(old, "watch");
  assert.equal(hold.holder, "c", "the echo of a slow watch");
  network.is = () => ({ kind: "delivered", thereMilliseconds: 0, backMilliseconds: 5 });
  const looking = hold.look(undefined, never);
  hold.see({ ...old, holderIdentity: "d", resourceVersion: "901" }, "watch");
  await clock.advance(5);
  await looking;
  assert.equal(hold.holder, "d", "an answer that was outrun");
  network.is = promptly;
  await hold.look(undefined, never);
  assert.equal(hold.holder, "b", "how things are");
});

Deno.test("Who lost a race looks at once, and writes later", async () => {
  const { hold, clock, lease } = start();
  await hold.look(undefined, never);
  const decision = writeOf(hold);
  lease.put({
    holderIdentity: "b",
    leaseDurationSeconds: 15,
    acquireTime: "T1",
    renewTime: "T1",
    leaseTransitions: 0,
    release: undefined,
    object: undefined,
  });
  await hold.write(decision, undefined, never);
  assert.deepEqual(hold.decide(undefined), { kind: "look" });
  await hold.look(undefined, never);
  assert.equal(hold.holder, "b");
  await clock.advance(15_000);
  const second = writeOf(hold);
  lease.edit({});
  await hold.write(second, undefined, never);
  await hold.look(undefined, never);
  const pause = hold.decide(undefined);
  assert.ok(pause.kind === "wait" && pause.untilMonotonic <= 16_000, JSON.stringify(pause));
  lease.edit({ holderIdentity: "", renewTime: "T2" });
  hold.see(lease.record, "watch");
  assert.equal(hold.decide(undefined).kind, "take-over", "a release ends the pause");
});

Deno.test("A refused write waits as long as the server asks", async () => {
  const clock = new FakeClock();
  const lease = new MemoryLease();
  const lock = {
    ...lease.connect(promptly, clock),
    create: () => Promise.reject(new ApiError("slow down", { code: 429, retryAfterMilliseconds: 9000 })),
  };
  const candidate = { lease: "the-lease", identity: "a", release: undefined, timings: DEFAULT_TIMINGS };
  const hold = new Hold(candidate, { lock, clock, log: new RecordingLog() }, () => {});
  await hold.look(undefined, never);
  await hold.write(writeOf(hold), undefined, never);
  await hold.look(undefined, never);
  await clock.advance(8999);
  assert.deepEqual(hold.decide(undefined), { kind: "wait", untilMonotonic: 9000 });
  await clock.advance(1);
  assert.equal(hold.decide(undefined).kind, "create");
});

Deno.test("A release gives up what is ours, and nothing else", async () => {
  const { hold, lease, log } = start();
  await hold.release("asked to stop", never);
  assert.equal(lease.counts.get + lease.counts.update, 0, "what was never ours needs no request");
  await hold.look(undefined, never);
  await hold.write(writeOf(hold), undefined, never);
  await hold.release("asked to stop", never);
  assert.equal(lease.record?.holderIdentity, "");
  await hold.release("asked to stop", never);
  assert.equal(lease.counts.update, 1);
  assert.deepEqual(log.of("leader released").map(({ fields }) => fields), [
    { identity: "a", lease: "the-lease", reason: "asked to stop", duration_ms: 0 },
  ]);
});

Deno.test("A release goes through a conflict that changed nothing of the hold", async () => {
  const { hold, lease } = start();
  await hold.look(undefined, never);
  await hold.write(writeOf(hold), undefined, never);
  lease.edit({});
  await hold.release("asked to stop", never);
  assert.equal(lease.record?.holderIdentity, "");
});

Deno.test("What another took meanwhile is not released", async () => {
  const { hold, lease } = start();
  await hold.look(undefined, never);
  await hold.write(writeOf(hold), undefined, never);
  lease.edit({ holderIdentity: "b", renewTime: "T9" });
  await hold.release("asked to stop", never);
  assert.equal(lease.record?.holderIdentity, "b");
});
