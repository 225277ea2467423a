/**
 * Runs integration tests with the executable in the place of `deno run main.ts`: one file, in an empty folder, with the
 * permissions of set default, since the tests reach their API server under an address of their own.
 *
 * Usage: suite.ts [FILE...]
 */
import { compileExecutable } from "./executable.ts";

/**
 * The main job through its doors, the spool, leadership and checkpoints. webhook_doors_test.ts is to be named, since one of
 * its steps wants client certificates, of which the runtime of the stand-in (Deno 2.4) knows nothing: it answers 401.
 */
const MAIN = [
  "events",
  "samples",
  "presets",
  "following",
  "spool",
  "leadership",
  "checkpoints",
  "pod_logs",
]
  .map((name) => `tests/integration/${name}_test.ts`);

const folder = await Deno.makeTempDir({ prefix: "zen-watcher-suite-" });
try {
  const executable = await compileExecutable(folder, "default", (line) => console.error(line));
  const files = Deno.args.length === 0 ? MAIN : Deno.args;
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-check", "--no-prompt", "-P=integration", ...files],
    env: { ZEN_WATCHER_REPLICA: executable },
  }).spawn().status;
  Deno.exitCode = code;
} finally {
  await Deno.remove(folder, { recursive: true });
}
