import assert from "node:assert/strict";
import { parseOptions } from "./options.ts";

Deno.test("Without flags it is 200 Ingesters for two minutes, with any seed", () => {
  const parsed = parseOptions([], 7);
  assert.ok(parsed.kind === "options");
  const { seconds, ingesters, seed } = parsed.options;
  assert.deepEqual([seconds, ingesters, seed], [120, 200, 7]);
});

for (const args of [["--seconds", "x"], ["--ingesters", "1"], ["--seed", "-1"], ["--sed", "1"], ["more"]]) {
  Deno.test(`${args.join(" ")} is a mistake`, () => assert.equal(parseOptions(args, 0).kind, "mistake"));
}
