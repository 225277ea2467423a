import type { Api } from "../kube/api.ts";
import { isApiError } from "../kube/errors.ts";
import { readCheckpoint } from "../source/checkpoint.ts";
import { CheckpointMaps } from "../source/checkpoint_maps.ts";
import type { Clock } from "../run/clock.ts";
import { type Checked, ok, problem, warning } from "./check.ts";

/** Whether the positions of all watches can be read, and how old the newest is. */
export async function checkCheckpoints(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { api, clock }: { readonly api: Api; readonly clock: Clock },
  signal: AbortSignal,
): Promise<Checked> {
  const called = `ConfigMap ${namespace}/${name}`;
  const maps = new CheckpointMaps({ namespace, name, holder: "", mayWrite: () => false }, api);
  let values: readonly unknown[];
  try {
    values = [...(await maps.read(signal)).values.values()];
  } catch (error) {
    if (!isApiError(error)) throw error;
    return problem("checkpoints", `Cannot read ${called}: ${error.message}`);
  }
  if (values.length === 0) {
    return ok("checkpoints", `${called} holds no position yet: every watch begins with a list`);
  }
  const checkpoints = values.map(readCheckpoint).filter((one) => one !== undefined);
  const unreadable = values.length - checkpoints.length;
  if (unreadable > 0) {
    return warning(
      "checkpoints",
      `${unreadable} of ${values.length} positions in ${called} cannot be read`,
      "nothing must be done: those watches list again, and write theirs anew",
    );
  }
  const newest = Math.max(...checkpoints.map(({ time }) => Date.parse(time)));
  const age = Math.max(0, Math.round((clock.now() - newest) / 1000));
  return ok("checkpoints", `${called} holds ${checkpoints.length} positions, the newest ${age} s old`);
}
