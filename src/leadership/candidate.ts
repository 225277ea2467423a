import type { Timings } from "./timings.ts";

/** Who takes part in which election, and by what times. */
export interface Candidate {
  /** Name of the Lease, which stands for the shard. */
  readonly lease: string;
  /** holderIdentity while it leads; no two processes have the same. */
  readonly identity: string;
  /** RELEASE_NAME; undefined when this process belongs to none. */
  readonly release: string | undefined;
  readonly timings: Timings;
}
