import assert from "node:assert/strict";
import { ForeignReleaseError, LeadError, TermStuckError, TwinError } from "../../src/leadership/elector.ts";
import { TermLostError } from "../../src/leadership/term.ts";
import { Election, type Participant, untilItsEnd, valueOf } from "../support/election.ts";
import type { Network } from "../support/memory_lease.ts";

const LEASE_DURATION = 15_000;
const RENEW_DEADLINE = 10_000;
const RETRY_PERIOD = 2_000;

const within = (milliseconds: number): Network => () => ({
  kind: "delivered",
  thereMilliseconds: milliseconds,
  backMilliseconds: milliseconds,
});
const refused: Network = () => ({ kind: "refused" });
const lost: Network = () => ({ kind: "lost" });
const withoutWatch: Network = (request) => request === "watch" ? { kind: "refused" } : within(5)(request);

/** Ends all, and nothing may be left of them. */
async function close(election: Election): Promise<void> {
  for (const participant of election.participants) participant.stop();
  await election.advance(20_000);
  const running = election.participants.filter(({ process, ended }) =>
    ended === undefined && !process.isStopped
  );
  assert.deepEqual(running.map(({ identity }) => identity), []);
  if (election.participants.some(({ process }) => process.isStopped)) return;
  assert.equal(election.clock.sleeping, 0, "no timer is left");
  assert.equal(election.lease.watching, 0, "no watch is left");
}

/** The last term of a participant. */
function termOf(participant: Participant): Participant["terms"][number] {
  const term = participant.terms.at(-1);
  assert.ok(term !== undefined, `${participant.identity} never led`);
  return term;
}

/** What a participant failed with. */
function failureOf<T extends Error>({ ended }: Participant, kind: new (...rest: never[]) => T): T {
  assert.ok(ended instanceof kind, `must have failed with ${kind.name}, given ${ended}`);
  return ended;
}

Deno.test("The first to come creates the Lease, leads, and says so", async () => {
  const election = new Election();
  const a = election.join("a", { release: "r1" });
  await election.advance(0);
  assert.deepEqual(election.leaders, ["a"]);
  assert.deepEqual(election.lease.record, {
    holderIdentity: "a",
    leaseDurationSeconds: 15,
    acquireTime: "2026-01-02T12:00:00.000000Z",
    renewTime: "2026-01-02T12:00:00.000000Z",
    leaseTransitions: 0,
    release: "r1",
    resourceVersion: "101",
    object: undefined,
  });
  assert.equal(a.elector.isLeading, true);
  assert.equal(a.elector.holder, "a");
  assert.equal(await valueOf(a.metrics.isLeader), 1);
  assert.equal(await valueOf(a.metrics.leaderTransitions), 1);
  assert.deepEqual(termOf(a).takeover, { kind: "none", sinceMonotonic: undefined });
  assert.deepEqual(a.log.of("leader acquired").map(({ fields }) => fields), [
    { identity: "a", lease: "the-lease", reason: "none", duration_ms: undefined },
  ]);
  await close(election);
});

Deno.test("A leader renews every retry period and keeps acquireTime; a follower that hears it does not ask", async () => {
  const election = new Election();
  const a = election.join("a");
  await election.advance(100);
  const b = election.join("b");
  for (const participant of [a, b]) participant.network = within(20);
  await election.advance(20 * RETRY_PERIOD);
  const { record, counts } = election.lease;
  assert.equal(counts.update, 20);
  assert.equal(record?.acquireTime, "2026-01-02T12:00:00.000000Z");
  assert.equal(record?.renewTime, "2026-01-02T12:00:40.000000Z");
  assert.equal(counts.get, 2, "one look each, at its start");
  assert.equal(b.elector.holder, "a");
  assert.equal(b.elector.isLeading, false);
  await close(election);
});

for (const [candidates, phase] of [[2, 10], [2, 1234], [2, 1999], [3, 10], [3, 777], [3, 1999]] as const) {
  Deno.test(`After a crash ${phase} ms past a renewal, one of ${candidates - 1} takes over as the lease runs out`, async () => {
    const election = new Election();
    const a = election.join("a");
    await election.advance(0);
    for (const name of ["b", "c"].slice(0, candidates - 1)) election.join(name).network = within(5);
    await election.advance(5 * RETRY_PERIOD + phase);
    a.process.stop();
    const took = await election.until(() => election.leaders.length === 1, LEASE_DURATION + RETRY_PERIOD);
    const sinceRenewal = took + phase;
    assert.ok(sinceRenewal >= LEASE_DURATION, `${sinceRenewal} ms`);
    assert.ok(sinceRenewal <= LEASE_DURATION + 50, `${sinceRenewal} ms`);
    const successor = election.participants.find(({ identity }) => identity === election.leaders[0]);
    assert.equal(successor?.terms[0]?.takeover.kind, "expired");
    assert.equal(successor?.log.of("leader acquired")[0]?.fields["reason"], "expired");
    assert.equal(election.lease.record?.leaseTransitions, 1);
    await election.advance(30_000);
    assert.equal(election.leaders.length, 1, "the others follow");
    await close(election);
  });

  Deno.test(`Without any watch, after a crash ${phase} ms past a renewal, it takes a retry period more at most (${candidates})`, async () => {
    const election = new Election(phase);
    const a = election.join("a");
    await election.advance(0);
    for (const name of ["b", "c"].slice(0, candidates - 1)) election.join(name).network = withoutWatch;
    await election.advance(5 * RETRY_PERIOD + phase);
    a.process.stop();
    const took = await election.until(() => election.leaders.length === 1, LEASE_DURATION + RETRY_PERIOD);
    const sinceRenewal = took + phase;
    assert.ok(sinceRenewal >= LEASE_DURATION, `${sinceRenewal} ms`);
    assert.ok(sinceRenewal <= LEASE_DURATION + RETRY_PERIOD, `${sinceRenewal} ms`);
    await close(election);
  });
}

Deno.test("A follower takes over from a graceful stop within 100 ms of the release that it saw", async () => {
  const election = new Election();
  const a = election.join("a", { release: "r1" });
  await election.advance(1);
  const b = election.join("b", { release: "r1" });
  const c = election.join("c", { release: "r1" });
  for (const participant of [a, b, c]) participant.network = within(10);
  await election.advance(7300);
  a.stop();
  const released = await election.until(() => election.lease.record?.holderIdentity === "", 100);
  const took = await election.until(() => election.leaders.length === 1 && election.leaders[0] !== "a", 100);
  assert.ok(released <= 20 && took <= 40, `released after ${released} ms, taken ${took} ms later`);
  const successor = election.leaders[0] === "b" ? b : c;
  assert.equal(termOf(successor).takeover.kind, "released");
  assert.equal(termOf(successor).takeover.sinceMonotonic, 7301 + released + 10, "since the release was seen");
  assert.equal(a.ended, "stopped");
  assert.equal(a.log.of("leader released").length, 1);
  assert.equal(a.log.of("leader lost").length, 0);
  assert.equal(election.lease.record?.leaseTransitions, 1);
  await close(election);
});

Deno.test("A release is found within a retry period without a watch", async () => {
  const election = new Election();
  const a = election.join("a");
  await election.advance(1);
  const b = election.join("b");
  b.network = withoutWatch;
  await election.advance(9000);
  a.stop();
  const took = await election.until(() => election.leaders[0] === "b", RETRY_PERIOD + 50);
  assert.ok(took > 0);
  await close(election);
});

Deno.test("A release comes when the work has ended; until then the lease is held, renewed and valid", async () => {
  const election = new Election();
  const a = election.join("a", {
    release: "r1",
    work: async (term) => {
      await untilItsEnd(term);
      await election.clock.sleep(8000, new AbortController().signal);
    },
  });
  await election.advance(1000);
  const term = termOf(a);
  a.stop();
  assert.equal(term.signal.aborted, true);
  await election.advance(7999);
  assert.equal(election.lease.record?.holderIdentity, "a");
  assert.equal(election.lease.record?.renewTime, "2026-01-02T12:00:08.000000Z", "still renewed");
  assert.equal(term.isValid(), true, "what ends may still be written");
  assert.equal(await valueOf(a.metrics.isLeader), 1);
  assert.equal(a.ended, undefined);
  await election.advance(1);
  assert.equal(a.ended, "stopped");
  assert.equal(term.isValid(), false);
  assert.equal(await valueOf(a.metrics.isLeader), 0);
  assert.deepEqual(election.lease.record, {
    holderIdentity: "",
    leaseDurationSeconds: 1,
    acquireTime: "2026-01-02T12:00:09.000000Z",
    renewTime: "2026-01-02T12:00:09.000000Z",
    leaseTransitions: 0,
    release: "r1",
    resourceVersion: "106",
    object: undefined,
  });
  await close(election);
});

Deno.test("A leader whose renewals fail steps down at the renew deadline, not before, and leads again later", async () => {
  for (const broken of [refused, lost]) {
    const election = new Election();
    const a = election.join("a");
    await election.advance(2 * RETRY_PERIOD + 100);
    const term = termOf(a);
    a.network = broken;
    await election.advance(RENEW_DEADLINE - 101);
    assert.equal(term.isValid(), true);
    assert.equal(term.signal.aborted, false);
    await election.advance(1);
    assert.equal(term.isValid(), false);
    assert.ok(term.signal.reason instanceof TermLostError);
    assert.equal(a.ended, undefined, "the process goes on as a follower");
    assert.equal(await valueOf(a.metrics.isLeader), 0);
    assert.equal(a.log.of("leader lost").length, 1);
    assert.match(String(a.log.of("leader lost")[0]?.fields["reason"]), /no renewal succeeded/);
    await election.advance(60_000);
    assert.equal(a.terms.length, 1);
    a.network = within(5);
    await election.until(() => election.leaders.length === 1, 2 * RETRY_PERIOD);
    assert.equal(termOf(a).takeover.kind, "own");
    assert.equal(election.lease.record?.leaseTransitions, 0, "the holder did not change");
    assert.equal(await valueOf(a.metrics.leaderTransitions), 2);
    await close(election);
  }
});

Deno.test("A failed renewal is tried again in time, and failures are said once", async () => {
  const election = new Election();
  const a = election.join("a");
  await election.advance(100);
  a.network = () => ({ kind: "failed" });
  await election.advance(9000);
  a.network = within(5);
  await election.advance(1200);
  assert.equal(a.terms.length, 1);
  assert.deepEqual(election.leaders, ["a"]);
  const warnings = a.log.lines.filter(({ level }) => level === "warn").map(({ message }) => message);
  assert.deepEqual(warnings, [
    "Cannot write the Lease; it is tried again",
    "Cannot read the Lease; it is tried again",
  ]);
  await close(election);
});

Deno.test("Work that does not end within 10 s of a loss fails the process, and the lease is not given away", async () => {
  const election = new Election();
  const a = election.join("a", { work: () => new Promise<void>(() => {}) });
  await election.advance(100);
  election.lease.edit({ holderIdentity: "b", renewTime: "2026-01-02T12:00:00.100000Z" });
  await election.advance(9999);
  assert.equal(termOf(a).signal.aborted, true);
  assert.equal(a.ended, undefined);
  await election.advance(1);
  failureOf(a, TermStuckError);
  assert.equal(election.lease.record?.holderIdentity, "b");
  await close(election);
});

Deno.test("Work that does not end within 10 s of a stop fails the process, and the lease runs out by itself", async () => {
  const election = new Election();
  const a = election.join("a", { work: () => new Promise<void>(() => {}) });
  const b = election.join("b");
  await election.advance(3000);
  a.stop();
  await election.advance(9999);
  assert.equal(a.ended, undefined);
  await election.advance(1);
  failureOf(a, TermStuckError);
  assert.equal(termOf(a).isValid(), false);
  assert.equal(election.lease.record?.holderIdentity, "a");
  assert.equal(b.terms.length, 0);
  const took = await election.until(() => election.leaders[0] === "b", LEASE_DURATION);
  assert.ok(took > LEASE_DURATION - 2 * RETRY_PERIOD, `${took} ms`);
  await close(election);
});

Deno.test("A leader that slept longer than its deadline knows it before any timer ran", async () => {
  const election = new Election();
  const a = election.join("a");
  await election.advance(1000);
  const term = termOf(a);
  election.clock.jump(RENEW_DEADLINE - 1001);
  assert.equal(term.isValid(), true);
  election.clock.jump(1);
  assert.equal(term.isValid(), false);
  assert.equal(term.signal.aborted, true, "whoever asked first ended the term");
  assert.equal(a.elector.isLeading, false);
  await close(election);
});

Deno.test("A leader that was stopped for 30 s and continued follows the one that took over", async () => {
  const election = new Election();
  const a = election.join("a", {
    work: async (term) => {
      // As a writer that is refused before its signal has aborted.
      while (!term.signal.aborted) {
        await election.clock.sleep(100, new AbortController().signal);
        if (!a.process.isStopped && !term.isValid()) throw new Error("the term has ended");
      }
    },
  });
  await election.advance(0);
  const b = election.join("b");
  await election.advance(7000);
  a.process.stop();
  await election.advance(30_000);
  assert.deepEqual(election.leaders, ["b"]);
  a.process.continue();
  assert.equal(termOf(a).isValid(), false);
  await election.advance(60_000);
  assert.deepEqual(election.leaders, ["b"]);
  assert.equal(a.ended, undefined);
  assert.equal(a.elector.holder, "b");
  assert.equal(b.terms.length, 1, "the term of the other was never disturbed");
  await close(election);
});

Deno.test("Work that was stopped while it ended has time to end after it is continued", async () => {
  const election = new Election();
  const a = election.join("a", {
    work: async (term) => {
      await untilItsEnd(term);
      await a.process.clock.sleep(3000, new AbortController().signal);
    },
  });
  await election.advance(1000);
  a.stop();
  await election.advance(1000);
  a.process.stop();
  await election.advance(30_000);
  a.process.continue();
  await election.advance(1000);
  assert.equal(a.ended, "stopped");
  await close(election);
});

Deno.test("A twin that renews under the same name ends the term at once, and the process", async () => {
  const election = new Election();
  const a = election.join("a", {
    work: async (term) => {
      await untilItsEnd(term);
      await election.clock.sleep(500, new AbortController().signal);
    },
  });
  await election.advance(3000);
  election.lease.edit({ renewTime: "2026-01-02T12:00:03.000001Z" });
  await election.clock.settle();
  assert.equal(termOf(a).signal.aborted, true);
  assert.equal(termOf(a).isValid(), false);
  assert.equal(a.log.of("leader lost")[0]?.level, "error");
  await election.advance(499);
  assert.equal(a.ended, undefined, "not before its work has ended");
  await election.advance(1);
  assert.match(failureOf(a, TwinError).message, /must be one process, given two that call themselves a/);
  assert.equal(election.lease.record?.holderIdentity, "a", "the twin's hold is not released");
  await close(election);
});

Deno.test("Of two processes with one name the elder finds out and ends, the younger leads", async () => {
  const election = new Election();
  const elder = election.join("a");
  await election.advance(3000);
  const younger = election.join("a");
  await election.advance(0);
  failureOf(elder, TwinError);
  assert.deepEqual(younger.terms.map(({ takeover }) => takeover.kind), ["own"]);
  await election.advance(60_000);
  assert.equal(younger.terms.length, 1);
  assert.equal(younger.ended, undefined);
  await close(election);
});

Deno.test("A follower under whose name somebody leads is a twin", async () => {
  const election = new Election();
  election.join("b");
  await election.advance(0);
  const a = election.join("a");
  await election.advance(1000);
  election.lease.edit({ holderIdentity: "a", renewTime: "2026-01-02T12:00:00.500000Z" });
  await election.advance(0);
  failureOf(a, TwinError);
  await close(election);
});

for (const way of ["watch", "look"] as const) {
  Deno.test(`Own writes whose answers were lost are known by the ${way}, and prolong the term`, async () => {
    const election = new Election();
    const a = election.join("a");
    await election.advance(100);
    a.network = (request) => {
      if (request === "update") return { kind: "answer-lost", thereMilliseconds: 10 };
      return way === "look" ? withoutWatch(request) : within(5)(request);
    };
    if (way === "look") election.lease.cutWatches();
    await election.advance(60_000);
    assert.equal(a.ended, undefined);
    assert.equal(a.terms.length, 1);
    assert.deepEqual(election.leaders, ["a"]);
    a.network = within(5);
    await election.advance(10_000);
    await close(election);
  });
}

Deno.test("A take-over whose answer was lost is a take-over", async () => {
  const election = new Election();
  const a = election.join("a");
  a.network = (request) =>
    request === "create" ? { kind: "answer-lost", thereMilliseconds: 300 } : withoutWatch(request);
  const took = await election.until(() => election.leaders.length === 1, 3 * RETRY_PERIOD);
  assert.ok(took >= RETRY_PERIOD, `${took} ms`);
  assert.deepEqual(termOf(a).takeover, { kind: "none", sinceMonotonic: undefined });
  await election.advance(RENEW_DEADLINE);
  assert.equal(a.terms.length, 1);
  a.network = within(1);
  await close(election);
});

Deno.test("The Lease of another release is refused", async () => {
  for (const own of ["r2", undefined]) {
    const election = new Election();
    const a = election.join("a", { release: "r1" });
    await election.advance(1000);
    const b = election.join("b", { release: own });
    await election.advance(0);
    assert.match(failureOf(b, ForeignReleaseError).message, /given r1/);
    assert.deepEqual(election.leaders, ["a"]);
    assert.equal(a.ended, undefined);
    await close(election);
  }
});

Deno.test("A Lease that belongs to no release is adopted when it is taken", async () => {
  const election = new Election();
  const a = election.join("a");
  await election.advance(1000);
  election.join("b", { release: "r2" });
  await election.advance(1000);
  a.stop();
  await election.advance(0);
  assert.deepEqual(election.leaders, ["b"]);
  assert.equal(election.lease.record?.release, "r2");
  await close(election);
});

Deno.test("A leader whose Lease another release claims steps down, and the process ends", async () => {
  const election = new Election();
  const a = election.join("a", { release: "r1" });
  await election.advance(1000);
  election.lease.edit({ release: "r2" });
  await election.advance(0);
  assert.equal(termOf(a).isValid(), false);
  failureOf(a, ForeignReleaseError);
  assert.equal(election.lease.record?.release, "r2");
  assert.equal(election.lease.record?.holderIdentity, "", "nobody need wait for it");
  await close(election);
});

Deno.test("A record with the own name that is found at the start is taken at once", async () => {
  const election = new Election();
  const before = election.join("a");
  await election.advance(5000);
  before.process.stop();
  const a = election.join("a");
  await election.advance(0);
  assert.deepEqual(election.leaders, ["a"]);
  assert.deepEqual(termOf(a).takeover, { kind: "own", sinceMonotonic: undefined });
  assert.equal(election.lease.record?.leaseTransitions, 0, "the holder is the same");
  assert.equal(election.lease.record?.acquireTime, "2026-01-02T12:00:05.000000Z");
  await close(election);
});

for (const step of [-3_600_000, -2000, 2000, 3_600_000, 10 * 365 * 86_400_000]) {
  Deno.test(`A step of the wall clock by ${step} ms changes nothing but stamps`, async () => {
    const election = new Election();
    const a = election.join("a");
    await election.advance(0);
    const b = election.join("b", { wallOffsetMilliseconds: -step });
    await election.advance(5000);
    election.clock.stepWall(step);
    await election.advance(60_000);
    assert.deepEqual(election.leaders, ["a"]);
    assert.equal(a.terms.length, 1);
    assert.equal(b.terms.length, 0);
    const stamps = election.lease.history.map((record) => record?.renewTime);
    assert.ok(
      stamps.every((stamp, index) => stamp !== stamps[index - 1]),
      "every renewal changes the record",
    );
    assert.equal(stamps.length, 1 + 32);
    a.process.stop();
    election.clock.stepWall(-step);
    const took = await election.until(() => election.leaders[0] === "b", LEASE_DURATION);
    assert.ok(took >= LEASE_DURATION - RETRY_PERIOD, `${took} ms`);
    await close(election);
  });
}

Deno.test("A Lease that was given to another by hand ends the term at once, also while a request hangs", async () => {
  const election = new Election();
  const a = election.join("a");
  await election.advance(100);
  a.network = (request) => request === "watch" ? within(0)(request) : lost(request);
  await election.advance(RETRY_PERIOD + 500);
  assert.deepEqual(election.leaders, ["a"]);
  election.lease.edit({ holderIdentity: "z", renewTime: "2026-01-02T12:00:02.000000Z" });
  await election.clock.settle();
  assert.equal(termOf(a).signal.aborted, true);
  assert.deepEqual(election.leaders, []);
  assert.equal(a.log.of("leader lost")[0]?.fields["holder"], "z");
  a.network = within(1);
  await close(election);
});

Deno.test("A Lease that is deleted is made again by its leader, and no follower leads meanwhile", async () => {
  const election = new Election();
  const a = election.join("a", { release: "r1" });
  await election.advance(0);
  const b = election.join("b", { release: "r1" });
  a.network = within(50);
  await election.advance(5000);
  election.lease.put(undefined);
  await election.advance(1000);
  assert.equal(election.lease.record?.holderIdentity, "a");
  assert.equal(election.lease.record?.acquireTime, "2026-01-02T12:00:00.000000Z");
  assert.equal(election.lease.record?.release, "r1");
  await election.advance(60_000);
  assert.equal(a.terms.length, 1);
  assert.equal(b.terms.length, 0);
  await close(election);
});

Deno.test("A Lease that is deleted after its leader crashed is created when its time has run out", async () => {
  const election = new Election();
  const a = election.join("a");
  await election.advance(0);
  const b = election.join("b");
  await election.advance(5000);
  a.process.stop();
  election.lease.put(undefined);
  const took = await election.until(() => election.leaders[0] === "b", LEASE_DURATION);
  assert.equal(took, LEASE_DURATION - 1000);
  assert.deepEqual(termOf(b).takeover, { kind: "none", sinceMonotonic: 4000 });
  await close(election);
});

Deno.test("Changes of the Lease that are no renewals do not keep a dead leader alive", async () => {
  const election = new Election();
  const a = election.join("a");
  await election.advance(0);
  const b = election.join("b");
  await election.advance(5000);
  a.process.stop();
  for (let second = 0; second < 13; second++) {
    await election.advance(1000);
    election.lease.edit({});
    assert.equal(b.terms.length, 0);
  }
  await election.advance(1050);
  assert.deepEqual(election.leaders, ["b"]);
  await close(election);
});

Deno.test("Work that fails, or ends by itself, releases the lease and fails the process", async () => {
  const cases: readonly [() => Promise<void>, unknown][] = [
    [() => Promise.reject(new Error("no more")), new Error("no more")],
    [() => Promise.resolve(), undefined],
    [() => {
      throw new Error("at once");
    }, new Error("at once")],
  ];
  for (const [work, cause] of cases) {
    const election = new Election();
    const a = election.join("a", { work });
    const b = election.join("b");
    await election.advance(100);
    assert.deepEqual(failureOf(a, LeadError).cause, cause);
    assert.equal(await valueOf(a.metrics.isLeader), 0);
    assert.deepEqual(election.leaders, ["b"]);
    assert.deepEqual(b.terms.map(({ takeover }) => takeover.kind), ["released"]);
    await close(election);
  }
});

Deno.test("Work that rejects after it was asked to end has only obeyed", async () => {
  const election = new Election();
  const a = election.join("a", {
    work: async (term) => {
      await untilItsEnd(term);
      term.signal.throwIfAborted();
    },
  });
  await election.advance(100);
  a.stop();
  await election.advance(0);
  assert.equal(a.ended, "stopped");
  assert.equal(a.log.lines.filter(({ level }) => level === "warn").length, 0);
  await close(election);
});

Deno.test("A stop while the Lease is being won releases it without a term", async () => {
  const election = new Election();
  const a = election.join("a", { network: within(300) });
  await election.advance(700);
  assert.equal(a.terms.length, 0);
  a.stop();
  await election.until(() => election.lease.record?.holderIdentity === "", 2000);
  await election.advance(1000);
  assert.equal(a.ended, "stopped");
  assert.equal(a.terms.length, 0);
  await close(election);
});

Deno.test("A stop without API server takes 5 s at most and says that the lease was not released", async () => {
  for (const broken of [refused, lost]) {
    const election = new Election();
    const a = election.join("a");
    await election.advance(500);
    a.network = broken;
    a.stop();
    await election.advance(5000);
    assert.equal(a.ended, "stopped");
    assert.deepEqual(
      a.log.lines.filter(({ level }) => level === "warn").map(({ message }) => message),
      ["Lease could not be released and runs out by itself"],
    );
    await close(election);
  }
});

Deno.test("A release whose answer was lost is not tried on what another took meanwhile", async () => {
  const election = new Election();
  const a = election.join("a");
  await election.advance(0);
  election.join("b");
  await election.advance(500);
  a.network = (request) =>
    request === "update" ? { kind: "answer-lost", thereMilliseconds: 1 } : within(1)(request);
  a.stop();
  await election.advance(4000);
  assert.equal(a.ended, "stopped");
  assert.deepEqual(election.leaders, ["b"]);
  assert.equal(election.lease.record?.holderIdentity, "b");
  await close(election);
});

Deno.test("A candidate that is stopped while it waits, looks or cannot look ends at once", async () => {
  for (const network of [within(100), lost, refused]) {
    const election = new Election();
    election.join("b");
    await election.advance(0);
    const a = election.join("a");
    a.network = network;
    await election.advance(50);
    a.stop();
    await election.advance(0);
    assert.equal(a.ended, "stopped");
    assert.equal(election.lease.record?.holderIdentity, "b");
    await close(election);
  }
});
