import { misfits } from "./relations.ts";
import { SETTINGS, type SettingValues } from "./settings.ts";

type Name = keyof SettingValues;

/** A setting as it was given, and by what. */
export interface Given {
  readonly text: string;
  readonly from: "flag" | "environment";
  /** What to call it in a sentence: `--webhook-port` or `WEBHOOK_PORT`. */
  readonly label: string;
}

/** What was given; settings that are not among it have their default. */
export type GivenSettings = ReadonlyMap<Name, Given>;

/** All settings, or everything that is wrong with them. */
export type ReadSettings =
  | { readonly kind: "values"; readonly values: SettingValues; readonly given: GivenSettings }
  | { readonly kind: "mistake"; readonly problems: readonly string[]; readonly given: GivenSettings };

/**
 * Reads every setting. Flags win over the environment, and an empty variable is one that is not set.
 *
 * @param flags values by flag, with its hyphens
 */
export function readSettings(
  flags: ReadonlyMap<string, string>,
  environment: Readonly<Record<string, string | undefined>>,
): ReadSettings {
  const problems: string[] = [];
  const bad = new Set<Name>();
  const given = collect(flags, environment, problems);
  const entries = (Object.keys(SETTINGS) as Name[]).map((name) => {
    const entry = given.get(name);
    const value = entry === undefined ? undefined : SETTINGS[name].reader.read(entry.text);
    if (entry !== undefined && value === undefined) {
      bad.add(name);
      problems.push(
        `Cannot take ${entry.label}: it must be ${SETTINGS[name].reader.must}, given ${
          JSON.stringify(entry.text)
        }`,
      );
    }
    return [name, value ?? defaultOf(name)];
  });
  const values = Object.fromEntries(entries) as unknown as SettingValues;
  for (const { names, problem } of misfits(values)) {
    if (!names.some((name) => bad.has(name))) problems.push(problem);
  }
  return problems.length === 0 ? { kind: "values", values, given } : { kind: "mistake", problems, given };
}

function collect(
  flags: ReadonlyMap<string, string>,
  environment: Readonly<Record<string, string | undefined>>,
  problems: string[],
): GivenSettings {
  const given = new Map<Name, Given>();
  for (const name of Object.keys(SETTINGS) as Name[]) {
    const { env, flag } = SETTINGS[name];
    const byFlag = flags.get(flag);
    const byEnvironment = env === undefined ? undefined : environment[env] || undefined;
    if (byFlag !== undefined) given.set(name, { text: byFlag, from: "flag", label: flag });
    else if (byEnvironment !== undefined) {
      given.set(name, { text: byEnvironment, from: "environment", label: env ?? flag });
    }
  }
  onlyOneLifetime(given, problems);
  return given;
}

/** The lifetime has two spellings: the flag wins here too, and two by the same way are a mistake. */
function onlyOneLifetime(given: Map<Name, Given>, problems: string[]): void {
  const seconds = given.get("observationTtlSeconds");
  const days = given.get("observationTtlDays");
  if (seconds === undefined || days === undefined) return;
  if (seconds.from === days.from) {
    problems.push(
      `Cannot take ${seconds.label} together with ${days.label}: only one may be given, ` +
        `given ${JSON.stringify(seconds.text)} and ${JSON.stringify(days.text)}`,
    );
  } else given.delete(seconds.from === "flag" ? "observationTtlDays" : "observationTtlSeconds");
}

function defaultOf(name: Name): unknown {
  const { reader, default: text } = SETTINGS[name];
  return text === undefined ? undefined : reader.read(text);
}
