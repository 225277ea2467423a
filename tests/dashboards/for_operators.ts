import { bars, type PanelSpec, stat, table, timeseries } from "./panels.ts";
import { HERE, inRange, orZero, quantile, rate, SOURCES, VERDICT_RATES, VERDICT_TOTALS } from "./queries.ts";

const CREATED = "zen_watcher_observations_created_total";
const REQUESTS = "zen_watcher_webhook_requests_total";
const NOT_READY =
  `(count(zen_watcher_ingester_ready == 0) or vector(0)) and on () zen_watcher_build_info{${HERE}}`;
const REPLICAS = stat("Replicas", "Replicas that are scraped", [[
  `count(zen_watcher_build_info{${HERE}})`,
  "",
]], {
  limits: [2, 1],
});
const LEADERS = stat("Leaders", "Must be 1; 2 for a moment while the leader changes", [
  [`sum(max by (namespace, pod) (zenwatcher_is_leader{${HERE}}))`, ""],
]);
const SPOOL = stat("Spool used", "Of the replica whose spool is fullest", [
  [`max(zen_watcher_spool_bytes{${HERE}} / zen_watcher_spool_max_bytes{${HERE}})`, ""],
], { unit: "percentunit", limits: [0.7, 0.9] });
const WEBHOOKS = timeseries("Webhooks by status", "Answers a second; 202 lies in the spool", [
  [rate(REQUESTS, "code"), "{{code}}"],
], { unit: "reqps", isStacked: true });

/** Where one begins to look. */
export const OVERVIEW: readonly PanelSpec[] = [
  REPLICAS,
  LEADERS,
  stat("Observations created", "In the time shown", [[
    `sum(increase(${CREATED}{${SOURCES}}[$__range]))`,
    "",
  ]]),
  stat("Ingesters not ready", "Condition Ready is not True", [[NOT_READY, ""]], { limits: [1, 1] }),
  SPOOL,
  stat("Dead letters", "Held by all replicas", [[`sum(zen_watcher_dead_letters{${HERE}})`, ""]], {
    limits: [1, 10],
  }),
  timeseries("Findings by verdict", "What becomes of each finding, a second", [...VERDICT_RATES], {
    isStacked: true,
    width: 12,
  }),
  timeseries("Observations by severity", "Created a second", [[rate(CREATED, "severity"), "{{severity}}"]], {
    isStacked: true,
    width: 12,
  }),
  timeseries("Findings by source", "Received a second", [
    [rate("zen_watcher_signals_received_total", "source"), "{{source}}"],
  ]),
  WEBHOOKS,
  timeseries("Memory", "Resident memory of each replica", [[
    `process_resident_memory_bytes{${HERE}}`,
    "{{pod}}",
  ]], {
    unit: "bytes",
  }),
];

/** Leadership, sources, spool and writes. */
export const OPERATIONS: readonly PanelSpec[] = [
  REPLICAS,
  LEADERS,
  stat("Who leads", "The pod that holds the Lease", [
    [`max by (pod) (zenwatcher_is_leader{${HERE}}) == 1`, "{{pod}}"],
  ], { width: 8 }),
  SPOOL,
  stat("Oldest in the spool", "Since the answer 202", [
    [`max(zen_watcher_spool_oldest_age_seconds{${HERE}})`, ""],
  ], { unit: "s", limits: [60, 900] }),
  timeseries("Leader transitions over time", "How often each replica became the leader", [
    [`sum by (pod) (zenwatcher_leader_election_transitions_total{${HERE}})`, "{{pod}}"],
  ]),
  timeseries("Leadership", "1 while a replica leads", [[
    `max by (pod) (zenwatcher_is_leader{${HERE}})`,
    "{{pod}}",
  ]]),
  timeseries(
    "Failover duration p95",
    "From the release of the Lease, or its last renewal, to the first source resumed; 0 when the leader did not change",
    [
      [
        orZero(
          `histogram_quantile(0.95, sum by (le) (increase(zenwatcher_failover_duration_seconds_bucket{${HERE}}[$__range]))) >= 0`,
        ),
        "p95",
      ],
    ],
    { unit: "s" },
  ),
  timeseries("Per-source staleness", "Since the last sign of life of each watch of the leader", [
    [
      `time() - max by (source, gvr) (zenwatcher_source_watch_last_event_timestamp_seconds{${SOURCES}} and on (job, instance) zenwatcher_is_leader == 1)`,
      "{{source}} {{gvr}}",
    ],
  ], { unit: "s" }),
  timeseries("Checkpoint age", "What the next leader would have to replay", [
    [`max by (source) (zen_watcher_checkpoint_age_seconds{${SOURCES}})`, "{{source}}"],
  ], { unit: "s" }),
  timeseries("Watch restarts", "By reason; closed is the usual end by the server", [
    [inRange("zenwatcher_source_watch_restarts_total", "source, reason"), "{{source}} {{reason}}"],
  ]),
  table("Informer status", "Ingesters of the leader; 1 is ready", [
    [`max by (exported_namespace, name) (zen_watcher_ingester_ready{${HERE}})`, ""],
  ]),
  table("Watches", "When each watch was last heard of", [
    [
      `max by (source, gvr) (zenwatcher_source_watch_last_event_timestamp_seconds{${SOURCES}}) * 1000`,
      "",
    ],
  ], { unit: "dateTimeAsIso" }),
  timeseries("Findings in flight", "Received and without a verdict", [
    [`sum by (source) (zen_watcher_signals_in_flight{${SOURCES}})`, "{{source}}"],
  ]),
  timeseries("Spool", "Size of each replica's", [[`zen_watcher_spool_bytes{${HERE}}`, "{{pod}}"]], {
    unit: "bytes",
  }),
  timeseries("Signals in the spool", "Waiting to be written", [[
    `zen_watcher_spool_records{${HERE}}`,
    "{{pod}}",
  ]]),
  timeseries("Write duration", "Of one create of an Observation", [
    [quantile(0.5, "zen_watcher_write_duration_seconds", "", HERE), "p50"],
    [quantile(0.95, "zen_watcher_write_duration_seconds", "", HERE), "p95"],
  ], { unit: "s" }),
  timeseries("Writes tried again", "A second, by reason", [
    [rate("zen_watcher_write_retries_total", "reason", HERE), "{{reason}}"],
  ]),
  timeseries("Relist duration", "Mean time to list a source whole", [
    [
      `sum by (source, reason) (zen_watcher_relist_duration_seconds_sum{${SOURCES}}) / sum by (source, reason) (zen_watcher_relist_duration_seconds_count{${SOURCES}})`,
      "{{source}} {{reason}}",
    ],
  ], { unit: "s" }),
  WEBHOOKS,
  timeseries("Webhook duration p95", "From the first byte to the answer", [
    [quantile(0.95, "zen_watcher_webhook_duration_seconds", "source"), "{{source}}"],
  ], { unit: "s" }),
  timeseries("Collected", "Expired Observations deleted since the start", [
    [`sum by (pod) (zen_watcher_gc_deleted_total{${HERE}})`, "{{pod}}"],
  ]),
  timeseries("Heap", "In use", [[`process_heap_bytes{${HERE}}`, "{{pod}}"]], { unit: "bytes" }),
  timeseries("Uptime", "Since the start of each replica", [
    [`time() - process_start_time_seconds{${HERE}} and on (job, instance) zen_watcher_build_info`, "{{pod}}"],
  ], { unit: "s" }),
  timeseries("Repeats not counted", "Since the start; above 0 status.count is too low", [
    [`sum by (pod) (zen_watcher_repeats_dropped_total{${HERE}})`, "{{pod}}"],
  ]),
];

/** Each installation, and each namespace with Ingesters. */
export const NAMESPACE_HEALTH: readonly PanelSpec[] = [
  bars("Replicas by namespace", "Of each installation", [[
    `count by (namespace) (zen_watcher_build_info{${HERE}})`,
    "{{namespace}}",
  ]]),
  bars("Led for", "Part of the time shown in which somebody led", [
    [`avg_over_time((max by (namespace) (zenwatcher_is_leader{${HERE}}))[$__range:])`, "{{namespace}}"],
  ], { unit: "percentunit", limits: [0.999, 0.99] }),
  bars("Ingesters ready", "By the namespace that they lie in", [
    [`avg by (exported_namespace) (zen_watcher_ingester_ready{${HERE}})`, "{{exported_namespace}}"],
  ], { unit: "percentunit", limits: [1, 0.5] }),
  table("Ingesters", "1 is ready", [[
    `max by (exported_namespace, name) (zen_watcher_ingester_ready{${HERE}})`,
    "",
  ]]),
  table("Budget used", "Observations of each Ingester against what it may have", [
    [orZero(`max by (ingester) (zen_watcher_budget_used_ratio{${HERE}})`), ""],
  ], { unit: "percentunit" }),
  timeseries("Observations by namespace", "Created a second by each installation", [
    [rate(CREATED, "namespace"), "{{namespace}}"],
  ]),
  timeseries("In flight by namespace", "Findings without a verdict", [
    [`sum by (namespace) (zen_watcher_signals_in_flight{${SOURCES}})`, "{{namespace}}"],
  ]),
  timeseries("Spool by namespace", "Of all replicas", [
    [`sum by (namespace) (zen_watcher_spool_bytes{${HERE}})`, "{{namespace}}"],
  ], { unit: "bytes" }),
];

/** Every number there is, by whatever one asks for. */
export const EXPLORER: readonly PanelSpec[] = [
  table("Findings by source", "Since the replicas started: what was received, and what became of it", [
    ...VERDICT_TOTALS,
  ], {
    width: 24,
  }),
  table("Observations", "Created in the time shown, by what they are", [
    [
      inRange(
        CREATED,
        "source, category, severity",
        `${SOURCES},severity=~"$severity",category=~"$category"`,
      ),
      "",
    ],
  ]),
  table("Filtered", "In the time shown, by reason", [[
    inRange("zen_watcher_observations_filtered_total", "source, reason"),
    "",
  ]]),
  timeseries("Observations over time", "Created a second", [
    [
      rate(CREATED, "source, severity", `${SOURCES},severity=~"$severity",category=~"$category"`),
      "{{source}} {{severity}}",
    ],
  ], { width: 12 }),
  timeseries("Findings by verdict", "A second", [...VERDICT_RATES], { width: 12 }),
  table("Webhooks", "Requests in the time shown", [[inRange(REQUESTS, "source, code"), ""]]),
  table("Dry run", "What would have become of findings of Ingesters with dryRun", [
    [orZero(`sum by (source, verdict) (zen_watcher_dry_run_total{${SOURCES}})`), ""],
  ]),
  table("Expressions that failed", "In the time shown", [
    [inRange("zen_watcher_expression_errors_total", "source, field"), ""],
  ]),
  table("Versions", "What runs", [[`count by (version, runtime) (zen_watcher_build_info{${HERE}})`, ""]]),
];
