import { bars, type PanelSpec, stat, table, timeseries } from "./panels.ts";
import { HERE, inRange, rate, share, SOURCES } from "./queries.ts";

const CREATED = "zen_watcher_observations_created_total";
const SECURITY = `${SOURCES},category="security"`;
const HANDLED = [
  "zen_watcher_observations_created_total",
  "zen_watcher_observations_deduped_total",
  "zen_watcher_observations_filtered_total",
];

/** How much there is, and whether it can be relied on. */
export const EXECUTIVE: readonly PanelSpec[] = [
  stat(
    "Observations",
    "Created in the time shown",
    [[`sum(increase(${CREATED}{${SOURCES}}[$__range]))`, ""]],
    { width: 6 },
  ),
  stat("Critical and high", "Of them", [
    [`sum(increase(${CREATED}{${SOURCES},severity=~"critical|high"}[$__range])) or vector(0)`, ""],
  ], { width: 6 }),
  stat("Findings dealt with", "Part of what came that was created, known already or left out on purpose", [
    [share(...HANDLED), ""],
  ], { unit: "percentunit", limits: [0.999, 0.99], width: 6 }),
  stat("Webhooks answered", "Part of the requests that got no 5xx", [
    [
      `1 - (sum(increase(zen_watcher_webhook_requests_total{${HERE},code=~"5.."}[$__range])) or vector(0)) / sum(increase(zen_watcher_webhook_requests_total{${HERE}}[$__range]))`,
      "",
    ],
  ], { unit: "percentunit", limits: [0.999, 0.99], width: 6 }),
  timeseries("Observations by severity", "Created in each hour", [
    [`sum by (severity) (increase(${CREATED}{${SOURCES}}[1h]))`, "{{severity}}"],
  ], { isStacked: true, width: 12 }),
  timeseries("Observations by category", "Created in each hour", [
    [`sum by (category) (increase(${CREATED}{${SOURCES}}[1h]))`, "{{category}}"],
  ], { isStacked: true, width: 12 }),
  bars("By source", "Created in the time shown", [[inRange(CREATED, "source"), "{{source}}"]], { width: 12 }),
  bars("Known already", "Part of what came that had its Observation: work that nobody sees twice", [
    [
      `sum by (source) (zen_watcher_observations_deduped_total{${SOURCES}}) / sum by (source) (zen_watcher_signals_received_total{${SOURCES}})`,
      "{{source}}",
    ],
  ], { unit: "percentunit", width: 12 }),
];

/** What the security tools say. */
export const SECURITY_ANALYTICS: readonly PanelSpec[] = [
  ...["critical", "high", "medium", "low"].map((severity) =>
    stat(`Security: ${severity}`, "Observations created in the time shown", [
      [`sum(increase(${CREATED}{${SECURITY},severity="${severity}"}[$__range])) or vector(0)`, ""],
    ], { width: 6 })
  ),
  timeseries("Security findings by severity", "Created a second", [
    [rate(CREATED, "severity", SECURITY), "{{severity}}"],
  ], { isStacked: true, width: 12 }),
  timeseries("Security findings by source", "Created a second", [[
    rate(CREATED, "source", SECURITY),
    "{{source}}",
  ]], {
    isStacked: true,
    width: 12,
  }),
  table("Most severe sources", "Security Observations in the time shown", [
    [`topk(20, ${inRange(CREATED, "source, severity", SECURITY)})`, ""],
  ]),
  table("Compliance", "Observations of policies and benchmarks in the time shown", [
    [inRange(CREATED, "source, severity", `${SOURCES},category="compliance"`), ""],
  ]),
  timeseries("Left out on purpose", "Filtered a second, by reason", [
    [rate("zen_watcher_observations_filtered_total", "reason"), "{{reason}}"],
  ]),
  timeseries("Known already", "Deduplicated a second", [
    [rate("zen_watcher_observations_deduped_total", "source"), "{{source}}"],
  ]),
  timeseries("Not taken", "Rejected and dead letters a second", [
    [rate("zen_watcher_signals_rejected_total", "source, reason"), "{{source}} {{reason}}"],
    [rate("zen_watcher_dead_letters_total", "source, reason"), "{{source}} {{reason}}, dead letter"],
  ]),
];
