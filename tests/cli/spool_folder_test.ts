import assert from "node:assert/strict";
import { folderProblem, spoolFolder } from "../../src/cli/spool_folder.ts";

Deno.test("The spool lies where it was said, else where it fits", () => {
  const cases: readonly [string | undefined, Record<string, string>, string][] = [
    ["/data/", { KUBERNETES_SERVICE_HOST: "10.0.0.1" }, "/data"],
    ["/", {}, "/"],
    [undefined, { KUBERNETES_SERVICE_HOST: "10.0.0.1" }, "/var/lib/zen-watcher/spool"],
    [undefined, {}, ".zen-watcher/spool"],
  ];
  for (const [given, environment, expected] of cases) assert.equal(spoolFolder(given, environment), expected);
});

Deno.test("A folder outside of what is granted is refused with the flag that would grant it", () => {
  assert.equal(folderProblem("/data", () => true), undefined);
  assert.equal(
    folderProblem("/data", (name) => name === "read"),
    "Cannot use SPOOL_DIR: this process must be granted --allow-write=/data, given /data",
  );
  assert.match(folderProblem("/data", () => false) ?? "", /--allow-read=\/data --allow-write=\/data/);
});
