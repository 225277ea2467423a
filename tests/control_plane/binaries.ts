import { createHash } from "node:crypto";
import { build, type Recipe } from "./build_binaries.ts";

/** Paths of the two servers. */
export interface Binaries {
  readonly etcd: string;
  readonly kubeApiserver: string;
}

const MODULE = new URL("./", import.meta.url);
const NAMES = ["etcd", "kube-apiserver"] as const;

/**
 * Finds etcd and kube-apiserver: in the folder that `KUBEBUILDER_ASSETS` names, else in a cache folder outside the checkout
 * (below `XDG_CACHE_HOME`, else `~/.cache`), where they are built from their Go modules the first time.
 *
 * @param report takes a line of progress
 * @throws when what the environment names is not there, Go is missing, or a build fails
 */
export async function ensureBinaries(
  report: (line: string) => void,
  environment: (name: string) => string | undefined = (name) => Deno.env.get(name),
): Promise<Binaries> {
  const assets = environment("KUBEBUILDER_ASSETS") ?? "";
  if (assets !== "") {
    const missing = await missingIn(assets);
    if (missing.length === 0) return binariesIn(assets);
    throw new Error(
      `Cannot use KUBEBUILDER_ASSETS: ${assets} must hold etcd and kube-apiserver; there is no ${
        missing.join(", no ")
      }`,
    );
  }
  const recipe = readRecipe();
  const folder = `${cacheFolder(environment)}/zen-watcher/control-plane/${recipe.key}`;
  const isComplete = async (): Promise<boolean> => (await missingIn(folder)).length === 0;
  if (!await isComplete()) await build(recipe, { folder, isComplete, report, path: environment("PATH") });
  return binariesIn(folder);
}

/** What is built, and how: all of it in the key, so that a change of any part is a build of its own. */
function readRecipe(): Recipe {
  const goMod = Deno.readTextFileSync(new URL("go.mod", MODULE));
  const goSum = Deno.readTextFileSync(new URL("go.sum", MODULE));
  const [, version, major, minor] = required(goMod, /^\s*k8s\.io\/kubernetes v((\d+)\.(\d+)\.\S+)/m);
  const [, goMajor, goMinor] = required(goMod, /^go (\d+)\.(\d+)/m);
  const stamp = Object.entries({ gitVersion: `v${version}`, gitMajor: major, gitMinor: minor })
    .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  const args = [
    "build",
    "-mod=readonly",
    "-buildvcs=false",
    "-trimpath",
    "-ldflags",
    `-s -w ${stamp.join(" ")}`,
  ];
  const hash = createHash("sha256").update(JSON.stringify([goMod, goSum, args])).digest("hex").slice(0, 12);
  return {
    key: `v${version}-${Deno.build.os}-${Deno.build.arch}-${hash}`,
    version: `v${version}`,
    go: [Number(goMajor), Number(goMinor)],
    module: decodeURIComponent(MODULE.pathname),
    args,
    programs: [
      { name: NAMES[0], package: "go.etcd.io/etcd/server/v3" },
      { name: NAMES[1], package: "k8s.io/kubernetes/cmd/kube-apiserver" },
    ],
    instead: "KUBEBUILDER_ASSETS must name a folder that holds both",
    minutes: 3,
  };
}

function required(text: string, pattern: RegExp): RegExpExecArray {
  const found = pattern.exec(text);
  if (found === null) throw new Error(`Cannot read go.mod of the control plane: it must have ${pattern}`);
  return found;
}

/** Where what was built once stays, outside the checkout. */
export function cacheFolder(environment: (name: string) => string | undefined): string {
  const cache = environment("XDG_CACHE_HOME") ?? "";
  // As the XDG specification says, a relative path is passed over.
  if (cache.startsWith("/")) return cache;
  const home = environment("HOME") ?? "";
  if (home !== "") return `${home}/.cache`;
  throw new Error("Cannot find a cache folder: HOME or XDG_CACHE_HOME must be set");
}

function binariesIn(folder: string): Binaries {
  return { etcd: `${folder}/${NAMES[0]}`, kubeApiserver: `${folder}/${NAMES[1]}` };
}

async function missingIn(folder: string): Promise<readonly string[]> {
  const found = await Promise.all(NAMES.map((name) => isFile(`${folder}/${name}`)));
  return NAMES.filter((_, index) => found[index] === false);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
