import { RecentNames } from "../../src/deduplicate/recent_names.ts";
import type { Api } from "../../src/kube/api.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import { Ledger } from "../../src/pipeline/ledger.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import type { Clock } from "../../src/run/clock.ts";
import { Budgets } from "../../src/write/budget.ts";
import type { DeadLetterBox } from "../../src/write/dead_letters.ts";
import { ObservationStore } from "../../src/write/observation_store.ts";
import type { Repeats } from "../../src/write/repeats.ts";
import { ToldStates } from "../../src/write/told_states.ts";
import { ObservationWriter } from "../../src/write/writer.ts";
import { silentLog } from "./silent_log.ts";

/** Holds no dead letters, as when there is no disk. */
export const noDeadLetters: DeadLetterBox = { put: () => Promise.resolve(false) };

/** What a pipeline has beside its writer. */
export interface BesideWriter {
  readonly repeats: Pick<Repeats, "add">;
  readonly toldStates: ToldStates;
  readonly store: ObservationStore;
  readonly budgets: Budgets;
}

/** The least of it: repeats are not counted, states that are told are kept in `api`, and nobody counts for budgets. */
export function besideWriter(api: Api, clock: Clock): BesideWriter {
  const store = new ObservationStore(api, undefined);
  const metrics = createMetrics("test");
  const budgets = new Budgets({ metrics, publishedOf: () => undefined, onTurn: () => {} });
  return { repeats: { add: () => {} }, toldStates: new ToldStates({ store, clock }), store, budgets };
}

/** The pipeline of a watcher in namespace zen, over any API and clock. */
export function pipelineOf(
  api: Api,
  clock: Clock,
  metrics: Metrics,
  beside: Partial<BesideWriter & { readonly deadLetters: DeadLetterBox }> = {},
): Pipeline {
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
    ...beside,
  });
}
