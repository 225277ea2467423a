import assert from "node:assert/strict";
import type { Replica } from "../support/process.ts";
import { assertConservation } from "./conservation.ts";
import { until } from "../support/until.ts";
import { GUARD_MILLISECONDS } from "./installation.ts";

/** What a process writes that was not prepared for something. */
const ACCIDENT =
  /unhandled rejection|uncaught|panicked|Webhook failed|Request failed|Source failed|Finding not handled/i;

/** A replica has written no line of an accident. */
export function assertNoAccident(replica: Replica): void {
  const accidents = replica.lines.filter(({ text }) => ACCIDENT.test(text)).map(({ text }) => text);
  assert.deepEqual(accidents, [], `${replica.name} had an accident`);
}

/** A replica lives on, has had no accident, and has lost count of nothing when all is at rest. */
export async function assertSound(replica: Replica): Promise<void> {
  assertNoAccident(replica);
  const alive = await replica.observe("/livez");
  assert.equal(alive.status, 200, await alive.text());
  await until(
    `${replica.name} has nothing in flight`,
    async () => (await replica.metrics()).sum("zen_watcher_signals_in_flight") === 0,
    GUARD_MILLISECONDS,
  );
  await assertConservation(replica);
}

/** A replica is sound, and stops as it is asked. */
export async function assertStopsSound(replica: Replica): Promise<void> {
  await assertSound(replica);
  assert.deepEqual(await replica.stop(), { code: 0, signal: null });
  assertNoAccident(replica);
}
