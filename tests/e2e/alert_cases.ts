/** What an alert must do over some series: values as promtool reads them, a sample a minute. */
export interface AlertCase {
  readonly alert: string;
  /** Completes "fires when" or "is silent when". */
  readonly when: string;
  readonly series: Readonly<Record<string, string>>;
  /** Minutes after the first sample. */
  readonly at: number;
  /** Labels of each alert that fires, beside the rule's own; none: it is silent. */
  readonly fires: readonly Readonly<Record<string, string>>[];
}

type Series = Readonly<Record<string, string>>;
type Fires = AlertCase["fires"];

const HOME = { job: "zen-watcher", namespace: "zen-system" };
const POD = { ...HOME, pod: "a", instance: "a:9090" };
const OTHER = { ...HOME, pod: "b", instance: "b:9090" };

function series(name: string, labels: Series): string {
  return `${name}{${Object.entries(labels).map(([label, value]) => `${label}="${value}"`).join(",")}}`;
}

/** A series of pod a, or of another target. */
function one(name: string, values: string, labels: Series = {}, target: Series = POD): Series {
  return { [series(name, { ...target, ...labels })]: values };
}

function fires(alert: string, when: string, at: number, given: readonly Series[], labels: Fires): AlertCase {
  return { alert, when, at, series: Object.assign({}, ...given), fires: labels };
}

function silent(alert: string, when: string, at: number, given: readonly Series[]): AlertCase {
  return fires(alert, when, at, given, []);
}

const SOURCE = { source: "trivy" };
const GVR = { ...SOURCE, gvr: "aquasecurity.github.io/v1alpha1/vulnerabilityreports" };
const seen = (values: string, target: Series = POD): Series =>
  one("zenwatcher_source_watch_last_event_timestamp_seconds", values, GVR, target);
const leads = (values: string, target: Series = POD): Series =>
  one("zenwatcher_is_leader", values, {}, target);
const read = (target: Series = POD): Series =>
  one("zen_watcher_checkpoint_age_seconds", "5x30", SOURCE, target);
const received = (values: string): Series => one("zen_watcher_signals_received_total", values, SOURCE);
const created = (values: string): Series =>
  one("zen_watcher_observations_created_total", values, {
    ...SOURCE,
    category: "security",
    severity: "high",
  });
const filtered = (values: string): Series =>
  one("zen_watcher_observations_filtered_total", values, { ...SOURCE, reason: "severity" });
const deduplicated = (values: string): Series =>
  one("zen_watcher_observations_deduped_total", values, SOURCE);
const transitions = (values: string, target: Series = POD): Series =>
  one("zenwatcher_leader_election_transitions_total", values, {}, target);
const failover = (le: string, values: string): Series =>
  one("zenwatcher_failover_duration_seconds_bucket", values, { le });
const requests = (code: string, values: string): Series =>
  one("zen_watcher_webhook_requests_total", values, { source: "falco", code });
const rejected = (reason: string, values: string): Series =>
  one("zen_watcher_signals_rejected_total", values, { ...SOURCE, reason });
const restarts = (reason: string, values: string): Series =>
  one("zenwatcher_source_watch_restarts_total", values, { ...GVR, reason });
const inFlight = (values: string): Series => one("zen_watcher_signals_in_flight", values, SOURCE);
const budget = (values: string): Series =>
  one("zen_watcher_budget_used_ratio", values, { ingester: "a.trivy" });
const sourced = [{ ...HOME, ...SOURCE }];

/** Every alert: when it fires, and when it is silent. */
export const ALERT_CASES: readonly AlertCase[] = [
  fires("ZenWatcherSourceStale", "the leader's watch is silent for more than 300 s", 7, [
    seen("0x30"),
    leads("1x30"),
    read(),
  ], [{ ...POD, ...GVR }]),
  silent("ZenWatcherSourceStale", "it was silent for 300 s", 5, [seen("0x30"), leads("1x30"), read()]),
  silent("ZenWatcherSourceStale", "bookmarks come", 20, [seen("0+60x30"), leads("1x30"), read()]),
  silent("ZenWatcherSourceStale", "who led before remembers what was then", 20, [
    seen("0x30"),
    leads("0x30"),
    seen("0+60x30", OTHER),
    leads("1x30", OTHER),
    read(OTHER),
  ]),
  silent("ZenWatcherSourceStale", "its Ingester is gone", 20, [seen("0x30"), leads("1x30")]),

  fires(
    "ZenWatcherLeaderFlapping",
    "a replica leads anew every eight seconds",
    10,
    [transitions("0+7.5x20")],
    [POD],
  ),
  silent("ZenWatcherLeaderFlapping", "it does so every minute", 10, [transitions("0+1x20")]),

  fires("ZenWatcherIngestionDrop", "findings come and nothing is made of them", 20, [
    received("0+60x30"),
    inFlight("0+60x30"),
    created("5x30"),
  ], sourced),
  fires("ZenWatcherIngestionDrop", "nothing was ever created", 20, [
    received("0+60x30"),
    filtered("0+20x30"),
    inFlight("0+40x30"),
  ], sourced),
  silent("ZenWatcherIngestionDrop", "what comes is created", 20, [received("0+60x30"), created("0+60x30")]),
  silent("ZenWatcherIngestionDrop", "what comes is filtered or known", 20, [
    received("0+60x30"),
    created("5x30"),
    filtered("0+30x30"),
    deduplicated("0+30x30"),
  ]),
  silent("ZenWatcherIngestionDrop", "nothing comes", 20, [received("9x30"), created("9x30")]),

  fires("ZenWatcherFailoverSlow", "a hand-over took between 20 and 30 s", 5, [
    failover("20", "0x3 0x10"),
    failover("30", "0x3 1x10"),
    failover("+Inf", "0x3 1x10"),
  ], [{}]),
  silent("ZenWatcherFailoverSlow", "it took between 17 and 20 s", 5, [
    failover("17", "0x3 0x10"),
    failover("20", "0x3 1x10"),
    failover("+Inf", "0x3 1x10"),
  ]),

  fires("ZenWatcherAbsent", "nothing is scraped", 10, [leads("1x20")], [{}]),
  silent("ZenWatcherAbsent", "one replica is", 10, [one("zen_watcher_build_info", "1x20")]),
  fires("ZenWatcherNoLeader", "all of them follow", 5, [leads("0x10"), leads("0x10", OTHER)], [HOME]),
  silent("ZenWatcherNoLeader", "one leads", 5, [leads("0x10"), leads("1x10", OTHER)]),
  silent("ZenWatcherNoLeader", "they change", 5, [leads("1 1 1 0x10"), leads("0 0 0 0 1x10", OTHER)]),
  fires("ZenWatcherTwoLeaders", "both lead", 5, [leads("1x10"), leads("1x10", OTHER)], [HOME]),
  silent("ZenWatcherTwoLeaders", "both lead for a moment", 5, [
    leads("1 1 1 1 0x10"),
    leads("0 0 0 1x10", OTHER),
  ]),
  silent("ZenWatcherTwoLeaders", "one pod is scraped twice", 5, [
    leads("1x10"),
    leads("1x10", { ...POD, instance: "a:9091" }),
  ]),
  fires("ZenWatcherLeaderChangesOften", "replicas take turns every ten minutes", 60, [
    transitions("0+0.05x70"),
    transitions("0+0.06x70", OTHER),
  ], [HOME]),
  silent("ZenWatcherLeaderChangesOften", "a rollout changes it twice", 60, [
    transitions("0x20 1x50"),
    transitions("0x30 1x50", OTHER),
  ]),
  fires("ZenWatcherRestartsOften", "it starts every five minutes", 30, [
    one("process_start_time_seconds", "0x5 1x5 2x5 3x5 4x5 5x5 6x5"),
    one("zen_watcher_build_info", "1x40"),
  ], [POD]),
  silent("ZenWatcherRestartsOften", "it started once", 30, [
    one("process_start_time_seconds", "0x5 1x40"),
    one("zen_watcher_build_info", "1x40"),
  ]),
  silent("ZenWatcherRestartsOften", "it is somebody else's process", 30, [
    one("process_start_time_seconds", "0x5 1x5 2x5 3x5 4x5 5x5 6x5"),
  ]),

  fires("ZenWatcherConservationBroken", "one finding has no verdict", 5, [
    received("10x10"),
    created("4x10"),
    filtered("2x10"),
    deduplicated("1x10"),
    rejected("refused", "1x10"),
    inFlight("1x10"),
  ], [{ ...POD, ...SOURCE }]),
  silent("ZenWatcherConservationBroken", "all of them have", 5, [
    received("10x10"),
    created("4x10"),
    filtered("2x10"),
    deduplicated("1x10"),
    rejected("refused", "1x10"),
    inFlight("1x10"),
    one("zen_watcher_dead_letters_total", "1x10", { ...SOURCE, reason: "invalid" }),
  ]),
  fires("ZenWatcherFindingsRejected", "some are", 10, [rejected("internal", "0x5 3x20")], [
    { ...HOME, ...SOURCE, reason: "internal" },
  ]),
  fires("ZenWatcherFindingsRejected", "the first one is", 10, [rejected("wrong_shape", "_x5 1x20")], [
    { ...HOME, ...SOURCE, reason: "wrong_shape" },
  ]),
  silent("ZenWatcherFindingsRejected", "they were long ago", 40, [rejected("internal", "0x5 3x60")]),
  silent("ZenWatcherFindingsRejected", "their sender was told", 10, [
    rejected("unavailable", "0+1x20"),
    rejected("term_ended", "0+1x20"),
  ]),
  fires("ZenWatcherDeadLetters", "one lies there", 5, [one("zen_watcher_dead_letters", "1x10")], [POD]),
  silent("ZenWatcherDeadLetters", "none does", 5, [one("zen_watcher_dead_letters", "0x10")]),
  fires("ZenWatcherDeadLettersDropped", "one made room", 10, [
    one("zen_watcher_dead_letters_dropped_total", "0x5 1x20"),
  ], [{ ...HOME, pod: "a" }]),
  silent("ZenWatcherDeadLettersDropped", "none did", 10, [
    one("zen_watcher_dead_letters_dropped_total", "0x20"),
  ]),
  fires("ZenWatcherSpoolCorrupt", "a start finds damage", 10, [
    one("zen_watcher_spool_corrupt_records_total", "_x5 2x20"),
  ], [{ ...HOME, pod: "a" }]),
  silent("ZenWatcherSpoolCorrupt", "all is sound", 10, [
    one("zen_watcher_spool_corrupt_records_total", "0x20"),
  ]),

  fires("ZenWatcherSpoolUnwritable", "it takes nothing", 5, [one("zen_watcher_spool_writable", "0x10")], [
    POD,
  ]),
  silent("ZenWatcherSpoolUnwritable", "it does", 5, [one("zen_watcher_spool_writable", "1x10")]),
  fires("ZenWatcherSpoolFilling", "it is above 70 %", 10, [
    one("zen_watcher_spool_bytes", "71x20"),
    one("zen_watcher_spool_max_bytes", "100x20"),
  ], [POD]),
  silent("ZenWatcherSpoolFilling", "it is at 70 %", 10, [
    one("zen_watcher_spool_bytes", "70x20"),
    one("zen_watcher_spool_max_bytes", "100x20"),
  ]),
  fires("ZenWatcherSpoolOld", "one waits for more than 15 minutes", 5, [
    one("zen_watcher_spool_oldest_age_seconds", "901x10"),
  ], [POD]),
  silent("ZenWatcherSpoolOld", "one waits for 15 minutes", 5, [
    one("zen_watcher_spool_oldest_age_seconds", "900x10"),
  ]),
  fires("ZenWatcherWritesRetried", "one a second is", 20, [
    one("zen_watcher_write_retries_total", "0+60x30", { reason: "unavailable" }),
  ], [{ ...HOME, reason: "unavailable" }]),
  silent("ZenWatcherWritesRetried", "one in four seconds is", 20, [
    one("zen_watcher_write_retries_total", "0+15x30", { reason: "unavailable" }),
  ]),

  fires("ZenWatcherIngesterNotReady", "it is not ready", 10, [
    one("zen_watcher_ingester_ready", "0x20", { name: "trivy", exported_namespace: "team" }),
  ], [{ ...POD, name: "trivy", exported_namespace: "team" }]),
  silent("ZenWatcherIngesterNotReady", "it is", 10, [
    one("zen_watcher_ingester_ready", "1x20", { name: "trivy" }),
  ]),
  fires("ZenWatcherCheckpointOld", "it is older than five minutes", 10, [
    one("zen_watcher_checkpoint_age_seconds", "301x20", SOURCE),
  ], sourced),
  silent("ZenWatcherCheckpointOld", "it is saved again in time", 10, [
    one("zen_watcher_checkpoint_age_seconds", "0 100 200 300 10 100 200 300 10 100 200", SOURCE),
  ]),
  fires("ZenWatcherSourceQuiet", "a sender is silent for hours", 30 * 60, [
    requests("201", `0+1x${25 * 60} ${25 * 60}x600`),
  ], [{ ...HOME, source: "falco" }]),
  silent("ZenWatcherSourceQuiet", "it sends on", 30 * 60, [requests("201", "0+1x2000")]),
  silent("ZenWatcherSourceQuiet", "it never sent much", 30 * 60, [
    requests("201", `0+0.01x${25 * 60} ${15}x600`),
  ]),
  fires(
    "ZenWatcherWatchRestartsOften",
    "it breaks off every ten seconds",
    30,
    [restarts("unreachable", "0+6x40")],
    [
      { ...HOME, ...GVR, reason: "unreachable" },
    ],
  ),
  silent("ZenWatcherWatchRestartsOften", "the server closes it", 30, [restarts("closed", "0+6x40")]),
  fires("ZenWatcherExpressionErrors", "one fails", 20, [
    one("zen_watcher_expression_errors_total", "0+6x30", { ...SOURCE, field: "filters.expression" }),
  ], [{ ...HOME, ...SOURCE, field: "filters.expression" }]),
  silent("ZenWatcherExpressionErrors", "none does", 20, [
    one("zen_watcher_expression_errors_total", "6x30", { ...SOURCE, field: "filters.expression" }),
  ]),
  fires("ZenWatcherFilterConfigMapInvalid", "it is bad", 10, [
    one("zen_watcher_filter_configmap_valid", "0x20"),
  ], [POD]),
  silent("ZenWatcherFilterConfigMapInvalid", "it is good", 10, [
    one("zen_watcher_filter_configmap_valid", "1x20"),
  ]),

  fires("ZenWatcherBudgetNearlyUsed", "90 % are used", 20, [budget("0.9x30")], [{
    ...HOME,
    ingester: "a.trivy",
  }]),
  silent("ZenWatcherBudgetNearlyUsed", "all of it is", 20, [budget("1x30")]),
  fires("ZenWatcherBudgetUsed", "all of it is", 20, [budget("1x30")], [{ ...HOME, ingester: "a.trivy" }]),
  silent("ZenWatcherBudgetUsed", "some is left", 20, [budget("0.99x30")]),

  fires("ZenWatcherWebhookErrorsFast", "2 % fail", 70, [
    requests("201", "0+98x80"),
    requests("503", "0+2x80"),
  ], [
    HOME,
  ]),
  silent("ZenWatcherWebhookErrorsFast", "1 % fails", 70, [
    requests("201", "0+99x80"),
    requests("503", "0+1x80"),
  ]),
  silent("ZenWatcherWebhookErrorsFast", "it is over", 70, [
    requests("201", "0+98x80"),
    requests("503", "0+9x60 540x20"),
  ]),
  fires("ZenWatcherWebhookErrorsSlow", "1 % fails for hours", 380, [
    requests("201", "0+99x400"),
    requests("503", "0+1x400"),
  ], [HOME]),
  silent("ZenWatcherWebhookErrorsSlow", "0.5 % fail", 380, [
    requests("201", "0+995x400"),
    requests("503", "0+5x400"),
  ]),
  silent("ZenWatcherWebhookErrorsSlow", "strangers are refused", 380, [
    requests("201", "0+50x400"),
    requests("401", "0+50x400"),
  ]),
];
