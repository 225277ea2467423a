import type { Observation } from "../model/observation.ts";

/** One report that is followed, while it is taken: what stands of it is kept true to what it says. */
export interface FollowedReport {
  /** Before its findings are written: reads what stands. */
  begin(signal: AbortSignal): Promise<void>;
  /** True: the Observation is known to stand, and says now what is wanted; false: it is to be created. */
  confirm(wanted: Observation, signal: AbortSignal): Promise<boolean>;
  /** The Observation exists, though it was not known to stand of this report. */
  meet(wanted: Observation, signal: AbortSignal): Promise<void>;
  /** Every finding has its verdict: what stands beside them is over. */
  end(signal: AbortSignal): Promise<void>;
}
