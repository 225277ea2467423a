import type { Dashboard, VariableModel } from "@grafana/schema";
import { EXPLORER, NAMESPACE_HEALTH, OPERATIONS, OVERVIEW } from "./for_operators.ts";
import { EXECUTIVE, SECURITY_ANALYTICS } from "./for_readers.ts";
import { DATASOURCE, layOut, type PanelSpec } from "./panels.ts";

/** One file below config/dashboards. */
export interface DashboardFile {
  readonly path: string;
  readonly dashboard: Dashboard;
  readonly text: string;
}

const TAG = "zen-watcher";
const EXPLORED = ["severity", "category"].map((label) =>
  variableOf(label, "zen_watcher_observations_created_total")
);

/** The six dashboards as the definitions say they must be. */
export function dashboardFiles(): readonly DashboardFile[] {
  return [
    fileOf("operations", "Operations", "Leadership, sources, spool and writes", OPERATIONS),
    fileOf("dashboard", "Overview", "Where to begin; the links lead on", OVERVIEW),
    fileOf("executive", "Executive", "How much there is, and whether it can be relied on", EXECUTIVE),
    fileOf("security", "Security", "What the security tools say", SECURITY_ANALYTICS),
    fileOf(
      "namespace-health",
      "Namespace health",
      "Each installation, and each namespace with Ingesters",
      NAMESPACE_HEALTH,
    ),
    fileOf("explorer", "Explorer", "Every number there is, by whatever one asks for", EXPLORER, EXPLORED),
  ];
}

function fileOf(
  name: string,
  title: string,
  description: string,
  panels: readonly PanelSpec[],
  more: readonly VariableModel[] = [],
): DashboardFile {
  const dashboard: Dashboard = {
    uid: `zen-watcher-${name}`,
    title: `zen-watcher / ${title}`,
    description,
    tags: [TAG],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: "30s",
    timezone: "browser",
    time: { from: "now-6h", to: "now" },
    links: [{
      type: "dashboards",
      title: "zen-watcher",
      tags: [TAG],
      asDropdown: false,
      includeVars: true,
      keepTime: true,
      targetBlank: false,
      icon: "external link",
      tooltip: "",
    }],
    annotations: { list: [] },
    templating: {
      list: [
        {
          name: "datasource",
          label: "Data source",
          type: "datasource",
          query: "prometheus",
          hide: 0,
          refresh: 1,
        },
        variableOf("namespace", "zen_watcher_build_info"),
        variableOf("source", "zen_watcher_signals_received_total"),
        ...more,
      ],
    },
    panels: layOut(panels),
  };
  return {
    path: `config/dashboards/zen-watcher-${name}.json`,
    dashboard,
    text: `${JSON.stringify(dashboard, null, 1)}\n`,
  };
}

/** The values of a label, all of them by default: also a label that is not there. */
function variableOf(label: string, series: string): VariableModel {
  const query = `label_values(${series}, ${label})`;
  return {
    name: label,
    label: `${label.charAt(0).toUpperCase()}${label.slice(1)}`,
    type: "query",
    datasource: { ...DATASOURCE },
    definition: query,
    query: { query, refId: label },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: ".*",
    current: { selected: true, text: ["All"], value: ["$__all"] },
    hide: 0,
  } as VariableModel;
}
