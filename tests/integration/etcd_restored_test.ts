import assert from "node:assert/strict";
import { restored } from "../chaos/scenarios/restored.ts";

Deno.test("after etcd was put back to an older state new signals arrive, and what was there before is there", async () => {
  const folder = await Deno.makeTempDir({ prefix: "zen-watcher-chaos-" });
  try {
    const { isGood, lines } = await restored({
      seed: 1,
      rounds: undefined,
      folder,
      keep: false,
      silenceSeconds: 0,
      preStopSeconds: undefined,
      say: (line) => console.log(line),
    }, new AbortController().signal);
    console.log(lines.join("\n"));
    assert.ok(isGood, lines.join("\n"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
