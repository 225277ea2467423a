import { compileStandIn } from "./stand_in.ts";

/** `container` are the permissions of the image, `default` those of a person with a kubeconfig. */
export type PermissionSet = "container" | "default";

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);
const V8_FLAGS = "--v8-flags=--memory-saver-mode";

/**
 * Compiles the program to one executable, by this Deno, or, where the runtime for it cannot be fetched, by the Deno of
 * {@link compileStandIn}.
 *
 * @param folder where it goes
 * @param report takes a line that says which it is
 * @returns its path
 */
export async function compileExecutable(
  folder: string,
  permissionSet: PermissionSet,
  report: (line: string) => void,
): Promise<string> {
  const output = `${folder}/zen-watcher`;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "compile",
      V8_FLAGS,
      "--no-check",
      "--exclude-unused-npm",
      `-P=${permissionSet}`,
      "--output",
      output,
      "main.ts",
    ],
    cwd: ROOT,
    stderr: "piped",
    stdout: "null",
  }).output();
  if (success) {
    report(`Compiled by Deno ${Deno.version.deno}: ${await mebibytes(output)} MiB`);
    return output;
  }
  const text = new TextDecoder().decode(stderr);
  // Only a runtime that cannot be fetched is made up for; anything else is wrong with the program.
  if (!/Setting up base binary|error sending request/.test(text)) {
    throw new Error(`Cannot compile: ${text.trim()}`);
  }
  const version = await compileStandIn({
    root: ROOT,
    folder: `${folder}/stand-in`,
    output,
    permissionSet,
    flags: [V8_FLAGS],
  });
  report(
    `Compiled by Deno ${version}, since this one's runtime cannot be fetched: ${await mebibytes(output)} MiB`,
  );
  return output;
}

async function mebibytes(path: string): Promise<number> {
  return Math.round((await Deno.stat(path)).size / 1024 / 1024);
}
