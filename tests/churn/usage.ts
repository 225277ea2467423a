import type { Replica } from "../support/process.ts";

/** What a process holds. */
export interface Usage {
  /** Resident memory, in MB. */
  readonly resident: number;
  /** The heap of the engine, in MB. */
  readonly heap: number;
  /** Open files and connections; undefined where the system does not say it. */
  readonly files: number | undefined;
  /** Series that it exports. */
  readonly series: number;
}

/** Gauges that an Ingester, or a source of its own, has as long as it is there, and what names it. */
const OF_INGESTERS: ReadonlyMap<string, string> = new Map([
  ["zen_watcher_ingester_ready", "name"],
  ["zen_watcher_budget_used_ratio", "ingester"],
  ["zen_watcher_checkpoint_age_seconds", "source"],
  ["zenwatcher_source_watch_last_event_timestamp_seconds", "source"],
]);

/** Gauges of Ingesters that are gone, each with what it names. */
export async function leftGauges(
  replica: Replica,
  isThere: (name: string) => boolean,
): Promise<readonly string[]> {
  const { samples } = await replica.metrics();
  return samples.flatMap(({ name, labels }) => {
    const named = labels[OF_INGESTERS.get(name) ?? ""]?.split("/").at(-1);
    return named === undefined || isThere(named) ? [] : [`${name} of ${named}`];
  });
}

/** What a replica holds now. */
export async function usageOf(replica: Replica): Promise<Usage> {
  const metrics = await replica.metrics();
  return {
    resident: metrics.sum("process_resident_memory_bytes") / 1e6,
    heap: metrics.sum("process_heap_bytes") / 1e6,
    files: await filesOf(replica.pid),
    series: metrics.samples.length,
  };
}

async function filesOf(pid: number): Promise<number | undefined> {
  // Deno itself reads below /proc only with every permission there is.
  const command = new Deno.Command("ls", { args: [`/proc/${pid}/fd`], stderr: "null" });
  const { success, stdout } = await command.output();
  return success ? new TextDecoder().decode(stdout).trim().split("\n").length : undefined;
}
