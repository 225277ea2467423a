const ROOT = new URL("../../", import.meta.url);
const NEVER: ReadonlySet<string> = new Set([".git", "node_modules", "coverage"]);

/** Every file below a folder, by its path from the root of the checkout, in order. */
export function filesBelow(folder: string): readonly string[] {
  const prefix = folder === "" ? "" : `${folder}/`;
  const found: string[] = [];
  for (const entry of Deno.readDirSync(new URL(prefix, ROOT))) {
    if (NEVER.has(entry.name)) continue;
    if (entry.isDirectory) found.push(...filesBelow(`${prefix}${entry.name}`));
    else if (entry.isFile) found.push(`${prefix}${entry.name}`);
  }
  return found.sort();
}

/** The files that are, or would be, committed: git's answer where git is there, else every file. */
export function committedFiles(): readonly string[] {
  try {
    const git = new Deno.Command("git", {
      args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
      cwd: ROOT,
      stderr: "null",
    }).outputSync();
    if (git.success) {
      return new TextDecoder().decode(git.stdout).split("\0").filter((path) => path !== "" && exists(path));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return filesBelow("");
}

/** The text of a file, undefined when it is no text. */
export function textOf(path: string): string | undefined {
  const bytes = Deno.readFileSync(new URL(path, ROOT));
  return bytes.includes(0) ? undefined : new TextDecoder().decode(bytes);
}

/** True for a file of the checkout; one that was deleted may still be known to git. */
function exists(path: string): boolean {
  try {
    return Deno.statSync(new URL(path, ROOT)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
