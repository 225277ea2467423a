import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { HeldGauge } from "./held_gauge.ts";

/** Every series of this program; one object, on a registry of its own, made in app.ts and handed down. */
export interface Metrics {
  readonly registry: Registry;
  readonly isLeader: Gauge;
  readonly leaderTransitions: Counter;
  readonly failoverDuration: Histogram;
  readonly watchRestarts: Counter<"source" | "gvr" | "reason">;
  readonly watchLastEvent: HeldGauge<"source" | "gvr">;
  readonly relistDuration: Histogram<"source" | "reason">;
  readonly checkpointAge: Gauge<"source">;
  readonly created: Counter<"source" | "category" | "severity">;
  readonly filtered: Counter<"source" | "reason">;
  readonly deduplicated: Counter<"source">;
  readonly received: Counter<"source">;
  readonly rejected: Counter<"source" | "reason">;
  readonly inFlight: Gauge<"source">;
  readonly deadLetters: Counter<"source" | "reason">;
  readonly deadLettersHeld: Gauge;
  readonly deadLettersDropped: Counter;
  readonly spoolBytes: Gauge;
  readonly spoolMaxBytes: Gauge;
  readonly spoolRecords: Gauge;
  readonly spoolOldestAge: Gauge;
  readonly spoolWritable: Gauge;
  readonly spoolCorrupt: Counter;
  readonly dryRun: Counter<"source" | "verdict">;
  readonly expressionErrors: Counter<"source" | "field">;
  readonly filterConfigMapValid: Gauge;
  readonly writeDuration: Histogram<"outcome">;
  readonly writeRetries: Counter<"reason">;
  readonly rateLimitWaits: Counter<"source">;
  readonly budgetUsed: Gauge<"ingester">;
  readonly rolledUp: Counter<"source">;
  readonly webhookRequests: Counter<"source" | "code">;
  readonly webhookDuration: Histogram<"source">;
  readonly webhookBodyBytes: Gauge;
  readonly repeatsDropped: Counter;
  readonly gcDeleted: Counter;
  readonly ingesterReady: Gauge<"namespace" | "name">;
}

/** Makes all series. `version` goes into zen_watcher_build_info. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const info = new Gauge({
    name: "zen_watcher_build_info",
    help: "Always 1; the labels say what runs",
    labelNames: ["version", "runtime"],
    registers,
  });
  info.set({ version, runtime: `deno ${Deno.version.deno}` }, 1);
  const metrics: Metrics = {
    registry,
    isLeader: new Gauge({
      name: "zenwatcher_is_leader",
      help: "1 while this replica leads, else 0",
      registers,
    }),
    leaderTransitions: new Counter({
      name: "zenwatcher_leader_election_transitions_total",
      help: "How often this replica became the leader",
      registers,
    }),
    failoverDuration: new Histogram({
      name: "zenwatcher_failover_duration_seconds",
      help: "From the release of the lease (else its last renewal) to the first source resumed",
      buckets: [0.05, 0.1, 0.3, 1, 3.5, 5, 10, 15, 17, 20, 30, 60],
      registers,
    }),
    watchRestarts: new Counter({
      name: "zenwatcher_source_watch_restarts_total",
      help: "Watches that were opened anew, by reason",
      labelNames: ["source", "gvr", "reason"],
      registers,
    }),
    watchLastEvent: new HeldGauge({
      name: "zenwatcher_source_watch_last_event_timestamp_seconds",
      help: "Last sign of life of a watch: event, bookmark or end by the server (seconds since 1970)",
      labelNames: ["source", "gvr"],
      registers,
    }),
    relistDuration: new Histogram({
      name: "zen_watcher_relist_duration_seconds",
      help: "A source listed whole: from its first request until everything in it has its verdict",
      labelNames: ["source", "reason"],
      buckets: [0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 120, 300],
      registers,
    }),
    checkpointAge: new Gauge({
      name: "zen_watcher_checkpoint_age_seconds",
      help: "Age of the oldest checkpoint of a source that is saved; only the leader has it",
      labelNames: ["source"],
      registers,
    }),
    created: new Counter({
      name: "zen_watcher_observations_created_total",
      help: "Observations created",
      labelNames: ["source", "category", "severity"],
      registers,
    }),
    filtered: new Counter({
      name: "zen_watcher_observations_filtered_total",
      help: "Findings left out on purpose, by reason",
      labelNames: ["source", "reason"],
      registers,
    }),
    deduplicated: new Counter({
      name: "zen_watcher_observations_deduped_total",
      help: "Findings that had their Observation already",
      labelNames: ["source"],
      registers,
    }),
    received: new Counter({
      name: "zen_watcher_signals_received_total",
      help: "Findings received",
      labelNames: ["source"],
      registers,
    }),
    rejected: new Counter({
      name: "zen_watcher_signals_rejected_total",
      help: "Findings that could not be taken, by reason",
      labelNames: ["source", "reason"],
      registers,
    }),
    inFlight: new Gauge({
      name: "zen_watcher_signals_in_flight",
      help: "Findings received that have no verdict yet",
      labelNames: ["source"],
      registers,
    }),
    deadLetters: new Counter({
      name: "zen_watcher_dead_letters_total",
      help: "Findings that were laid aside as dead letters, by reason",
      labelNames: ["source", "reason"],
      registers,
    }),
    deadLettersHeld: new Gauge({
      name: "zen_watcher_dead_letters",
      help: "Dead letters that this replica holds",
      registers,
    }),
    deadLettersDropped: new Counter({
      name: "zen_watcher_dead_letters_dropped_total",
      help: "Dead letters that made room for younger ones",
      registers,
    }),
    spoolBytes: new Gauge({
      name: "zen_watcher_spool_bytes",
      help: "Size of the spool's files, those of adopted folders included",
      registers,
    }),
    spoolMaxBytes: new Gauge({
      name: "zen_watcher_spool_max_bytes",
      help: "How large the spool may grow (SPOOL_MAX_BYTES)",
      registers,
    }),
    spoolRecords: new Gauge({
      name: "zen_watcher_spool_records",
      help: "Signals in the spool that are not all written yet",
      registers,
    }),
    spoolOldestAge: new Gauge({
      name: "zen_watcher_spool_oldest_age_seconds",
      help: "How long the oldest of them lies there; 0 for none",
      registers,
    }),
    spoolWritable: new Gauge({
      name: "zen_watcher_spool_writable",
      help: "1 when the spool has room and takes writes, else 0",
      registers,
    }),
    spoolCorrupt: new Counter({
      name: "zen_watcher_spool_corrupt_records_total",
      help: "Places in files of spool and dead letters that held no sound record, or an odd one",
      registers,
    }),
    dryRun: new Counter({
      name: "zen_watcher_dry_run_total",
      help: "What would have become of findings of Ingesters with dryRun",
      labelNames: ["source", "verdict"],
      registers,
    }),
    expressionErrors: new Counter({
      name: "zen_watcher_expression_errors_total",
      help:
        "Evaluations of expressions that failed, by where they stand; a filter's then lets its finding pass",
      labelNames: ["source", "field"],
      registers,
    }),
    filterConfigMapValid: new Gauge({
      name: "zen_watcher_filter_configmap_valid",
      help: "0 when FILTER_CONFIGMAP_NAME says what cannot be taken and the last good filter stands, else 1",
      registers,
    }),
    writeDuration: new Histogram({
      name: "zen_watcher_write_duration_seconds",
      help: "One create of an Observation, from request to answer",
      labelNames: ["outcome"],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    writeRetries: new Counter({
      name: "zen_watcher_write_retries_total",
      help: "Writes tried again, by reason",
      labelNames: ["reason"],
      registers,
    }),
    rateLimitWaits: new Counter({
      name: "zen_watcher_rate_limit_waits_total",
      help: "Times that a finding had to wait for the rate of its Ingester",
      labelNames: ["source"],
      registers,
    }),
    budgetUsed: new Gauge({
      name: "zen_watcher_budget_used_ratio",
      help: "Observations of an Ingester as a part of its budget; at 1 and above further ones are rolled up",
      labelNames: ["ingester"],
      registers,
    }),
    rolledUp: new Counter({
      name: "zen_watcher_rolled_up_total",
      help:
        "Findings folded into roll-ups since their Ingester's budget was used up; they count as deduplicated",
      labelNames: ["source"],
      registers,
    }),
    webhookRequests: new Counter({
      name: "zen_watcher_webhook_requests_total",
      help: "Webhook requests answered, by status code",
      labelNames: ["source", "code"],
      registers,
    }),
    webhookDuration: new Histogram({
      name: "zen_watcher_webhook_duration_seconds",
      help: "Webhook requests, from the first byte to the answer",
      labelNames: ["source"],
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    webhookBodyBytes: new Gauge({
      name: "zen_watcher_webhook_body_bytes",
      help: "Bodies of webhook requests that are being read or answered, together",
      registers,
    }),
    repeatsDropped: new Counter({
      name: "zen_watcher_repeats_dropped_total",
      help: "Repeats that were not counted in status.count, since too many Observations have some",
      registers,
    }),
    gcDeleted: new Counter({
      name: "zen_watcher_gc_deleted_total",
      help: "Expired Observations collected",
      registers,
    }),
    ingesterReady: new Gauge({
      name: "zen_watcher_ingester_ready",
      help: "1 when the Ingester's condition Ready is True, else 0",
      labelNames: ["namespace", "name"],
      registers,
    }),
  };
  // Without a filter ConfigMap none is bad.
  metrics.filterConfigMapValid.set(1);
  registerProcessMetrics(registers);
  return metrics;
}

/** process_* under their customary names; prom-client's own collector needs rights that this program gives up. */
function registerProcessMetrics(registers: Registry[]): void {
  new Gauge({
    name: "process_start_time_seconds",
    help: "Start of the process (seconds since 1970)",
    registers,
  }).set(performance.timeOrigin / 1000);
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory",
    registers,
    collect() {
      this.set(Deno.memoryUsage().rss);
    },
  });
  new Gauge({
    name: "process_heap_bytes",
    help: "Heap in use",
    registers,
    collect() {
      this.set(Deno.memoryUsage().heapUsed);
    },
  });
}
