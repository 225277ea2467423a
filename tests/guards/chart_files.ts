import { stringify } from "yaml";
import { PRESET_SOURCES, presetOf } from "../../src/model/preset.ts";
import { valuesTable } from "./chart_values.ts";

/** A file of the chart that is made from something else. */
export interface ChartFile {
  /** From the root of the checkout. */
  readonly path: string;
  readonly text: string;
}

const ROOT = new URL("../../", import.meta.url);
/** What lies outside the chart, where a template cannot read, and where its copy goes. */
const COPIED = [
  { from: "config/prometheus/rules", to: "chart/files/rules", ending: ".yml" },
  { from: "config/dashboards", to: "chart/files/dashboards", ending: ".json" },
] as const;
const README = "chart/README.md";
const BEGIN = "<!-- begin values -->\n";
const END = "\n<!-- end values -->";

/** Every generated file as it must be. */
export function chartFiles(): readonly ChartFile[] {
  return [
    { path: "chart/files/sources.yaml", text: sourcesText() },
    ...COPIED.flatMap(({ from, to, ending }) =>
      namesIn(from, ending).map((name) => ({ path: `${to}/${name}`, text: read(`${from}/${name}`) }))
    ),
    { path: README, text: withValues(read(README), valuesTable(read("chart/values.yaml"))) },
  ];
}

/** What lies below chart/files, whether it should or not. */
export function foundFiles(): readonly string[] {
  return ["chart/files", ...COPIED.map(({ to }) => to)].flatMap((folder) =>
    namesIn(folder, "").map((name) => `${folder}/${name}`)
  );
}

/** What each source reads, for the templates to make rights of. */
function sourcesText(): string {
  const known = Object.fromEntries(PRESET_SOURCES.map((source) => {
    const preset = presetOf(source);
    const groups = [...new Set(preset.gvrs.map(({ group }) => group))];
    const reads = groups.map((group) => {
      const resources = preset.gvrs.filter((gvr) => gvr.group === group).map(({ resource }) => resource);
      const isClusterScoped = (resource: string): boolean => resource.startsWith("cluster");
      return {
        group,
        resources: resources.filter((resource) => !isClusterScoped(resource)),
        clusterResources: resources.filter(isClusterScoped),
      };
    });
    return [source, { reads, logs: preset.ingester === "logs" }];
  }));
  return `# Generated from src/model/preset.ts by \`deno task chart:write\`.\n${stringify(known)}`;
}

function withValues(readme: string, table: string): string {
  const from = readme.indexOf(BEGIN);
  const to = readme.indexOf(END);
  if (from === -1 || to < from) {
    throw new Error(
      `Cannot write the table of values: ${README} must hold ${BEGIN.trim()} and ${END.trim()}`,
    );
  }
  return `${readme.slice(0, from)}${BEGIN}${table}${readme.slice(to)}`;
}

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

function namesIn(folder: string, ending: string): readonly string[] {
  try {
    return [...Deno.readDirSync(new URL(`${folder}/`, ROOT))]
      .filter(({ isFile, name }) => isFile && name.endsWith(ending)).map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
