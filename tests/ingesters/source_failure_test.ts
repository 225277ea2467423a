import assert from "node:assert/strict";
import { Activities } from "../../src/ingesters/activities.ts";
import { afterSourceFailure } from "../../src/ingesters/source_failure.ts";
import { TermEndedError } from "../../src/write/writer.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";

const WHAT = { key: "zen/one", name: "v1/events", source: "own", gvr: "v1/events" };

async function fail(
  error: unknown,
  signal: AbortSignal,
): Promise<{ activities: Activities; log: RecordingLog }> {
  const activities = new Activities();
  const log = new RecordingLog();
  const clock = new FakeClock();
  let hasWaited = false;
  const waiting = afterSourceFailure(WHAT, error, { activities, clock, log }, signal).then(() => {
    hasWaited = true;
  });
  await clock.advance(999);
  assert.equal(hasWaited, signal.aborted);
  await clock.advance(1);
  await waiting;
  return { activities, log };
}

Deno.test("A failure of a source is told and waited out", async () => {
  const { activities } = await fail(new Error("a mistake"), new AbortController().signal);
  assert.deepEqual(activities.of("zen/one").sources.get("v1/events"), {
    kind: "failing",
    message: "a mistake",
  });
});

Deno.test("The end of a term, or of the source, is no failure", async () => {
  for (
    const [error, signal] of [
      [new TermEndedError(), new AbortController().signal],
      [new Error("stopped"), AbortSignal.abort(new Error("stopped"))],
    ] as const
  ) {
    const { activities } = await fail(error, signal);
    assert.equal(activities.of("zen/one").sources.size, 0);
  }
});
