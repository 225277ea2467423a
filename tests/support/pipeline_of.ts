import { RecentNames } from "../../src/deduplicate/recent_names.ts";
import type { Api } from "../../src/kube/api.ts";
import type { Metrics } from "../../src/observe/metrics.ts";
import { Ledger } from "../../src/pipeline/ledger.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import type { Clock } from "../../src/run/clock.ts";
import type { DeadLetterBox } from "../../src/write/dead_letters.ts";
import { ObservationStore } from "../../src/write/observation_store.ts";
import type { Repeats } from "../../src/write/repeats.ts";
import { ToldStates } from "../../src/write/told_states.ts";
import { ObservationWriter } from "../../src/write/writer.ts";
import { silentLog } from "./silent_log.ts";

/** Holds no dead letters, as when there is no disk. */
export const noDeadLetters: DeadLetterBox = { put: () => Promise.resolve(false) };

/** What a pipeline has beside its writer: repeats are not counted, states that are told are kept in `api`. */
export function besideWriter(
  api: Api,
  clock: Clock,
): { readonly repeats: Pick<Repeats, "add">; readonly toldStates: ToldStates } {
  const toldStates = new ToldStates({ store: new ObservationStore(api, undefined), clock });
  return { repeats: { add: () => {} }, toldStates };
}

/** The pipeline of a watcher in namespace zen, over any API and clock. */
export function pipelineOf(api: Api, clock: Clock, metrics: Metrics): Pipeline {
  return new Pipeline({
    ...besideWriter(api, clock),
    writer: new ObservationWriter({ concurrency: 4, fallbackNamespace: "zen" }, { api, clock, metrics }),
    recent: new RecentNames({ maxSize: 100, windowSeconds: 60 }, clock),
    metrics,
    ledger: new Ledger(metrics),
    deadLetters: noDeadLetters,
    clock,
    log: silentLog,
    place: { podNamespace: "zen", watchNamespaces: [], observationNamespace: undefined },
    self: () => ({ username: "me", namespace: "zen", podNames: [] }),
  });
}
