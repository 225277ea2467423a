import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import { followLease } from "../../src/leadership/follow_lease.ts";
import type { LeaseLock } from "../../src/leadership/lock.ts";
import type { LeaseRecord } from "../../src/leadership/record.ts";
import { DEFAULT_TIMINGS } from "../support/election.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryLease, type Network, promptly } from "../support/memory_lease.ts";
import { RecordingLog } from "../support/recording_log.ts";

const held: Omit<LeaseRecord, "resourceVersion"> = {
  holderIdentity: "b",
  leaseDurationSeconds: 15,
  acquireTime: "T1",
  renewTime: "T1",
  leaseTransitions: 0,
  release: undefined,
  object: undefined,
};

interface Following {
  readonly clock: FakeClock;
  readonly lease: MemoryLease;
  readonly log: RecordingLog;
  /** renewTimes in the order in which they were seen; "gone" for a deletion. */
  readonly seen: string[];
  stop(): Promise<void>;
}

function follow(network: Network, replaced: Partial<LeaseLock> = {}): Following {
  const clock = new FakeClock();
  const lease = new MemoryLease();
  const log = new RecordingLog();
  const seen: string[] = [];
  const stop = new AbortController();
  const lock = { ...lease.connect(network, clock), ...replaced };
  const following = followLease(
    { lock, clock, log, timings: DEFAULT_TIMINGS },
    (record) => seen.push(record?.renewTime ?? "gone"),
    stop.signal,
  );
  const ended = assert.rejects(following, /asked to stop/);
  return {
    clock,
    lease,
    log,
    seen,
    stop: async () => {
      stop.abort(new Error("asked to stop"));
      await ended;
      assert.equal(clock.sleeping, 0, "no timer is left");
      assert.equal(lease.watching, 0, "no watch is left");
    },
  };
}

Deno.test("The Lease is seen as it is, then with every change, and its deletion", async () => {
  const { clock, lease, seen, stop } = follow(promptly);
  await clock.advance(0);
  lease.put(held);
  lease.edit({ renewTime: "T2" });
  lease.put(undefined);
  await clock.advance(0);
  assert.deepEqual(seen, ["T1", "T2", "gone"]);
  await stop();
});

Deno.test("A watch that the server ends is opened again at once, and begins with the Lease as it is", async () => {
  const { clock, lease, seen, log, stop } = follow(promptly);
  lease.put(held);
  await clock.advance(5000);
  lease.cutWatches();
  await clock.advance(0);
  lease.edit({ renewTime: "T2" });
  await clock.advance(0);
  assert.deepEqual(seen, ["T1", "T1", "T2"]);
  assert.equal(lease.counts.watch, 2);
  assert.equal(log.lines.length, 0);
  await stop();
});

Deno.test("A watch that cannot be opened is tried with growing waits, up to two retry periods", async () => {
  const { clock, lease, log, stop } = follow(() => ({ kind: "refused" }));
  await clock.advance(1000);
  const first = lease.counts.watch;
  assert.ok(first >= 3 && first <= 6, `${first} tries in the first second`);
  await clock.advance(60_000);
  const later = lease.counts.watch;
  await clock.advance(60_000);
  const tries = lease.counts.watch - later;
  assert.ok(tries >= 14 && tries <= 21, `${tries} tries in a minute`);
  assert.ok(log.lines.every(({ level }) => level === "debug"), "a cut connection is no fault");
  await stop();
});

Deno.test("A server that ends every watch at once is not asked in a circle", async () => {
  const { clock, lease, stop } = follow(promptly, { async *watch() {} });
  await clock.advance(10_000);
  assert.ok(clock.sleeping === 1 && lease.counts.watch === 0);
  await stop();
});

Deno.test("A silent watch is opened anew after a lease duration and two retry periods", async () => {
  let isDead = false;
  const { clock, lease, seen, stop } = follow(() => isDead ? { kind: "lost" } : promptly("watch"));
  lease.put(held);
  await clock.advance(1000);
  isDead = true;
  lease.edit({ renewTime: "T2" });
  await clock.advance(17_999);
  assert.equal(lease.counts.watch, 1);
  isDead = false;
  await clock.advance(1);
  assert.deepEqual(seen, ["T1", "T2"]);
  assert.equal(lease.counts.watch, 2);
  await stop();
});

Deno.test("A missing right is said once", async () => {
  const { clock, log, stop } = follow(promptly, {
    // deno-lint-ignore require-yield
    async *watch() {
      await Promise.resolve();
      throw new ApiError("leases is forbidden", { code: 403, reason: "Forbidden" });
    },
  });
  await clock.advance(60_000);
  const warnings = log.lines.filter(({ level }) => level === "warn");
  assert.equal(warnings.length, 1);
  assert.match(String(warnings[0]?.fields["error"]), /leases is forbidden/);
  await stop();
});
