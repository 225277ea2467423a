import { SETTINGS } from "../../src/cli/settings.ts";
import { createMetrics } from "../../src/observe/metrics.ts";

/** A table of README.md that is made from the code. */
export interface ReadmeTable {
  /** Stands in its marker. */
  readonly name: string;
  readonly text: string;
}

/** The tables as the code says they must be. */
export function readmeTables(): readonly ReadmeTable[] {
  return [{ name: "settings", text: settingsTable() }, { name: "metrics", text: metricsTable() }];
}

/**
 * A text with its tables replaced.
 *
 * @throws when a table has no place in the text
 */
export function withTables(readme: string, tables: readonly ReadmeTable[]): string {
  return tables.reduce((text, table) => {
    const [begin, end] = markers(table.name);
    const from = text.indexOf(begin);
    const to = text.indexOf(end);
    if (from === -1 || to < from) {
      throw new Error(`Cannot write table ${table.name}: README.md must hold ${begin} and ${end}`);
    }
    return `${text.slice(0, from)}${begin}\n${table.text}\n${text.slice(to)}`;
  }, readme);
}

/** Where a table lies; the formatter leaves alone what is between. */
function markers(name: string): readonly [string, string] {
  return [
    `<!-- begin ${name} -->\n<!-- deno-fmt-ignore-start -->`,
    `<!-- deno-fmt-ignore-end -->\n<!-- end ${name} -->`,
  ];
}

function settingsTable(): string {
  const rows = Object.values(SETTINGS).map((setting) => [
    `\`${setting.flag}\``,
    setting.env === undefined ? "" : `\`${setting.env}\``,
    setting.default ? `\`${setting.default}\`` : "",
    setting.description,
  ]);
  return table(["flag", "environment", "default", "meaning"], rows);
}

function metricsTable(): string {
  const rows = createMetrics("").registry.getMetricsAsArray().map((metric) => [
    `\`${metric.name}\``,
    String(metric.type),
    labelsOf(metric).map((label) => `\`${label}\``).join(", "),
    metric.help,
  ]);
  return table(["metric", "type", "labels", "meaning"], rows);
}

function labelsOf(metric: object): readonly string[] {
  return "labelNames" in metric && Array.isArray(metric.labelNames) ? metric.labelNames : [];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
