import type { Api } from "../../src/kube/api.ts";
import type { Log } from "../../src/observe/log.ts";
import type { Metrics } from "../../src/observe/metrics.ts";
import type { Clock } from "../../src/run/clock.ts";
import { Checkpoints } from "../../src/source/checkpoints.ts";

/** The checkpoints of a term that does not end. */
export function checkpointsOf(
  api: Api,
  parts: { readonly clock: Clock; readonly metrics: Metrics; readonly log: Log },
): Checkpoints {
  return new Checkpoints({
    ...parts,
    api,
    term: { isValid: () => true, renewedAt: 0 },
    namespace: "zen",
    name: "lease-checkpoints",
    identity: "me",
  });
}
