import { stringify } from "yaml";
import { CredentialsError, type CredentialSources } from "../kube/credentials.ts";
import { findCluster } from "../kube/find_cluster.ts";
import { textOf } from "./check.ts";
import { type NamedFile, namedFiles } from "./check_files.ts";
import type { OutputFormat } from "./letter_rows.ts";
import type { Machine } from "./machine.ts";
import type { GivenSettings } from "./read_settings.ts";
import { ENVIRONMENT_NAMES, SETTINGS, type SettingValues } from "./settings.ts";
import { spoolFolder } from "./spool_folder.ts";
import { oneLine, textTable } from "./text_table.ts";
import { type UnknownName, unknownNames } from "./unknown_names.ts";

/** What `doctor --env` works with. */
export interface EnvironmentParts {
  readonly sources: CredentialSources;
  readonly machine: Pick<Machine, "unreadable">;
  /** Names of all variables that are set; undefined when this process may see only those it reads. */
  readonly setNames: readonly string[] | undefined;
}

/** One setting as it is in force. */
export interface SettingRow {
  readonly flag: string | undefined;
  readonly environment: string | undefined;
  /** Empty: none. */
  readonly value: string;
  readonly from: "flag" | "environment" | "file" | "default";
  readonly default: string | undefined;
}

/** All that is known before anything is asked of the cluster. */
export interface EnvironmentReport {
  readonly settings: readonly SettingRow[];
  readonly files: readonly NamedFile[];
  /** Where the API server is, or why it cannot be found. */
  readonly apiServer: string;
  readonly unknown: readonly UnknownName[];
  /** What cannot be seen from here; undefined: nothing. */
  readonly unseen: string | undefined;
  /** What is wrong with the settings, each a sentence. */
  readonly problems: readonly string[];
}

type Name = keyof SettingValues;

const UNSEEN = `Variables of other names cannot be seen: the permissions of this process name the ` +
  `${ENVIRONMENT_NAMES.length} that it reads, so a misspelt one looks like one that is not set`;
const HEAD = ["FLAG", "VARIABLE", "VALUE", "FROM", "DEFAULT"];

/** Gathers the settings in force and where each is from. No file that may hold a secret is shown, only whether it can be read. */
export function environmentReport(
  given: GivenSettings,
  problems: readonly string[],
  parts: EnvironmentParts,
): EnvironmentReport {
  const { sources, machine, setNames } = parts;
  const textIn = (name: Name): string | undefined => given.get(name)?.text;
  const cluster = { kubeconfig: textIn("kubeconfig"), context: textIn("context"), server: textIn("server") };
  const found = tryFind(cluster, sources);
  const rows = (Object.keys(SETTINGS) as Name[]).map((name) => rowOf(name, given, found.namespace, sources));
  const read = ENVIRONMENT_NAMES.filter((name) => !Object.values(SETTINGS).some(({ env }) => env === name));
  return {
    settings: [
      ...rows,
      ...read.map((name): SettingRow => {
        const value = sources.environment[name];
        return {
          flag: undefined,
          environment: name,
          value: value ?? "",
          from: value === undefined ? "default" : "environment",
          default: undefined,
        };
      }),
    ],
    files: namedFiles(
      {
        kubeconfig: cluster.kubeconfig,
        tlsCertificateFile: textIn("tlsCertificateFile"),
        tlsKeyFile: textIn("tlsKeyFile"),
        tlsClientCaFile: textIn("tlsClientCaFile"),
        boardTokenFile: textIn("boardTokenFile"),
      },
      sources.environment,
      machine,
    ),
    apiServer: withoutPassword(found.text),
    unknown: unknownNames(setNames ?? [], ENVIRONMENT_NAMES),
    unseen: setNames === undefined ? UNSEEN : undefined,
    problems,
  };
}

/** The report as text; problems are for standard error. */
export function environmentText(report: EnvironmentReport, format: OutputFormat): string {
  switch (format) {
    case "table":
      return tables(report);
    case "json":
      return `${JSON.stringify(documentOf(report), undefined, 2)}\n`;
    case "yaml":
      return stringify(documentOf(report), { lineWidth: 0 });
    default:
      return format satisfies never;
  }
}

function documentOf(report: EnvironmentReport): unknown {
  const files = report.files.map((file) => ({ ...file, readable: file.unreadable === undefined }));
  return { ...report, files };
}

function tables({ settings, files, apiServer, unknown, unseen }: EnvironmentReport): string {
  const rows = settings.map(({ flag, environment, value, from, default: standard }) =>
    [flag, environment, value, from, standard].map((cell) => oneLine(cell ?? "") || "-")
  );
  const sections = [textTable([HEAD, ...rows]), `API server: ${oneLine(apiServer)}\n`];
  if (files.length > 0) {
    const lines = files.map(({ setting, path, unreadable }) => [
      setting,
      oneLine(path),
      unreadable === undefined ? "can be read" : `cannot be read: ${oneLine(unreadable)}`,
    ]);
    sections.push(textTable([["FILE OF", "PATH", "STATE"], ...lines]));
  }
  for (const { name, meant } of unknown) {
    const hint = meant === undefined ? "" : `: did you mean ${meant}`;
    sections.push(`Nobody reads ${oneLine(name)}${hint}\n`);
  }
  if (unseen !== undefined) sections.push(`${unseen}\n`);
  return sections.join("\n");
}

function rowOf(
  name: Name,
  given: GivenSettings,
  contextNamespace: string | undefined,
  { environment }: CredentialSources,
): SettingRow {
  const { env, flag, default: standard } = SETTINGS[name];
  const row = { flag, environment: env, default: standard || undefined };
  const entry = given.get(name);
  if (entry !== undefined) {
    const value = name === "server" ? withoutPassword(entry.text) : entry.text;
    return { ...row, value, from: entry.from };
  }
  switch (name) {
    case "podNamespace":
      return contextNamespace === undefined
        ? { ...row, value: "default", from: "default" }
        : { ...row, value: contextNamespace, from: "file" };
    case "spoolFolder":
      return { ...row, value: spoolFolder(undefined, environment), from: "default" };
    case "observationTtlDays":
      // The other spelling of it is in force.
      return { ...row, value: given.has("observationTtlSeconds") ? "" : standard ?? "", from: "default" };
    default:
      return { ...row, value: standard ?? "", from: "default" };
  }
}

function tryFind(
  cluster: Parameters<typeof findCluster>[0],
  sources: CredentialSources,
): { readonly text: string; readonly namespace: string | undefined } {
  try {
    const { server, namespace } = findCluster(cluster, sources);
    return { text: server, namespace };
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error;
    return { text: textOf(error), namespace: undefined };
  }
}

/** An address may carry a password. */
function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/@\s]*@/, "//[redacted]@");
}
