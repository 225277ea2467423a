import assert from "node:assert/strict";
import { LeaseTerm, type LossReason, TermLostError } from "../../src/leadership/term.ts";
import { FakeClock } from "../support/fake_clock.ts";

function start(): { readonly clock: FakeClock; readonly term: LeaseTerm; readonly losses: LossReason[] } {
  const clock = new FakeClock();
  const losses: LossReason[] = [];
  const term = new LeaseTerm({
    lease: "the-lease",
    takeover: { kind: "none", sinceMonotonic: undefined },
    renewedAt: 0,
    renewDeadlineMilliseconds: 10_000,
    onLost: (reason) => losses.push(reason),
  }, clock);
  return { clock, term, losses };
}

Deno.test("A term is valid until its deadline, and ends itself there", async () => {
  const { clock, term, losses } = start();
  const guarded = term.guard();
  await clock.advance(9999);
  assert.equal(term.isValid(), true);
  assert.equal(term.signal.aborted, false);
  await clock.advance(1);
  assert.equal(term.signal.aborted, true);
  assert.ok(term.signal.reason instanceof TermLostError);
  assert.match(term.signal.reason.message, /Lease the-lease was lost \(renew-deadline\)/);
  assert.equal(term.isValid(), false);
  assert.deepEqual(losses, ["renew-deadline"]);
  await guarded;
  assert.equal(clock.sleeping, 0);
});

Deno.test("A renewal prolongs the term from its sending", async () => {
  const { clock, term, losses } = start();
  const guarded = term.guard();
  await clock.advance(4000);
  term.renew(3000);
  term.renew(2000);
  assert.equal(term.validUntil, 13_000);
  await clock.advance(8999);
  assert.equal(term.isValid(), true);
  await clock.advance(1);
  assert.deepEqual(losses, ["renew-deadline"]);
  await guarded;
});

Deno.test("After a jump of the clock a term is over before its timer ran, for good and once", async () => {
  const { clock, term, losses } = start();
  const guarded = term.guard();
  clock.jump(10_000);
  assert.equal(term.signal.aborted, false, "no timer ran yet");
  assert.equal(term.isValid(), false);
  assert.equal(term.signal.aborted, true);
  term.renew(9000);
  assert.equal(term.isValid(), false);
  await clock.advance(0);
  assert.deepEqual(losses, ["renew-deadline"]);
  await guarded;
});

Deno.test("A renewal that comes after the deadline does not bring a term back", () => {
  const { clock, term, losses } = start();
  clock.jump(10_500);
  term.renew(9000);
  assert.equal(term.isValid(), false);
  assert.deepEqual(losses, ["renew-deadline"]);
});

Deno.test("A stop asks the work to end and leaves the term valid and renewable", async () => {
  const { clock, term, losses } = start();
  await clock.advance(500);
  const reason = new Error("asked to stop");
  term.stop(reason);
  assert.equal(term.signal.reason, reason);
  assert.equal(term.askedToEndAt, 500);
  assert.equal(term.isValid(), true);
  term.renew(400);
  assert.equal(term.validUntil, 10_400);
  term.close();
  assert.equal(term.isValid(), false);
  assert.deepEqual(losses, []);
});

Deno.test("A term that is lost is lost once, with its first reason", async () => {
  const { clock, term, losses } = start();
  const guarded = term.guard();
  await clock.advance(100);
  term.lose("taken");
  term.lose("twin");
  term.stop(new Error("late"));
  assert.equal(term.lost, "taken");
  assert.equal(term.askedToEndAt, 100);
  assert.deepEqual(losses, ["taken"]);
  await guarded;
  assert.equal(clock.sleeping, 0);
});

Deno.test("A term that was closed is not lost any more", async () => {
  const { clock, term, losses } = start();
  const guarded = term.guard();
  await clock.settle();
  term.close();
  term.lose("taken");
  await clock.advance(20_000);
  assert.deepEqual(losses, []);
  assert.equal(term.lost, undefined);
  await guarded;
});
