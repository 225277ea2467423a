import { Overlaps } from "../../src/ingesters/overlaps.ts";
import { RecentNames } from "../../src/deduplicate/recent_names.ts";
import { Activities } from "../../src/ingesters/activities.ts";
import { compileIngester, type CompileSettings } from "../../src/ingesters/compile.ts";
import { IngesterRegistry } from "../../src/ingesters/registry.ts";
import { doTermWork } from "../../src/ingesters/term_work.ts";
import type { ApiRequest } from "../../src/kube/api.ts";
import { createElector } from "../../src/leadership/create_elector.ts";
import type { LeaseTerm, Term } from "../../src/leadership/term.ts";
import type { Timings } from "../../src/leadership/timings.ts";
import type { Json } from "../../src/model/json.ts";
import type { Log, LogFields } from "../../src/observe/log.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import { Ledger } from "../../src/pipeline/ledger.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import { ObservationStore } from "../../src/write/observation_store.ts";
import { ObservationWriter } from "../../src/write/writer.ts";
import { COMPILE_SETTINGS } from "../support/ingester_of.ts";
import type { ApiServer } from "./api_server.ts";
import { CHECKPOINTS } from "./ledger.ts";
import { Link } from "./link.ts";
import { Machine } from "./machine.ts";
import { type Target, webhookIngester } from "./targets.ts";
import type { Timeline } from "./timeline.ts";
import type { Weather } from "./weather.ts";
import { besideWriter, noDeadLetters } from "../support/pipeline_of.ts";

/** Name of the Lease that is fought for. */
export const LEASE = "zen-watcher-leader-election";

/** The wall clock is stepped by hours: what happened must not have expired by that. */
const SETTINGS: CompileSettings = { ...COMPILE_SETTINGS, observationTtlSeconds: 7 * 24 * 3600 };

/** How long a webhook waits for its write while the API server fails. */
const PATIENCE_MILLISECONDS = 2000;

/** What one life of a replica is made of. */
export interface ReplicaOptions {
  /** holderIdentity. */
  readonly identity: string;
  /** Stands for this life of it and no other. */
  readonly caller: string;
  readonly seed: number;
  readonly wallOffsetMilliseconds: number;
  readonly timings: Timings;
  readonly targets: readonly Target[];
  readonly weather: Weather;
  readonly random: () => number;
  readonly timeline: Timeline;
  readonly server: ApiServer;
  readonly trace: (say: () => string) => void;
  /** A request leaves the process. */
  readonly onSend: (request: ApiRequest) => void;
  /** It begins to lead. */
  readonly onTerm: () => void;
  /** The process has ended by itself; undefined: as it was asked to. */
  readonly onExit: (error: unknown) => void;
}

/** One life of a replica: the program's own parts, put together as the program does, on a machine and a network of ours. */
export class Replica {
  readonly caller: string;
  readonly identity: string;
  readonly machine: Machine;
  readonly metrics: Metrics;
  readonly link: Link;
  readonly #stop = new AbortController();
  readonly #timeline: Timeline;
  #term: Term | undefined;
  #pipeline: Pipeline | undefined;
  #isStopping = false;

  constructor(options: ReplicaOptions) {
    const { caller, identity, timeline, trace, timings } = options;
    this.caller = caller;
    this.identity = identity;
    this.#timeline = timeline;
    this.machine = new Machine(timeline, options.seed, options.wallOffsetMilliseconds);
    this.metrics = createMetrics("simulated");
    this.link = new Link({ ...options, machine: this.machine });
    this.#run(options, logTo((line) => trace(() => `${caller} ${line}`)), timings).then(
      () => options.onExit(undefined),
      (error) => options.onExit(error),
    );
  }

  /** Whether it was asked to stop. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Whether its term holds by its own clock; asked from outside, so that nothing of the process runs. */
  get isLeading(): boolean {
    const term = this.#term as LeaseTerm | undefined;
    return term !== undefined && this.machine.state !== "dead" && term.lost === undefined &&
      this.machine.clock.monotonic() < term.validUntil;
  }

  /** A webhook comes in; `onAnswer` is told whether it is answered 2xx. */
  receive(payload: Json, onAnswer: (isTaken: boolean) => void): void {
    this.machine.post(this.#timeline.now + 0.5, () => {
      const { clock } = this.machine;
      const compiled = compileIngester(webhookIngester(), SETTINGS);
      if (this.#pipeline === undefined || compiled.kind !== "webhook" || this.#isStopping) {
        return onAnswer(false);
      }
      const signal = { source: "falco", payload, receivedAt: new Date(clock.now()).toISOString() };
      const terms = { patienceMilliseconds: PATIENCE_MILLISECONDS, mayWrite: () => true, onStall: () => {} };
      this.#pipeline.process(signal, compiled.lane, terms, undefined, new AbortController().signal).then(
        (verdicts) => onAnswer(verdicts.every(({ kind }) => kind !== "rejected")),
        () => onAnswer(false),
      );
    });
  }

  /** SIGTERM. */
  terminate(): void {
    this.#isStopping = true;
    this.machine.post(
      this.#timeline.now,
      () => this.#stop.abort(new DOMException("Got SIGTERM", "AbortError")),
    );
  }

  /** SIGKILL, or the end of a process that has ended by itself. */
  kill(): void {
    this.machine.kill();
    this.link.close();
  }

  async #run(options: ReplicaOptions, log: Log, timings: Timings): Promise<void> {
    const api = this.link;
    const { clock } = this.machine;
    const { metrics } = this;
    const registry = new IngesterRegistry(SETTINGS);
    const activities = new Activities();
    for (const { ingester } of options.targets) registry.put(ingester);
    const namespace = SETTINGS.podNamespace;
    const writer = new ObservationWriter(
      { concurrency: 8, fallbackNamespace: namespace },
      { api, clock, metrics },
    );
    const pipeline = new Pipeline({
      ...besideWriter(api, clock),
      writer,
      recent: new RecentNames({ maxSize: 1000, windowSeconds: SETTINGS.dedupWindowSeconds }, clock),
      metrics,
      ledger: new Ledger(metrics),
      deadLetters: noDeadLetters,
      clock,
      log,
      place: { podNamespace: namespace, watchNamespaces: [], observationNamespace: undefined },
      self: () => ({ username: "zen-watcher", namespace, podNames: [options.identity] }),
    });
    this.#pipeline = pipeline;
    const elector = createElector(
      { isEnabled: true, leaseName: LEASE, ...timings },
      { identity: options.identity, namespace, release: undefined, api, clock, metrics, log },
    );
    const collector = {
      intervalMilliseconds: 600_000,
      namespaces: undefined,
      isOwnIngester: () => true,
      defaultTtlSeconds: SETTINGS.observationTtlSeconds,
      onDeleted: () => {},
    };
    const work = {
      registry,
      activities,
      pipeline,
      api,
      clock,
      metrics,
      log,
      collector,
      store: new ObservationStore(api, undefined),
      isOwnerActive: () => true,
      overlaps: new Overlaps(registry),
      checkpoints: { ...CHECKPOINTS, identity: options.identity },
      areIngestersSynced: () => true,
    };
    await elector.run(async (term) => {
      this.#term = term;
      options.onTerm();
      try {
        await doTermWork(work, term, () => {}, term.signal);
      } finally {
        this.#term = undefined;
      }
    }, this.#stop.signal);
  }
}

/** A log whose lines go into the trace; what is only for debugging is left out. */
function logTo(say: (line: string) => void): Log {
  const at = (level: string) => (message: string, fields?: LogFields): void => {
    const told = Object.entries(fields ?? {}).filter(([, value]) => value !== undefined);
    say(`${level} ${message} ${told.map(([name, value]) => `${name}=${value}`).join(" ")}`);
  };
  const log: Log = {
    debug() {},
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    component: () => log,
  };
  return log;
}
