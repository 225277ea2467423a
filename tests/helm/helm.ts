import { createHash } from "node:crypto";
import { build, type Recipe } from "../control_plane/build_binaries.ts";
import { cacheFolder } from "../control_plane/binaries.ts";

const MODULE = new URL("./", import.meta.url);
const PACKAGE = "helm.sh/helm/v3/cmd/helm";

/**
 * Finds Helm: the program that `HELM` names, else one in a cache folder outside the checkout, where it is built from its Go
 * module the first time.
 *
 * @param report takes a line of progress
 * @throws when Go is missing or too old, or the build fails
 */
export async function ensureHelm(report: (line: string) => void): Promise<string> {
  const environment = (name: string): string | undefined => Deno.env.get(name);
  const named = environment("HELM") ?? "";
  if (named !== "") return named;
  const recipe = readRecipe();
  const folder = `${cacheFolder(environment)}/zen-watcher/helm/${recipe.key}`;
  const isComplete = async (): Promise<boolean> => {
    try {
      return (await Deno.stat(`${folder}/helm`)).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  };
  if (!await isComplete()) await build(recipe, { folder, isComplete, report, path: environment("PATH") });
  return `${folder}/helm`;
}

function readRecipe(): Recipe {
  const goMod = Deno.readTextFileSync(new URL("go.mod", MODULE));
  const goSum = Deno.readTextFileSync(new URL("go.sum", MODULE));
  const version = /^\s*helm\.sh\/helm\/v3 (v\S+)/m.exec(goMod)?.[1];
  const go = /^go (\d+)\.(\d+)/m.exec(goMod);
  if (version === undefined || go === null) {
    throw new Error(`Cannot read go.mod of Helm: it must name a version of Go and of helm.sh/helm/v3`);
  }
  const args = ["build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w"];
  const hash = createHash("sha256").update(JSON.stringify([goMod, goSum, args])).digest("hex").slice(0, 12);
  return {
    key: `${version}-${Deno.build.os}-${Deno.build.arch}-${hash}`,
    version,
    go: [Number(go[1]), Number(go[2])],
    module: decodeURIComponent(MODULE.pathname),
    args,
    programs: [{ name: "helm", package: PACKAGE }],
    instead: "HELM must name a Helm 3 that is there",
    minutes: 2,
  };
}
