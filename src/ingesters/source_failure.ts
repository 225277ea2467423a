import type { Log } from "../observe/log.ts";
import type { Clock } from "../run/clock.ts";
import { TermEndedError } from "../write/writer.ts";
import type { Activities } from "./activities.ts";

const WAIT_MILLISECONDS = 1000;

/** Which source it was that failed. */
export interface FailedSource {
  /** Of the Ingester. */
  readonly key: string;
  /** What its state is told under. */
  readonly name: string;
  readonly source: string;
  readonly gvr: string;
}

/** Tells what a source failed with, and waits before it is started again. Never rejects. */
export async function afterSourceFailure(
  what: FailedSource,
  error: unknown,
  parts: { readonly activities: Activities; readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  // The signal of a term that ended comes a moment after its writes were refused.
  if (!signal.aborted && !(error instanceof TermEndedError)) {
    const message = error instanceof Error ? error.message : String(error);
    parts.activities.setSource(what.key, what.name, { kind: "failing", message });
    parts.log.component("source").error("Source failed and is started again", {
      source: what.source,
      gvr: what.gvr,
      error: error instanceof Error ? error.stack ?? message : message,
    });
  }
  await parts.clock.sleep(WAIT_MILLISECONDS, signal).catch(() => {});
}
