import { RecentNames } from "../../src/deduplicate/recent_names.ts";
import type { ApiRequest } from "../../src/kube/api.ts";
import type { Json } from "../../src/model/json.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { Signal } from "../../src/model/signal.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import type { ClusterFilter } from "../../src/pipeline/admission.ts";
import type { Lane } from "../../src/pipeline/lane.ts";
import { Ledger } from "../../src/pipeline/ledger.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import { ObservationWriter } from "../../src/write/writer.ts";
import { FakeClock } from "./fake_clock.ts";
import { besideWriter, noDeadLetters } from "./pipeline_of.ts";
import { RecordingLog } from "./recording_log.ts";

/** A pipeline of one watcher, over an API server that creates whatever it is sent. */
export interface TakingPipeline {
  readonly metrics: Metrics;
  readonly log: RecordingLog;
  /** What was created, in order. */
  readonly written: Observation[];
  /** What was created of another resource, `findings` of any group, in order. */
  readonly elsewhere: Observation[];
  /** Takes a payload; says each verdict, e.g. "filtered severity". */
  take(payload: Json, lane: Lane, more?: Partial<Signal>): Promise<string[]>;
}

const FINDINGS = { name: "findings", kind: "Finding", namespaced: true };

/** Makes one, with a filter for all Ingesters or without. */
export function takingPipeline(clusterFilter?: ClusterFilter, podNamespace = "zen"): TakingPipeline {
  const clock = new FakeClock();
  const metrics = createMetrics("test");
  const log = new RecordingLog();
  const written: Observation[] = [];
  const elsewhere: Observation[] = [];
  const api = {
    request: <T>({ method, body }: ApiRequest): Promise<T> => {
      // Asked what the resources of a group are, it knows of one.
      if (method === "GET") return Promise.resolve({ resources: [FINDINGS] } as T);
      const object = body as Observation;
      (object.kind === "Observation" ? written : elsewhere).push(object);
      return Promise.resolve(body as T);
    },
    stream: () => Promise.reject(new Error("no streams here")),
  };
  const pipeline = new Pipeline({
    ...besideWriter(api, clock),
    writer: new ObservationWriter({ concurrency: 4, fallbackNamespace: podNamespace }, {
      api,
      clock,
      metrics,
    }),
    recent: new RecentNames({ maxSize: 100, windowSeconds: 60 }, clock),
    metrics,
    ledger: new Ledger(metrics),
    deadLetters: noDeadLetters,
    clock,
    log,
    place: { podNamespace, watchNamespaces: [], observationNamespace: undefined },
    self: () => ({ username: "me", namespace: podNamespace, podNames: [] }),
    clusterFilter,
  });
  const terms = { patienceMilliseconds: Infinity, mayWrite: () => true, onStall: () => {} };
  return {
    metrics,
    log,
    written,
    elsewhere,
    take: async (payload, lane, more = {}) => {
      const signal = { source: lane.source, payload, receivedAt: "2026-01-01T00:00:05Z", ...more };
      const verdicts = await pipeline.process(signal, lane, terms, undefined, new AbortController().signal);
      return verdicts.map((verdict) =>
        verdict.kind === "filtered" ? `filtered ${verdict.reason}` : verdict.kind
      );
    },
  };
}
