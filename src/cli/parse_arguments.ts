import { type Config, configOf } from "./config.ts";
import { nearest } from "./nearest.ts";
import type { OutputFormat } from "./letter_rows.ts";
import { type GivenSettings, readSettings } from "./read_settings.ts";
import { SETTINGS } from "./settings.ts";

/** What the program can do. */
export const COMMANDS = ["run", "demo", "doctor", "deadletters", "crds", "version"] as const;
/** One of {@link COMMANDS}. */
export type CommandName = (typeof COMMANDS)[number];

/** What the program was asked to do. */
export type Command =
  | { readonly kind: "run"; readonly config: Config }
  | { readonly kind: "demo"; readonly isOnce: boolean }
  | {
    readonly kind: "deadletters";
    readonly verb: (typeof LETTER_VERBS)[number];
    readonly ids: readonly string[] | "all";
    readonly output: OutputFormat;
    /** SPOOL_DIR as it was given. */
    readonly spoolFolder: string | undefined;
  }
  | { readonly kind: "doctor"; readonly config: Config; readonly output: OutputFormat }
  /** `doctor --env`: what was given, and all that is wrong with it. */
  | {
    readonly kind: "doctor-env";
    readonly given: GivenSettings;
    readonly problems: readonly string[];
    readonly output: OutputFormat;
  }
  | { readonly kind: "crds" }
  | { readonly kind: "version" }
  /** `topic` undefined: about the program. */
  | { readonly kind: "help"; readonly topic: CommandName | undefined }
  | { readonly kind: "mistake"; readonly problems: readonly string[] };

const LETTER_VERBS = ["list", "replay", "drop"] as const;
const OUTPUTS: readonly OutputFormat[] = ["table", "json", "yaml"];

/** Flags that take no value. */
const SWITCHES = ["--help", "--version", "--once", "--all", "--env"] as const;
type Switch = (typeof SWITCHES)[number];

const SETTING_FLAGS: readonly string[] = Object.values(SETTINGS).map((setting) => setting.flag);
const VALUE_FLAGS: readonly string[] = [...SETTING_FLAGS, "--output"];
const FLAGS: readonly string[] = [...VALUE_FLAGS, ...SWITCHES];
/** Other spellings. */
const SHORT: Readonly<Record<string, string>> = { "-h": "--help", "-o": "--output" };
/** Flags that do not go with every command, by command. */
const OWN_FLAGS: Readonly<Partial<Record<CommandName, readonly string[]>>> = {
  run: SETTING_FLAGS,
  demo: ["--once"],
  doctor: [...SETTING_FLAGS, "--env", "--output"],
  deadletters: ["--spool-dir", "--output", "--all"],
};

/** The arguments by their kinds, nothing judged but the flags' form. */
interface Sorted {
  readonly words: readonly string[];
  readonly flags: ReadonlyMap<string, string>;
  readonly switches: ReadonlySet<Switch>;
  readonly problems: readonly string[];
}

/**
 * Reads what the program was asked to do, and how. Whoever calls it wrongly is told everything at once.
 *
 * @param environment only what `ENVIRONMENT_NAMES` lists is read
 */
export function parseArguments(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Command {
  const sorted = sort(args);
  const isHelpWord = sorted.words[0] === "help";
  const [word, ...extra] = isHelpWord ? sorted.words.slice(1) : sorted.words;
  const name = COMMANDS.find((command) => command === word);
  const problems = [...sorted.problems];
  if (word !== undefined && name === undefined) {
    return { kind: "mistake", problems: [...problems, unknown("command", word, [...COMMANDS, "help"])] };
  }
  if (isHelpWord || sorted.switches.has("--help")) return { kind: "help", topic: name };
  if (name === "deadletters") return deadLetters(extra, sorted, environment, problems);
  if (extra.length > 0) {
    problems.push(`Cannot take ${quoted(extra)}: ${word} must be called without further words`);
  }
  if (sorted.switches.has("--version") && problems.length === 0) return { kind: "version" };
  return command(name ?? "run", sorted, environment, problems);
}

/** Says which flags do not go with a command. */
function foreignFlags(name: CommandName, { flags, switches }: Sorted): readonly string[] {
  return [...flags.keys(), ...switches].filter((flag) =>
    flag !== "--version" && OWN_FLAGS[name]?.includes(flag) !== true
  ).map((flag) => {
    const owners = COMMANDS.filter((one) => OWN_FLAGS[one]?.includes(flag));
    return `Cannot take ${flag}: it must go with ${owners.join(" or ") || "run"}, given with ${name}`;
  });
}

function deadLetters(
  words: readonly string[],
  sorted: Sorted,
  environment: Readonly<Record<string, string | undefined>>,
  problems: string[],
): Command {
  problems.push(...foreignFlags("deadletters", sorted));
  const [word, ...ids] = words;
  const verb = LETTER_VERBS.find((one) => one === word);
  if (verb === undefined) {
    problems.push(
      `Cannot take deadletters: it must be followed by list, replay or drop, given ${word ?? "none"}`,
    );
  }
  const output = outputOf(sorted, problems);
  const isAll = sorted.switches.has("--all");
  if (verb !== undefined && isAll && ids.length > 0) {
    problems.push(`Cannot take --all together with ${quoted(ids)}: only one may be given`);
  } else if ((verb === "replay" || verb === "drop") && !isAll && ids.length === 0) {
    problems.push(`Cannot take deadletters ${verb}: it must be followed by ids or --all, given neither`);
  }
  if (problems.length > 0 || verb === undefined || output === undefined) return { kind: "mistake", problems };
  const spoolFolder = sorted.flags.get("--spool-dir") ?? (environment["SPOOL_DIR"] || undefined);
  return { kind: "deadletters", verb, ids: isAll ? "all" : ids, output, spoolFolder };
}

function doctor(
  sorted: Sorted,
  environment: Readonly<Record<string, string | undefined>>,
  problems: string[],
): Command {
  const output = outputOf(sorted, problems);
  const read = readSettings(sorted.flags, environment);
  const wrong = read.kind === "mistake" ? read.problems : [];
  // What is wrong with the settings is part of what is asked for; how it was asked is not.
  if (sorted.switches.has("--env") && problems.length === 0 && output !== undefined) {
    return { kind: "doctor-env", given: read.given, problems: wrong, output };
  }
  problems.push(...wrong);
  if (read.kind === "mistake" || problems.length > 0 || output === undefined) {
    return { kind: "mistake", problems };
  }
  return { kind: "doctor", config: configOf(read.values), output };
}

function outputOf({ flags }: Sorted, problems: string[]): OutputFormat | undefined {
  const text = flags.get("--output") ?? "table";
  const output = OUTPUTS.find((one) => one === text);
  if (output === undefined) {
    problems.push(`Cannot take --output: it must be table, json or yaml, given ${JSON.stringify(text)}`);
  }
  return output;
}

function command(
  name: Exclude<CommandName, "deadletters">,
  sorted: Sorted,
  environment: Readonly<Record<string, string | undefined>>,
  problems: string[],
): Command {
  const { flags, switches } = sorted;
  problems.push(...foreignFlags(name, sorted));
  switch (name) {
    case "run": {
      const read = readSettings(flags, environment);
      if (read.kind === "mistake") problems.push(...read.problems);
      if (read.kind === "mistake" || problems.length > 0) return { kind: "mistake", problems };
      return { kind: "run", config: configOf(read.values) };
    }
    case "demo":
      return problems.length > 0
        ? { kind: "mistake", problems }
        : { kind: "demo", isOnce: switches.has("--once") };
    case "doctor":
      return doctor(sorted, environment, problems);
    case "crds":
    case "version":
      return problems.length > 0 ? { kind: "mistake", problems } : { kind: name };
    default:
      return name satisfies never;
  }
}

function sort(args: readonly string[]): Sorted {
  const words: string[] = [];
  const flags = new Map<string, string>();
  const switches = new Set<Switch>();
  const problems: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? "";
    if (argument === "--") continue;
    if (!argument.startsWith("-")) {
      words.push(argument);
      continue;
    }
    const [written = "", ...values] = argument.split("=");
    const flag = SHORT[written] ?? written;
    const byEquals = values.length > 0 ? values.join("=") : undefined;
    const found = SWITCHES.find((name) => name === flag);
    if (found !== undefined) {
      if (byEquals === undefined) switches.add(found);
      else problems.push(`Cannot take ${argument}: ${flag} must be given without a value`);
    } else if (!VALUE_FLAGS.includes(flag)) {
      problems.push(unknown("flag", flag, FLAGS));
      // The word after it was most likely its value, and is no second mistake.
      if (byEquals === undefined && isValue(args[index + 1]) && !isCommand(args[index + 1])) index++;
    } else if (byEquals !== undefined) flags.set(flag, byEquals);
    else if (isValue(args[index + 1])) flags.set(flag, args[++index] ?? "");
    else problems.push(`Cannot take ${flag}: it must be followed by its value, given none`);
  }
  return { words, flags, switches, problems };
}

function isValue(argument: string | undefined): boolean {
  return argument !== undefined && !argument.startsWith("--");
}

function isCommand(argument: string | undefined): boolean {
  return argument === "help" || COMMANDS.some((command) => command === argument);
}

function unknown(what: string, given: string, known: readonly string[]): string {
  const meant = nearest(given, known);
  const hint = meant === undefined ? `see zen-watcher --help` : `did you mean ${meant}`;
  return `Unknown ${what} ${given}: ${hint}`;
}

function quoted(words: readonly string[]): string {
  return words.map((word) => JSON.stringify(word)).join(", ");
}
