import type { Machine } from "../../src/cli/machine.ts";
import { systemDisk } from "../../src/run/disk.ts";

/** A machine on which all is well and nobody listens, but for what a test says. */
export function machineOf(change: Partial<Machine> = {}): Machine {
  return {
    disk: systemDisk,
    isGranted: () => true,
    unreadable: () => undefined,
    bytesBelow: () => Promise.resolve(0),
    freeBytes: () => 1024 ** 4,
    tryPort: () => ({ kind: "free" }),
    ask: () => Promise.resolve(undefined),
    ...change,
  };
}
