import { type Mutation, MUTATIONS } from "./mutations.ts";

/** Enough schedules for each known mistake to show itself; the first that shows it ends the run. */
const SCHEDULES = 3000;
const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);
/** What a copy needs to run the simulation. */
const COPIED = ["src", "tests/simulate", "tests/support", "deno.json", "deno.lock"];

/** What became of one mutation. */
export type Found =
  | { readonly kind: "caught"; readonly seed: string }
  | { readonly kind: "survived" }
  | { readonly kind: "other"; readonly invariant: string; readonly seed: string }
  | { readonly kind: "failed"; readonly message: string };

/** Plants each mutation, one at a time; true when every one is caught by the invariant that it breaks. */
export async function runMutations(
  options: { readonly only: string | undefined; readonly workers: number },
  say: (line: string) => void,
): Promise<boolean> {
  const chosen = MUTATIONS.filter(({ name }) => options.only === undefined || name === options.only);
  if (chosen.length === 0) {
    say(`Cannot plant ${options.only}: it must be one of ${MUTATIONS.map(({ name }) => name).join(", ")}`);
    return false;
  }
  let caught = 0;
  for (const mutation of chosen) {
    const startedAt = performance.now();
    const found = await runMutation(mutation, options.workers);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    if (found.kind === "caught") caught++;
    say(
      `${found.kind === "caught" ? "caught  " : "MISSED  "} ${mutation.name} (${seconds} s): ${
        textOf(found)
      }`,
    );
  }
  say(`${caught} of ${chosen.length} mutations caught`);
  return caught === chosen.length;
}

/** Runs the simulation on a copy of the sources with one mistake in it. */
export async function runMutation(mutation: Mutation, workers: number): Promise<Found> {
  const folder = await Deno.makeTempDir({ prefix: "zen-watcher-mutation-" });
  try {
    for (const path of COPIED) await copy(`${ROOT}${path}`, `${folder}/${path}`);
    const file = `${folder}/${mutation.file}`;
    const text = await Deno.readTextFile(file);
    const edited = plant(text, mutation);
    if (edited.kind === "stale") return { kind: "failed", message: edited.message };
    await Deno.writeTextFile(file, edited.text);
    return await simulate(folder, mutation, workers);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A source text with one mistake in it. */
export function plant(
  text: string,
  { name, file, find, replace }: Mutation,
): { readonly kind: "planted"; readonly text: string } | {
  readonly kind: "stale";
  readonly message: string;
} {
  const parts = text.split(find);
  if (parts.length === 2) return { kind: "planted", text: `${parts[0]}${replace}${parts[1]}` };
  return {
    kind: "stale",
    message: `the list of mutations is stale: what ${name} looks for must stand in ${file} exactly once, ` +
      `found ${parts.length - 1} times`,
  };
}

async function simulate(folder: string, mutation: Mutation, workers: number): Promise<Found> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--no-prompt",
      "-P=integration",
      "tests/simulate/main.ts",
      "--schedules",
      String(SCHEDULES),
      "--workers",
      String(workers),
    ],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const output = new TextDecoder().decode(stdout);
  if (code === 0) return { kind: "survived" };
  const invariant = /^Violated: (.*)$/m.exec(output)?.[1];
  if (code !== 1 || invariant === undefined) {
    return { kind: "failed", message: new TextDecoder().decode(stderr).slice(0, 2000) };
  }
  const seed = /^Seed: (\d+)/m.exec(output)?.[1] ?? "?";
  return mutation.breaks.some((one) => one === invariant)
    ? { kind: "caught", seed }
    : { kind: "other", invariant, seed };
}

function textOf(found: Found): string {
  switch (found.kind) {
    case "caught":
      return `seed ${found.seed}`;
    case "survived":
      return `not seen in ${SCHEDULES} schedules`;
    case "other":
      return `seed ${found.seed} broke another promise: ${found.invariant}`;
    case "failed":
      return found.message;
    default:
      return found satisfies never;
  }
}

async function copy(from: string, to: string): Promise<void> {
  const { isDirectory } = await Deno.stat(from);
  if (!isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}
