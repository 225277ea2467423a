import { systemClock } from "../../src/run/clock.ts";
import { Guardian } from "../support/guardian.ts";
import { linesOf } from "../support/lines.ts";

/** What is built from a Go module, and how. */
export interface Recipe {
  /** Name of the folder for the result: the same key, the same result. */
  readonly key: string;
  /** Of Kubernetes, for messages. */
  readonly version: string;
  /** The least Go that can build it: major and minor number. */
  readonly go: readonly [number, number];
  /** Folder of go.mod. */
  readonly module: string;
  /** Arguments of go, without output and package. */
  readonly args: readonly string[];
  readonly programs: readonly { readonly name: string; readonly package: string }[];
  /** What can be done without Go; for messages. */
  readonly instead: string;
  /** How long a build takes on 2 cores; for messages. */
  readonly minutes: number;
}

/** Where the result goes, and who is told. */
export interface BuildPlace {
  /** Appears when everything in it is done. */
  readonly folder: string;
  /** Whether everything is there, perhaps built by another process. */
  isComplete(): Promise<boolean>;
  /** Takes a line of progress. */
  report(line: string): void;
  /** Where go is looked for; undefined is nowhere. */
  readonly path: string | undefined;
}

const REPORT_MILLISECONDS = 10_000;
const LOCK_POLL_MILLISECONDS = 250;
const KEPT_LINES = 20;

/**
 * Builds the programs of a recipe into a folder, in one process at a time.
 *
 * @throws when Go is missing or too old, or a build fails
 */
export async function build(recipe: Recipe, place: BuildPlace): Promise<void> {
  const parent = place.folder.replace(/\/[^/]*$/, "");
  await Deno.mkdir(parent, { recursive: true });
  using _lock = await lock(`${place.folder}.lock`, place);
  if (await place.isComplete()) return;
  await requireGo(recipe, place);
  await removeLeftovers(parent, partialPrefix(recipe));
  const partial = await Deno.makeTempDir({ dir: parent, prefix: partialPrefix(recipe) });
  await using guardian = Guardian.start(partial);
  place.report(
    `Building ${
      names(recipe)
    } ${recipe.version} into ${place.folder}; this happens once and takes about ${recipe.minutes} minutes on 2 cores`,
  );
  for (const [index, program] of recipe.programs.entries()) {
    const label = `${program.name} (${index + 1} of ${recipe.programs.length})`;
    await buildOne(recipe, place, program.package, `${partial}/${program.name}`, label, guardian);
  }
  // Left by somebody who removed only one of them.
  await removeTree(place.folder);
  await Deno.rename(partial, place.folder);
}

async function buildOne(
  recipe: Recipe,
  place: BuildPlace,
  goPackage: string,
  output: string,
  label: string,
  guardian: Guardian,
): Promise<void> {
  const start = systemClock.monotonic();
  const said: string[] = [];
  const count = { compiled: 0, downloaded: 0 };
  const progress = (): string =>
    `${seconds(start)} s, ${count.compiled} packages compiled` +
    (count.downloaded === 0 ? "" : `, ${count.downloaded} modules downloaded`);
  const child = await guardian.spawn("go", {
    args: [...recipe.args, "-v", "-o", output, goPackage],
    cwd: recipe.module,
    env: goEnvironment(place.path),
    stdout: "null",
    stderr: "piped",
  });
  place.report(`Building ${label}`);
  const timer = setInterval(() => place.report(`Building ${label}: ${progress()}`), REPORT_MILLISECONDS);
  try {
    for await (const line of linesOf(child.stderr)) {
      said.push(line);
      if (line.startsWith("go: downloading ")) count.downloaded++;
      else if (/^\S+$/.test(line)) count.compiled++;
    }
    const { code } = await child.status;
    if (code !== 0) {
      throw new Error(`Cannot build ${goPackage}: exit code ${code}\n${said.slice(-KEPT_LINES).join("\n")}`);
    }
  } finally {
    clearInterval(timer);
  }
  place.report(`Built ${label}: ${progress()}`);
}

/** Free again when its process has ended, in whatever way. */
async function lock(path: string, place: BuildPlace): Promise<Disposable> {
  const file = await Deno.open(path, { create: true, write: true });
  const start = systemClock.monotonic();
  let reported = start - REPORT_MILLISECONDS;
  while (!await file.tryLock(true)) {
    const now = systemClock.monotonic();
    if (now - reported >= REPORT_MILLISECONDS) {
      reported = now;
      place.report(`Waiting for another process that builds the same: ${seconds(start)} s`);
    }
    await systemClock.sleep(LOCK_POLL_MILLISECONDS, new AbortController().signal);
  }
  return file;
}

async function requireGo(recipe: Recipe, place: BuildPlace): Promise<void> {
  const [major, minor] = recipe.go;
  const refuse = (given: string, cause?: unknown): Error =>
    new Error(
      `Cannot build ${names(recipe)}: Go ${major}.${minor} or newer must be installed (https://go.dev/dl), ` +
        `or ${recipe.instead}; ${given}`,
      { cause },
    );
  if ((place.path ?? "") === "") throw refuse("PATH is empty");
  let output: Deno.CommandOutput;
  try {
    const command = new Deno.Command("go", {
      args: ["version"],
      cwd: recipe.module,
      env: goEnvironment(place.path),
    });
    output = await command.output();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) throw refuse("there is no go on the PATH", cause);
    throw cause;
  }
  const text = new TextDecoder().decode(output.success ? output.stdout : output.stderr).trim();
  const [, hasMajor = "0", hasMinor = "0"] = /\bgo(\d+)\.(\d+)/.exec(text) ?? [];
  const isEnough = Number(hasMajor) > major || (Number(hasMajor) === major && Number(hasMinor) >= minor);
  if (!output.success || !isEnough) throw refuse(`it says: ${text}`);
}

function goEnvironment(path: string | undefined): Record<string, string> {
  // For this machine, with nothing but this module, whatever the environment says.
  return { CGO_ENABLED: "0", GOWORK: "off", GOOS: "", GOARCH: "", PATH: path ?? "" };
}

function partialPrefix({ key }: Recipe): string {
  return `${key}.partial-`;
}

/** Whoever holds the lock is the only one who builds: what lies there unfinished is of one who was killed. */
async function removeLeftovers(folder: string, prefix: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(prefix)) await removeTree(`${folder}/${name}`);
  }
}

async function removeTree(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function names({ programs }: Recipe): string {
  return programs.map(({ name }) => name).join(" and ");
}

function seconds(start: number): number {
  return Math.round((systemClock.monotonic() - start) / 1000);
}
