import { systemClock } from "../../../src/run/clock.ts";
import type { ApiWriter } from "../api_writer.ts";
import type { Source } from "../ledger.ts";
import { FED_NAMESPACE } from "../signals.ts";

/** When Observations came into being, as seen by somebody who watches. */
export interface Arrivals extends AsyncDisposable {
  /** Monotonic times in milliseconds, in their order. */
  readonly times: readonly number[];
}

const OBSERVATIONS = `/apis/zen.kube-zen.io/v1alpha1/namespaces/${FED_NAMESPACE}/observations`;

/** Watches new Observations from now on, all of them or those of one source. */
export async function watchArrivals(writer: ApiWriter, source?: Source): Promise<Arrivals> {
  const times: number[] = [];
  const end = new AbortController();
  const opened = Promise.withResolvers<void>();
  const watching = (async () => {
    // The bookmark at the end of what is there already says that the watch is open.
    const query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const chosen = source === undefined ? "" : `&labelSelector=zen.kube-zen.io%2Fsource%3D${source}`;
    for await (const line of writer.watch(`${OBSERVATIONS}?${query}${chosen}`, end.signal)) {
      if (line.startsWith('{"type":"BOOKMARK"')) opened.resolve();
      if (line.startsWith('{"type":"ADDED"')) times.push(systemClock.monotonic());
    }
    opened.reject(new Error("The watch of Observations ended before it had begun"));
  })().catch((error) => {
    if (!end.signal.aborted) opened.reject(error);
  });
  await opened.promise;
  times.length = 0;
  return {
    times,
    async [Symbol.asyncDispose]() {
      end.abort();
      await watching;
    },
  };
}

/** The longest time without any between a moment and the last one, in milliseconds; what came before the moment counts. */
export function longestGapSince(times: readonly number[], moment: number): number {
  const later = times.filter((time) => time > moment);
  const before = times.filter((time) => time <= moment).slice(-1);
  const all = [...before, ...later];
  return Math.max(0, ...all.slice(1).map((time, index) => time - (all[index] ?? time)));
}
