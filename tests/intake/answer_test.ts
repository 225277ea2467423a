import assert from "node:assert/strict";
import { answer, type AnswerBody, rejectedWhole } from "../../src/intake/answer.ts";
import type { TakenFinding } from "../../src/intake/route.ts";
import type { RejectedReason, Verdict } from "../../src/model/verdict.ts";

const created = (name: string): Verdict => ({ kind: "created", observation: { namespace: "n", name } });
const deduplicated = (name: string): Verdict => ({
  kind: "deduplicated",
  observation: { namespace: "n", name },
});
const filtered: Verdict = { kind: "filtered", reason: "severity" };
const rejected = (reason: RejectedReason): Verdict => ({
  kind: "rejected",
  reason,
  message: `because of ${reason}`,
});

const spooled: TakenFinding = { kind: "spooled" };
const dead: Verdict = { kind: "dead-lettered", reason: "invalid", message: "because of invalid" };

const cases: readonly (readonly [name: string, verdicts: readonly TakenFinding[], status: number])[] = [
  ["one spooled", [spooled], 202],
  ["spooled and all others", [created("a"), rejected("wrong_shape"), spooled, filtered, dead], 202],
  ["spooled and one that could not be", [spooled, rejected("unavailable"), created("a")], 503],
  ["one laid aside", [dead], 400],
  ["one laid aside among created ones", [dead, created("a")], 201],
  ["nothing in it", [], 200],
  ["one created", [created("a")], 201],
  ["one that existed", [deduplicated("a")], 200],
  ["one filtered", [filtered], 200],
  ["created and all others", [rejected("wrong_shape"), filtered, deduplicated("b"), created("a")], 201],
  ["deduplicated and rejected", [rejected("wrong_shape"), deduplicated("b")], 200],
  ["filtered and rejected", [filtered, rejected("refused")], 200],
  ["all rejected", [rejected("wrong_shape"), rejected("refused")], 400],
  ["all beyond the budget", [rejected("budget")], 400],
  ["some beyond the budget", [rejected("budget"), created("a")], 201],
  ["one that could not be written", [rejected("unavailable")], 503],
  [
    "one that could not be written among created ones",
    [created("a"), rejected("unavailable"), created("b")],
    503,
  ],
  ["one whose term ended", [deduplicated("a"), rejected("term_ended")], 503],
  ["only a mistake of ours", [rejected("internal"), rejected("wrong_shape")], 500],
  ["a mistake of ours among created ones", [rejected("internal"), created("a")], 201],
  [
    "a mistake of ours and one that could not be written",
    [rejected("internal"), rejected("unavailable")],
    503,
  ],
];

for (const [name, verdicts, status] of cases) {
  Deno.test(`${name}: ${status}, and all are counted`, () => {
    const { status: answered, body } = answer(verdicts);
    assert.equal(answered, status);
    assert.equal(body.received, verdicts.length);
    assert.equal(
      body.created + body.deduplicated + body.filtered + body.rejected + body.spooled,
      verdicts.length,
    );
    assert.equal(body.errors.length, body.rejected);
  });
}

Deno.test("the body names each Observation once, and each error by its place", () => {
  const { body } = answer([
    rejected("wrong_shape"),
    created("a"),
    filtered,
    deduplicated("a"),
    deduplicated("b"),
    rejected("refused"),
  ]);
  const expected: AnswerBody = {
    received: 6,
    created: 1,
    deduplicated: 2,
    filtered: 1,
    rejected: 2,
    spooled: 0,
    observations: [{ namespace: "n", name: "a" }, { namespace: "n", name: "b" }],
    errors: [{ index: 0, reason: "because of wrong_shape" }, {
      index: 5,
      reason: "The API server refuses what it would be written as",
    }],
  };
  assert.deepEqual(body, expected);
  assert.deepEqual(Object.keys(body), Object.keys(expected));
});

Deno.test("what could not be split is one received and one rejected", () => {
  assert.deepEqual(rejectedWhole("no JSON"), {
    ...answer([]).body,
    received: 1,
    rejected: 1,
    errors: [{ index: 0, reason: "no JSON" }],
  });
});
