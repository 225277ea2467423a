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
