import { parseAllDocuments, stringify } from "yaml";
import { at, type Json, listAt, textAt } from "../../src/model/json.ts";

/** One CustomResourceDefinition as it is written. */
export interface CrdDocument {
  readonly name: string;
  readonly text: string;
  readonly value: Json;
}

/**
 * The CustomResourceDefinitions of files, and of the YAML files in folders in the order of their names. Other objects are
 * passed over.
 *
 * @throws when there is none at all, or a text is no YAML
 */
export async function crdsOf(paths: readonly string[]): Promise<readonly CrdDocument[]> {
  const files = (await Promise.all(paths.map(yamlFilesOf))).flat();
  const texts = await Promise.all(files.map(async (file) => ({ file, text: await Deno.readTextFile(file) })));
  const crds = texts.flatMap(({ file, text }) =>
    parseAllDocuments(text).flatMap((document) => {
      const problem = document.errors[0];
      if (problem !== undefined) throw new Error(`Cannot read ${file}: it must be YAML`, { cause: problem });
      const value: Json = document.toJS();
      const name = textAt(value, "metadata", "name");
      if (textAt(value, "kind") !== "CustomResourceDefinition" || name === undefined) return [];
      return [{ name, text: stringify(value), value }];
    })
  );
  if (crds.length === 0) {
    throw new Error(`Cannot install CustomResourceDefinitions: there must be some in ${paths.join(", ")}`);
  }
  return crds;
}

/** The paths under which the API server serves a definition's versions. */
export function resourcesOf({ value }: CrdDocument): readonly string[] {
  const group = textAt(value, "spec", "group");
  const plural = textAt(value, "spec", "names", "plural");
  return listAt(value, "spec", "versions")
    .filter((version) => at(version, "served") === true)
    .map((version) => `/apis/${group}/${textAt(version, "name")}/${plural}`);
}

async function yamlFilesOf(path: string): Promise<readonly string[]> {
  if (!(await Deno.stat(path)).isDirectory) return [path];
  const names: string[] = [];
  for await (const { name, isFile } of Deno.readDir(path)) {
    if (isFile && /\.ya?ml$/.test(name)) names.push(name);
  }
  return names.sort().map((name) => `${path}/${name}`);
}
