import assert from "node:assert/strict";
import type { Checked } from "../../src/cli/check.ts";
import { checkLease } from "../../src/cli/check_lease.ts";
import { type Config, configOf } from "../../src/cli/config.ts";
import { readSettings } from "../../src/cli/read_settings.ts";
import { ApiError } from "../../src/kube/errors.ts";
import { formatMicroTime } from "../../src/kube/micro_time.ts";
import type { LeaseRecord } from "../../src/leadership/record.ts";
import { FakeClock } from "../support/fake_clock.ts";

const never = new AbortController().signal;

function config(environment: Record<string, string> = {}): Config {
  const read = readSettings(new Map(), environment);
  assert.equal(read.kind, "values");
  return configOf(read.values);
}

function record(renewedAt: number, more: Partial<LeaseRecord> = {}): LeaseRecord {
  return {
    holderIdentity: "zen-0",
    leaseDurationSeconds: 15,
    acquireTime: formatMicroTime(renewedAt),
    renewTime: formatMicroTime(renewedAt),
    leaseTransitions: 3,
    release: undefined,
    resourceVersion: "7",
    object: undefined,
    ...more,
  };
}

/** Looks at a Lease of which each look finds the next state; the last one stays. */
async function look(
  states: (clock: FakeClock) => readonly (LeaseRecord | undefined | Error)[],
  settings: Config = config(),
): Promise<readonly Checked[]> {
  const clock = new FakeClock();
  const [...left] = states(clock);
  const lock = {
    get(): Promise<LeaseRecord | undefined> {
      const state = left.length > 1 ? left.shift() : left[0];
      return state instanceof Error ? Promise.reject(state) : Promise.resolve(state);
    },
  };
  const looking = checkLease(settings, { lock, clock, namespace: "zen" }, never);
  await clock.advance(10_000);
  return await looking;
}

Deno.test("a Lease that was renewed lately is well, and its holder is named", async () => {
  const [checked, ...rest] = await look((clock) => [record(clock.now() - 3_000)]);
  assert.equal(rest.length, 0);
  assert.equal(checked?.verdict, "ok");
  assert.equal(
    checked?.message,
    "Lease zen/zen-watcher-leader-election is held by zen-0, renewed 3.0 s ago; 3 changes of leader",
  );
});

Deno.test("a Lease of somebody who is dead is a problem", async () => {
  const [checked] = await look((clock) => [record(clock.now() - 60_000)]);
  assert.equal(checked?.verdict, "problem");
  assert.match(checked?.message ?? "", /held by zen-0.*stale.*nobody leads/);
  const [never] = await look(() => [record(0, { renewTime: undefined })]);
  assert.match(never?.message ?? "", /never renewed.*stale/);
});

Deno.test("an old stamp that moves is a clock that differs, not a dead holder", async () => {
  const [checked] = await look((clock) => [record(clock.now() - 60_000), record(clock.now() - 58_000)]);
  assert.equal(checked?.verdict, "warning");
  assert.match(checked?.message ?? "", /differs/);
  const [ahead] = await look((clock) => [record(clock.now() + 60_000), record(clock.now() + 62_000)]);
  assert.match(ahead?.message ?? "", /ahead of this clock.*differs/);
  const [taken] = await look((clock) => [
    record(clock.now() - 60_000),
    record(clock.now() + 4_000, { holderIdentity: "zen-1" }),
  ]);
  assert.deepEqual([taken?.verdict, taken?.message.includes("zen-1")], ["ok", true]);
});

Deno.test("no Lease, and one that was released, are warnings", async () => {
  assert.match((await look(() => [undefined]))[0]?.message ?? "", /does not exist/);
  const [released] = await look((clock) => [record(clock.now() - 60_000, { holderIdentity: "" })]);
  assert.deepEqual([released?.verdict, /released/.test(released?.message ?? "")], ["warning", true]);
  const [gone] = await look((clock) => [record(clock.now() - 60_000), undefined]);
  assert.match(gone?.message ?? "", /does not exist/);
});

Deno.test("another duration is a warning, another release a problem", async () => {
  const renewed = (more: Partial<LeaseRecord>) => (clock: FakeClock) => [record(clock.now(), more)];
  const [, duration] = await look(renewed({ leaseDurationSeconds: 30 }));
  assert.equal(duration?.verdict, "warning");
  assert.match(duration?.message ?? "", /lasts 30 s, and LEASE_DURATION_SECONDS says 15/);
  const [, release] = await look(renewed({ release: "theirs" }), config({ RELEASE_NAME: "ours" }));
  assert.equal(release?.verdict, "problem");
  assert.match(release?.message ?? "", /belongs to release theirs, and RELEASE_NAME says ours/);
  assert.equal((await look(renewed({ release: "ours" }), config({ RELEASE_NAME: "ours" }))).length, 1);
});

Deno.test("a Lease that may not be read is a problem; without leader election none is looked for", async () => {
  const [checked] = await look(() => [new ApiError("403 forbidden", { code: 403 })]);
  assert.equal(checked?.verdict, "problem");
  const [disabled] = await look(() => [new Error("not asked")], config({ LEADER_ELECTION_MODE: "disabled" }));
  assert.equal(disabled?.verdict, "ok");
});
