import assert from "node:assert/strict";
import { Guardian } from "./guardian.ts";
import { linesOf } from "./lines.ts";
import { until } from "./until.ts";

const GUARD_MILLISECONDS = 10_000;
const ENDS: readonly Deno.Signal[] = ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"];

for (const signal of ENDS) {
  Deno.test(`what a process started ends when that gets ${signal}, and its folder goes`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "zen-watcher-guardian-" });
    // The guarded one holds the same standard output, which therefore ends when both are gone.
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        "--no-config",
        `import { Guardian } from ${JSON.stringify(import.meta.resolve("./guardian.ts"))};
         const guardian = Guardian.start(${JSON.stringify(folder)});
         await guardian.spawn("sh", { args: ["-c", "echo started; exec sleep 60"], stdout: "inherit" });
         await new Promise((resolve) => setTimeout(resolve, 600_000));`,
      ],
      stdout: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
    const lines = linesOf(child.stdout);
    assert.equal((await lines.next()).value, "started");
    child.kill(signal);
    let isOver = false;
    const end = lines.next().then(({ done }) => isOver = done === true);
    await until("both processes are gone", () => isOver, GUARD_MILLISECONDS);
    await end;
    assert.equal((await child.status).signal, signal);
    await until(`${folder} is gone`, async () => !await exists(folder), GUARD_MILLISECONDS);
  });
}

Deno.test("disposed in time, it removes the folder and nothing else", async () => {
  const folder = await Deno.makeTempDir({ prefix: "zen-watcher-guardian-" });
  {
    await using guardian = Guardian.start(folder);
    await Deno.writeTextFile(`${folder}/file`, "");
    const child = await guardian.spawn("sh", { args: ["-c", "exit 3"] });
    assert.equal((await child.status).code, 3);
  }
  assert.equal(await exists(folder), false);
});

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
