import { Fleet } from "./fleet.ts";
import { type Ground, type GroundOptions, layOut } from "./ground.ts";
import { keepLogs } from "./logs.ts";
import { untilHealthy } from "./settle.ts";

/**
 * Does something with replicas that are ready and led, on ground of their own; both end with it.
 *
 * @param options with `keep`, all that was logged is written into the folder at the end
 */
export async function withFleet<T>(
  options: GroundOptions & {
    readonly keep: boolean;
    /** Further environment of every replica; default is the short lease. */
    readonly settings?: Readonly<Record<string, string>> | undefined;
  },
  act: (ground: Ground, fleet: Fleet) => Promise<T>,
): Promise<T> {
  await using ground = await layOut(options);
  await using fleet = new Fleet(ground, options.settings);
  const problems = await untilHealthy(ground, fleet);
  if (problems.length > 0) throw new Error(`Cannot begin: all must be well at first: ${problems.join("; ")}`);
  try {
    return await act(ground, fleet);
  } finally {
    if (options.keep) await keepLogs(ground, fleet, `${options.folder}/logs`, {});
  }
}
