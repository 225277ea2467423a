import { compileFilter } from "../../src/filter/filter.ts";
import type { Lane } from "../../src/pipeline/lane.ts";

/** The lane of an Ingester in namespace zen that leaves nothing out. */
export function laneOf(name: string, more: Partial<Lane> = {}): Lane {
  return {
    source: "own",
    ingester: { namespace: "zen", name },
    namespaces: [],
    filter: compileFilter({}, []),
    stages: [],
    windowSeconds: 60,
    isDryRun: false,
    ttlSeconds: () => 3600,
    ...more,
  };
}
