import assert from "node:assert/strict";
import { decide, type Decision, type Me, type OwnWrite } from "../../src/leadership/decide.ts";
import type { LeaseRecord } from "../../src/leadership/record.ts";
import type { Seen } from "../../src/leadership/seen.ts";
import { DEFAULT_TIMINGS } from "../support/election.ts";

const NOW = 100_000;
const won: OwnWrite = { sentAt: NOW - 1000, takeover: { kind: "expired", sinceMonotonic: 80_000 } };
const held: LeaseRecord = {
  holderIdentity: "b",
  leaseDurationSeconds: 15,
  acquireTime: "T1",
  renewTime: "T1",
  leaseTransitions: 0,
  release: undefined,
  resourceVersion: "10",
  object: undefined,
};
const released = { ...held, holderIdentity: "" };
const own = { ...held, holderIdentity: "a", renewTime: "mine" };
const twins = { ...own, renewTime: "not mine" };

const candidate: Me = {
  identity: "a",
  release: "r1",
  writes: new Map([["mine", won]]),
  renewedAt: undefined,
  isInDoubt: false,
  lookNotBefore: 0,
  writeNotBefore: 0,
};
const leader: Me = { ...candidate, renewedAt: NOW - 1000 };

/** A sight that is old enough to tell its times apart. */
function seen(record: LeaseRecord | undefined, rest: Partial<Seen> = {}): Seen {
  return {
    record,
    last: record ?? held,
    changedAt: NOW - 5000,
    expiresAt: NOW + 10_000,
    renewedAt: NOW - 6000,
    changes: 1,
    lookAt: NOW + 2000,
    ...rest,
  };
}

const cases: readonly [name: string, me: Me, seen: Seen | undefined, decision: Decision][] = [
  ["A candidate that saw nothing yet looks", candidate, undefined, { kind: "look" }],
  [
    "A candidate whose look failed waits before the next",
    { ...candidate, lookNotBefore: NOW + 300 },
    undefined,
    { kind: "wait", untilMonotonic: NOW + 300 },
  ],
  [
    "A Lease that does not exist is created",
    candidate,
    seen(undefined, { expiresAt: NOW, renewedAt: undefined }),
    { kind: "create", takeover: { kind: "none", sinceMonotonic: undefined } },
  ],
  [
    "A Lease that was deleted under its holder is not created before its time",
    candidate,
    seen(undefined, { expiresAt: NOW + 1 }),
    { kind: "wait", untilMonotonic: NOW + 1 },
  ],
  [
    "A Lease that another holds is waited for, until the next look",
    candidate,
    seen(held),
    { kind: "wait", untilMonotonic: NOW + 2000 },
  ],
  [
    "A Lease that another holds is waited for, until it runs out",
    candidate,
    seen(held, { expiresAt: NOW + 1 }),
    { kind: "wait", untilMonotonic: NOW + 1 },
  ],
  [
    "A candidate that heard nothing for too long looks",
    candidate,
    seen(held, { lookAt: NOW }),
    { kind: "look" },
  ],
  [
    "A look that is held back does not hold back the end of the lease",
    { ...candidate, lookNotBefore: NOW + 5000 },
    seen(held, { lookAt: NOW, expiresAt: NOW + 1 }),
    { kind: "wait", untilMonotonic: NOW + 1 },
  ],
  [
    "A Lease that ran out is taken at that very moment, since its last renewal",
    candidate,
    seen(held, { expiresAt: NOW, lookAt: NOW }),
    { kind: "take-over", record: held, takeover: { kind: "expired", sinceMonotonic: NOW - 6000 } },
  ],
  [
    "A Lease that was released is taken at once, since the release",
    candidate,
    seen(released),
    { kind: "take-over", record: released, takeover: { kind: "released", sinceMonotonic: NOW - 5000 } },
  ],
  [
    "A Lease that was found released is taken at once, since nobody knows when",
    candidate,
    seen(released, { changes: 0 }),
    { kind: "take-over", record: released, takeover: { kind: "released", sinceMonotonic: undefined } },
  ],
  [
    "A candidate whose last write is in doubt looks first",
    { ...candidate, isInDoubt: true },
    seen(released),
    { kind: "look" },
  ],
  [
    "A candidate in doubt whose look is held back waits",
    { ...candidate, isInDoubt: true, lookNotBefore: NOW + 7 },
    seen(released),
    { kind: "wait", untilMonotonic: NOW + 7 },
  ],
  [
    "A candidate that lost a race waits before it writes again",
    { ...candidate, writeNotBefore: NOW + 9 },
    seen(released),
    { kind: "wait", untilMonotonic: NOW + 9 },
  ],
  [
    "A record that a young write of ours made begins a term, counted from its sending",
    candidate,
    seen(own),
    { kind: "lead", renewedAt: won.sentAt, takeover: won.takeover },
  ],
  [
    "A record that an old write of ours made is taken anew",
    { ...candidate, writes: new Map([["mine", { ...won, sentAt: NOW - 10_000 }]]) },
    seen(own),
    { kind: "take-over", record: own, takeover: { kind: "own", sinceMonotonic: NOW - 5000 } },
  ],
  [
    "A record with our name that was found at the start is taken at once",
    candidate,
    seen(twins, { changes: 0 }),
    { kind: "take-over", record: twins, takeover: { kind: "own", sinceMonotonic: undefined } },
  ],
  [
    "A record with our name that we did not write is a twin's",
    candidate,
    seen(twins),
    { kind: "twin", record: twins },
  ],
  [
    "A record with our name without renewTime is a twin's",
    candidate,
    seen({ ...own, renewTime: undefined }),
    { kind: "twin", record: { ...own, renewTime: undefined } },
  ],
  [
    "A Lease of another release is refused, whoever holds it",
    candidate,
    seen({ ...released, release: "r2" }),
    { kind: "foreign-release", release: "r2" },
  ],
  [
    "A Lease of a release is refused by a process without one",
    { ...candidate, release: undefined },
    seen({ ...own, release: "r2" }),
    { kind: "foreign-release", release: "r2" },
  ],
  [
    "A Lease of the own release is as good as one of none",
    candidate,
    seen({ ...released, release: "r1" }),
    {
      kind: "take-over",
      record: { ...released, release: "r1" },
      takeover: { kind: "released", sinceMonotonic: NOW - 5000 },
    },
  ],
  [
    "A leader waits until its next renewal",
    leader,
    seen(own),
    { kind: "wait", untilMonotonic: NOW + 1000 },
  ],
  [
    "A leader renews a retry period after it sent the last renewal",
    { ...leader, renewedAt: NOW - 2000 },
    seen(own, { lookAt: 0 }),
    { kind: "renew", record: own },
  ],
  [
    "A leader whose renewal is in doubt looks first",
    { ...leader, renewedAt: NOW - 4000, isInDoubt: true },
    seen(own),
    { kind: "look" },
  ],
  [
    "A leader whose renewal failed waits before the next",
    { ...leader, renewedAt: NOW - 4000, writeNotBefore: NOW + 50 },
    seen(own),
    { kind: "wait", untilMonotonic: NOW + 50 },
  ],
  [
    "A leader leads until the last moment of its renew deadline",
    { ...leader, renewedAt: NOW - 9999 },
    seen(own),
    { kind: "renew", record: own },
  ],
  [
    "A leader steps down at its renew deadline, whatever it saw",
    { ...leader, renewedAt: NOW - 10_000 },
    seen(own),
    { kind: "step-down", reason: "renew-deadline" },
  ],
  [
    "A leader steps down when another holds the Lease",
    leader,
    seen(held, { expiresAt: NOW - 1 }),
    { kind: "step-down", reason: "taken" },
  ],
  [
    "A leader steps down when somebody gave its Lease away",
    leader,
    seen(released),
    { kind: "step-down", reason: "taken" },
  ],
  ["A leader steps down before a twin", leader, seen(twins), { kind: "step-down", reason: "twin" }],
  [
    "A leader steps down when another release claims the Lease",
    leader,
    seen({ ...own, release: "r2" }),
    { kind: "step-down", reason: "foreign-release" },
  ],
  [
    "A leader whose Lease was deleted makes it anew",
    leader,
    seen(undefined),
    { kind: "create", takeover: { kind: "own", sinceMonotonic: NOW - 1000 } },
  ],
];

for (const [name, me, sight, decision] of cases) {
  Deno.test(name, () => assert.deepEqual(decide(me, DEFAULT_TIMINGS, sight, NOW), decision));
}

Deno.test("A wait is always for later, so that nothing turns in circles", () => {
  const sights = cases.map(([, , sight]) => sight);
  const everybody = cases.map(([, me]) => me);
  for (const me of everybody) {
    for (const sight of sights) {
      for (const now of [NOW - 6000, NOW - 1, NOW, NOW + 1, NOW + 2000, NOW + 9000, NOW + 60_000]) {
        const decision = decide(me, DEFAULT_TIMINGS, sight, now);
        assert.ok(
          decision.kind !== "wait" || decision.untilMonotonic > now,
          JSON.stringify({ me, sight, now }),
        );
      }
    }
  }
});
