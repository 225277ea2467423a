import { parseAllDocuments } from "yaml";
import type { Finding, Normalized } from "../../src/model/finding.ts";
import type { Json } from "../../src/model/json.ts";
import { parseJson } from "../../src/model/parse_json.ts";
import { normalize, type NormalizeOptions } from "../../src/normalize/normalize.ts";

const ROOT = new URL("../testdata/", import.meta.url);

/** One document of a sample file, with the text of the whole file. */
export interface Sample {
  /** Path below tests/testdata. */
  readonly file: string;
  readonly text: string;
  /** Several for JSON lines and for YAML of several documents; undefined for a file that is neither. */
  readonly payloads: readonly Json[] | undefined;
}

/** All samples below a folder of tests/testdata, in order of their names. */
export function samplesIn(folder: string): readonly Sample[] {
  const entries = [...Deno.readDirSync(new URL(`${folder}/`, ROOT))].sort((a, b) => a.name < b.name ? -1 : 1);
  return entries.flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? samplesIn(path) : [readSample(path)];
  });
}

/** One sample by its path below tests/testdata. */
export function readSample(file: string): Sample {
  const text = Deno.readTextFileSync(new URL(file, ROOT));
  return { file, text, payloads: /\.ya?ml$/.test(file) ? parseYaml(text) : parseLines(text) };
}

function parseYaml(text: string): readonly Json[] | undefined {
  const documents = parseAllDocuments(text.replace(/^\uFEFF/, ""));
  if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0)) return undefined;
  return documents.map((document) => document.toJS() as Json);
}

function parseLines(text: string): readonly Json[] | undefined {
  for (const parts of [[text], text.trim().split("\n")]) {
    try {
      return parts.map((part) => parseJson(part));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return undefined;
}

/** An installation that has caused nothing. */
export const OPTIONS: NormalizeOptions = {
  stages: [],
  self: { username: undefined, namespace: "zen-system", podNames: ["zen-watcher-0"] },
};

/** What the normalizers say of one payload. */
export function normalized(
  source: string,
  payload: Json,
  options: Partial<NormalizeOptions> = {},
): readonly Normalized[] {
  return normalize({ source, payload, receivedAt: "2026-01-02T03:04:05.000Z" }, { ...OPTIONS, ...options });
}

/** What the normalizers say of a whole sample. */
export function normalizedSample(source: string, sample: Sample): readonly Normalized[] {
  return (sample.payloads ?? []).flatMap((payload) => normalized(source, payload));
}

/** The findings of one payload; fails when it holds anything else. */
export function findings(
  source: string,
  payload: Json,
  options: Partial<NormalizeOptions> = {},
): readonly Finding[] {
  return normalized(source, payload, options).map((item) => {
    if (item.kind !== "finding") throw new Error(`Not a finding: ${JSON.stringify(item)}`);
    return item.finding;
  });
}

/** The only finding of one payload. */
export function onlyFinding(source: string, payload: Json, options: Partial<NormalizeOptions> = {}): Finding {
  const all = findings(source, payload, options);
  const first = all[0];
  if (first === undefined || all.length > 1) throw new Error(`One finding expected, given ${all.length}`);
  return first;
}

/** The findings of a sample. */
export function findingsIn(source: string, file: string): readonly Finding[] {
  return (readSample(file).payloads ?? []).flatMap((payload) => findings(source, payload));
}
