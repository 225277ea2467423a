/**
 * Measures the program on a control plane of its own, as ratios in one run.
 *
 * Usage: main.ts [--rounds N] [--events N]
 */
import { parseArgs } from "node:util";
import { startControlPlane } from "../control_plane/control_plane.ts";
import { handOvers } from "./hand_over.ts";
import { ingestRound } from "./ingest.ts";
import { median, quantile } from "./statistics.ts";

const pathOf = (relative: string): string => decodeURIComponent(new URL(relative, import.meta.url).pathname);
const { values } = parseArgs({
  args: Deno.args,
  options: { rounds: { type: "string", default: "5" }, events: { type: "string", default: "2000" } },
});
const rounds = Number(values.rounds);
const events = Number(values.events);
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(events) || events < 1) {
  console.error("Cannot measure: --rounds and --events must be whole numbers of 1 or more");
  Deno.exit(2);
}

await using plane = await startControlPlane();
await plane.installCrds(pathOf("../../chart/crds"));
await plane.applyYaml(
  JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: "zen-system" } }),
);

console.log(`${events} Events before the start and ${events} while it runs, ${rounds} rounds, MB resident\n`);
console.log("flags               round  raw/s  ingest/s  ratio  idle  loaded  settled");
for (const v8Flags of ["", "--memory-saver-mode"]) {
  const ratios: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const { raw, ingest, idle, loaded, settled } = await ingestRound(plane, round, events, v8Flags);
    ratios.push(ingest / raw);
    const columns = [
      v8Flags.padEnd(19),
      String(round).padStart(5),
      raw.toFixed(0).padStart(6),
      ingest.toFixed(0).padStart(9),
      (ingest / raw).toFixed(2).padStart(6),
      idle.toFixed(0).padStart(5),
      loaded.toFixed(0).padStart(7),
      settled.toFixed(0).padStart(8),
    ];
    console.log(columns.join(" "));
  }
  console.log(
    `${v8Flags.padEnd(19)} median ratio of ingest to the bare loop: ${median(ratios).toFixed(2)}\n`,
  );
}
for (const [signal, title] of [["SIGTERM", "graceful"], ["SIGKILL", "crash, 3 s lease"]] as const) {
  const durations = await handOvers(plane, signal, Math.max(5, rounds));
  console.log(
    `hand-over, ${title}: median ${median(durations).toFixed(0)} ms, 99th percentile ` +
      `${quantile(durations, 0.99).toFixed(0)} ms of ${durations.length}`,
  );
}
