import { stringify } from "yaml";
import { isJsonObject, type Json, type JsonObject } from "../../src/model/json.ts";
import type { Observation } from "../../src/model/observation.ts";

/** What a golden file holds. */
export interface Shown {
  /** One for each finding, in order. */
  readonly verdicts: readonly string[];
  readonly observations: readonly Json[];
  /** Objects of other resources. */
  readonly elsewhere?: readonly Json[];
}

/** Stands in a golden file for what only the API server, or the time of receipt, can say. */
export const SET_BY_SERVER = "(set by the server)";

/** What an example shows, without what differs from one run to the next, in an order that never does. */
export function shown(
  verdicts: readonly string[],
  observations: readonly Observation[],
  elsewhere: readonly Observation[],
  setByServer: readonly string[],
): Shown {
  return {
    verdicts,
    observations: masked(observations, setByServer),
    ...(elsewhere.length === 0 ? {} : { elsewhere: masked(elsewhere, setByServer) }),
  };
}

function masked(objects: readonly Observation[], setByServer: readonly string[]): readonly Json[] {
  const all = objects.map(({ apiVersion, kind, metadata, spec }) => {
    const { name, namespace, labels } = metadata;
    const plain = JSON.parse(
      JSON.stringify({ apiVersion, kind, metadata: { name, namespace, labels }, spec }),
    );
    return sorted(setByServer.reduce((value, path) => withMask(value, path.split(".")), plain as Json));
  });
  const text = (value: Json): string => JSON.stringify(value);
  return all.sort((a, b) => text(a) < text(b) ? -1 : 1);
}

/** A golden file. */
export function goldenText(name: string, said: Shown): string {
  return `# What becomes of the signals of config/examples/${name}.yaml; written by \`deno task examples:write\`.\n` +
    stringify(said, { lineWidth: 110 });
}

function withMask(value: Json, [step, ...rest]: readonly string[]): Json {
  if (step === undefined) return SET_BY_SERVER;
  if (!isJsonObject(value) || value[step] === undefined) return value;
  return { ...value, [step]: withMask(value[step] ?? null, rest) };
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value as JsonObject).sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item ?? null)]));
}
