import type { Observation, ObservationSpec } from "../../src/model/observation.ts";
import { SEVERITIES, type Severity } from "../../src/model/severity.ts";
import type { Replica } from "../support/process.ts";
import type { Balance } from "./ledger.ts";
import type { Screen } from "./screen.ts";
import type { Stage } from "./stage.ts";
import { type Column, layOut } from "./table.ts";

const ROWS_PER_SOURCE = 6;
/** Below so many columns the type is left out: the title says it in other words. */
const WIDE = 96;
const EXAMPLES = 5;
const LEASE = "zen-watcher-leader-election";

interface ObservationColumn extends Column {
  readonly valueOf: (observation: Observation) => string;
}

const COLUMNS: readonly ObservationColumn[] = [
  { title: "SOURCE", valueOf: ({ spec }) => spec.source ?? "" },
  { title: "SEVERITY", valueOf: ({ spec }) => spec.severity ?? "" },
  { title: "TYPE", share: 1.2, valueOf: ({ spec }) => spec.eventType ?? "" },
  { title: "NAMESPACE", share: 0.8, valueOf: ({ metadata }) => metadata.namespace },
  { title: "RESOURCE", share: 1.4, valueOf: ({ spec }) => resourceText(spec) },
  { title: "TITLE", share: 2, valueOf: ({ spec }) => spec.title ?? "" },
];

/** Shows Observations as kubectl does: of each source the worst. */
export function showObservations(observations: readonly Observation[], screen: Screen): void {
  const columns = screen.width < WIDE ? COLUMNS.filter(({ title }) => title !== "TYPE") : COLUMNS;
  const rank = ({ spec }: Observation): number => SEVERITIES.indexOf(spec.severity ?? "info");
  const bySource = Map.groupBy(observations, ({ spec }) => spec.source ?? "");
  const shown = [...bySource].sort(([a], [b]) => a < b ? -1 : 1).flatMap(([, all]) =>
    all.toSorted((a, b) => rank(a) - rank(b)).slice(0, ROWS_PER_SOURCE)
  );
  const rows = shown.map((observation) => columns.map(({ valueOf }) => valueOf(observation)));
  const paint = (text: string, row: number, column: number): string => {
    if (row === -1) return screen.paint("bold", text);
    return columns[column]?.title === "SEVERITY" ? screen.paint(text.trim() as Severity, text) : text;
  };
  for (const line of layOut(columns, rows, screen.width - 2, paint)) screen.line(line);
  const hidden = observations.length - shown.length;
  if (hidden > 0) screen.line(screen.paint("dim", `and ${hidden} more`));
}

function resourceText({ resource }: ObservationSpec): string {
  return resource === undefined ? "" : `${resource.kind ?? ""}/${resource.name ?? ""}`;
}

/** Shows the books, source by source, and says whether they are even. */
export function showBalances(balances: readonly Balance[], screen: Screen): boolean {
  const sum = (of: (balance: Balance) => number): number =>
    balances.reduce((total, balance) => total + of(balance), 0);
  const rowOf = (name: string, count: (of: (balance: Balance) => number) => number): readonly string[] => [
    name,
    ...[
      ({ expected }: Balance) => expected,
      ({ there }: Balance) => there,
      ({ missing }: Balance) => missing.length,
      ({ doubled }: Balance) => doubled.length,
    ].map((of) => String(count(of))),
  ];
  const columns = [
    { title: "SOURCE" },
    ...["EXPECTED", "THERE", "MISSING", "DOUBLED"].map((title) => ({ title, isNumber: true })),
  ];
  const rows = balances.map((balance) => rowOf(balance.source, (of) => of(balance)));
  for (const line of layOut(columns, rows, screen.width - 2)) screen.line(line);
  const [, expected, there, missing, doubled] = rowOf("", sum);
  const unexpected = sum((balance) => balance.unexpected.length);
  const isEven = missing === "0" && doubled === "0" && unexpected === 0;
  const extra = unexpected === 0 ? "" : `, ${unexpected} that nobody sent`;
  screen.line();
  screen.line(screen.paint(
    isEven ? "good" : "bad",
    `${expected} expected, ${there} there, ${missing} missing, ${doubled} doubled${extra}`,
  ));
  for (const balance of balances) {
    for (const kind of ["missing", "doubled", "unexpected"] as const) {
      for (const entry of balance[kind].slice(0, EXAMPLES)) {
        screen.line(`${kind}: ${balance.source} ${entry}`);
      }
    }
  }
  return isEven;
}

/** Says what can be tried while everything is up. */
export function showWhatToTry({ userKubeconfig, home }: Stage, survivor: Replica, screen: Screen): void {
  const alert = JSON.stringify({
    rule: "Terminal shell in container",
    priority: "Critical",
    output: "A shell was spawned",
    output_fields: { "k8s.ns.name": "default", "k8s.pod.name": "my-pod" },
  });
  const address = (port: number): string => `http://127.0.0.1:${port}`;
  screen.heading("Now you");
  screen.line("Everything stays up until Ctrl-C. In another terminal:");
  screen.line();
  for (
    const line of [
      `export KUBECONFIG=${userKubeconfig}`,
      "kubectl get obs -A",
      "kubectl get obs -A --field-selector spec.severity=critical",
      "kubectl get ingesters -A",
      `kubectl get lease -n ${home} ${LEASE} \\`,
      "  -o jsonpath='{.spec.holderIdentity}'",
      `curl ${address(survivor.webhookPort)}/ingest/falco -H 'Content-Type: application/json' \\`,
      `  -d '${alert}'`,
      `curl ${address(survivor.metricsPort)}/metrics`,
    ]
  ) screen.line(line);
}
